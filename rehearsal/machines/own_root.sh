#!/bin/sh
# Runs a command with a root file system of its own: this machine's, and what is written stays in FOLDER.
# It has to be in a mount and a process namespace of its own already. FOLDER may hold files already, below `changes`.
#   own_root.sh FOLDER COMMAND...
set -eu
folder=$1
shift
mkdir -p "$folder/changes" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/work" "$folder/root"
mount --rbind /dev "$folder/root/dev"
mount --rbind /sys "$folder/root/sys"
mount -t proc proc "$folder/root/proc"
mount -t tmpfs tmpfs "$folder/root/run"
exec chroot "$folder/root" "$@"
