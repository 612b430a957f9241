#!/bin/sh
# Runs a command with a root file system of its own: `etc`, `var` and `run` are the machine's, in FOLDER or memory, and all
# else is this computer's, read only: also `tmp`, where the project may stand. It has to be in a mount and a process
# namespace of its own already.
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
    etc)
      # what programs look up; nothing that this computer keeps secret, nothing of a cluster that it may be a node of
      for file in passwd group hosts resolv.conf nsswitch.conf localtime os-release ld.so.cache ssl alternatives; do
        [ ! -e "/etc/$file" ] || [ -e "$root/etc/$file" ] || cp -rL "/etc/$file" "$root/etc/" 2> /dev/null || true
      done
      ;;
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
# what is mounted further below stays writable unless it is said of each; not all may be changed by every user
while read -r _ place _; do
  case $place in
    "$root/dev"* | "$root/run"* | "$root/proc"*) ;;
    "$root"/*) mount -o remount,bind,ro "$place" 2> /dev/null || true ;;
  esac
done < /proc/self/mounts
# the project itself may stand where a machine has files of its own
if [ ! -e "$root$SLIPWAY_ROOT/infra" ]; then
  mkdir -p "$root$SLIPWAY_ROOT"
  mount --rbind "$SLIPWAY_ROOT" "$root$SLIPWAY_ROOT"
  mount -o remount,bind,ro "$root$SLIPWAY_ROOT"
fi
mkdir -p "$root/run/tmp"
exec chroot "$root" "$@"
