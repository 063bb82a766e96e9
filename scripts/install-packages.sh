#!/usr/bin/env bash
# install-packages.sh PACKAGE…: installs Debian packages, as root, without starting the services that they bring.
# Says on descriptor 3, when it is open, how much is fetched.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
fi
apt_get=(apt-get -o DPkg::Lock::Timeout=300 -qq)
"${apt_get[@]}" update
bytes=$("${apt_get[@]}" install --print-uris --no-install-recommends "$@" | awk '{sum += $3} END {print sum + 0}')
if { true >&3; } 2>/dev/null; then printf '    %d MB to fetch\n' $((bytes / 1000000)) >&3; fi
"${apt_get[@]}" install -y --no-install-recommends "$@"
