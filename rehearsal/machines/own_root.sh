#!/bin/sh
# Runs a command with a root file system of its own: `etc`, `var` and `run` are the machine's, in FOLDER or memory, and all
# else is this computer's, read only: also `tmp`, where the project may stand. It has to be in a mount and a process namespace of its own already.
#   SLIPWAY_ROOT=/path/of/the/project own_root.sh FOLDER COMMAND...
set -eu
folder=$1
shift
root=$folder/root
mkdir -p "$root"
for entry in /*; do
  name=${entry#/}
  if [ -L "$entry" ]; then
    [ -e "$root/$name" ] || cp -P "$entry" "$root/$name"
    continue
  fi
  [ -d "$entry" ] || continue
  mkdir -p "$root/$name"
  case $name in
    etc) cp -a -n /etc/. "$root/etc/" 2> /dev/null || true ;; # what only root may read is not missed
    var) mkdir -p "$root/var/lib" "$root/var/log" "$root/var/tmp" ;;
    run) mount -t tmpfs tmpfs "$root/$name" ;;
    proc) mount -t proc proc "$root/proc" ;;
    lost+found) ;;
    *)
      mount --rbind "$entry" "$root/$name"
      mount --make-rprivate "$root/$name"
      [ "$name" = dev ] || mount -o remount,bind,ro "$root/$name" 2> /dev/null || true
      ;;
  esac
done
# the project itself may stand where a machine has files of its own
if [ ! -e "$root$SLIPWAY_ROOT/infra" ]; then
  mkdir -p "$root$SLIPWAY_ROOT"
  mount --rbind "$SLIPWAY_ROOT" "$root$SLIPWAY_ROOT"
  mount -o remount,bind,ro "$root$SLIPWAY_ROOT"
fi
mkdir -p "$root/run/tmp"
exec chroot "$root" "$@"
