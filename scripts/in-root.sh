#!/usr/bin/env bash
# in-root.sh ROOT DIRECTORY BIND… -- CMD…: runs CMD below ROOT by chroot, with the BIND folders at their own paths.
# Started by environment.sh in a mount namespace of its own: nothing stays mounted when CMD has ended.
set -euo pipefail
root=$1 directory=$2
shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --bind /tmp "$root/tmp"
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  shift
done
shift
exec chroot "$root" /usr/bin/env --chdir="$directory" HOME=/root \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
