# shellcheck shell=bash
# The build environment: this machine when it is Debian 13, else a Debian 13 root below the cache folder in which
# every command runs by chroot (in-root.sh). Owns the cache folder; installs the sections of deploy/packages.txt
# that a command needs. Sourced by ./dev after common.sh.
# shellcheck disable=SC2154  # top and command_line are set by ./dev

suite=trixie
cache=${FOCUS_CACHE:-${HOME:-/root}/.cache/focus}
root=$cache/$suite
packages=$top/deploy/packages.txt
# Another apt may hold the lock, as unattended-upgrades does on a new machine: wait for it.
apt_get=(apt-get -o DPkg::Lock::Timeout=300)

section() { awk -v s="[$1]" '/^\[/ {on = ($0 == s); next} on && !/^#/ && NF {print $1}' "$packages"; }

# shellcheck source=/dev/null
is_debian13() { [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_CODENAME:-}" = "$suite" ]); }

env_kind() { # "here" (this machine is Debian 13) or "root" (a Debian 13 root below the cache)
  if is_debian13; then echo here
  elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && unshare --mount true 2>/dev/null; then echo root
  else
    die "needs Debian 13, or root (with the right to mount) on a Debian-like machine; with Docker: docker run --rm -it" \
      "-p 127.0.0.1:8000:8000 -e HOST=0.0.0.0 -e ENVIRONMENT=development -v \"\$PWD:\$PWD\" -w \"\$PWD\" debian:13 ./dev ${command_line[*]}"
  fi
}

inside_exec() { # inside_exec CMD…: replaces this process by CMD in the environment, so that signals reach CMD
  if [ "$(env_kind)" = here ]; then exec "$@"; else exec_in_root "$@"; fi
}

inside() { # inside CMD…: runs CMD in the environment and returns its status
  if [ "$(env_kind)" = here ]; then "$@"; else (exec_in_root "$@"); fi
}

exec_in_root() { # The directory is the current one when the root has it too, else the checkout.
  local binds=("$top") common cwd=$PWD
  case "$cwd/" in "$top"/*|/tmp/*) ;; *) cwd=$top;; esac
  # In a git worktree the repository itself is elsewhere.
  common=$(git -C "$top" rev-parse --path-format=absolute --git-common-dir 2>/dev/null || true)
  case "$common" in ''|"$top"/*) ;; *) binds+=("$common");; esac
  exec unshare --mount --propagation private "$top/scripts/in-root.sh" "$root" "$cwd" "${binds[@]}" -- "$@"
}

need() { # need SECTION…: makes sure that these sections of the package list are installed
  local kind stamps s todo=()
  kind=$(env_kind)
  if [ "$kind" = here ]; then stamps=$cache/stamps; else stamps=$root/var/lib/focus-dev; fi
  for s in "$@"; do
    [ -n "$(section "$s")" ] || die "deploy/packages.txt has no section [$s]"
    is_installed "$s" || todo+=("$s")
  done
  [ ${#todo[@]} -gt 0 ] || return 0
  mkdir -p "$cache"
  with_lock "$cache/lock" "prepares the environment" prepare "${todo[@]}"
}

stamp_of() { section "$1" | sha256sum | cut -c1-16; }
is_installed() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$(stamp_of "$1")" ]; }

prepare() { # prepare SECTION…, with the lock held
  local s
  if [ "$kind" = root ]; then
    if [ ! -e "$root/.complete" ]; then
      say "making a Debian 13 root in $root (once, about half a minute; fetches about 30 MB)"
      make_root
    fi
    adopt_host_settings
  fi
  mkdir -p "$stamps"
  for s in "$@"; do
    is_installed "$s" && continue # by the process that held the lock before
    say "installing the packages of [$s]"
    install_section "$s"
    stamp_of "$s" >"$stamps/$s"
  done
}

install_section() {
  local list log=$cache/apt-$1.log status=0 installer=$top/scripts/install-packages.sh
  mapfile -t list < <(section "$1")
  # The installer prints how much it fetches on descriptor 3; the rest goes into the log.
  if [ "$kind" = root ]; then
    inside "$installer" "${list[@]}" 3>&2 >"$log" 2>&1 || status=$?
    adopt_host_settings # ca-certificates has written its own bundle meanwhile
  elif [ "$(dpkg-query -W -f '${db:Status-Status}\n' "${list[@]}" 2>/dev/null | grep -cx installed)" != ${#list[@]} ]; then
    # shellcheck disable=SC2024  # the log is the caller's own
    if [ "$(id -u)" = 0 ]; then "$installer" "${list[@]}" 3>&2 >"$log" 2>&1 || status=$?
    elif command -v sudo >/dev/null; then sudo "$installer" "${list[@]}" >"$log" 2>&1 || status=$?
    else die "needs root or sudo once, to install: ${list[*]}"
    fi
  fi
  [ $status = 0 ] || { tail -n 5 "$log" >&2; die "installing the packages of [$1] failed; the whole log is $log"; }
}

make_root() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg script=$suite from log=$cache/debootstrap.log
  { command -v debootstrap && [ -e "$keyring" ]; } >/dev/null \
    || { "${apt_get[@]}" update -qq && "${apt_get[@]}" install -y -qq --no-install-recommends debootstrap debian-archive-keyring; } >"$log" 2>&1 \
    || die "debootstrap and debian-archive-keyring could not be installed; the whole log is $log"
  rm -rf "$root"
  from=$(mirror)
  [ -n "$from" ] || die "found no Debian mirror in this machine's apt configuration, and debootstrap names none"
  [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=sid # a debootstrap older than the suite
  debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" "$suite" "$root" "$from" \
    "/usr/share/debootstrap/scripts/$script" >"$log" 2>&1 \
    || { tail -n 5 "$log" >&2; die "debootstrap failed; the whole log is $log"; }
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"     # a root that can be made again needs no fsync per file
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # packages start no services
  chmod +x "$root/usr/sbin/policy-rc.d"
  touch "$root/.complete"
}

mirror() { # the machine's own Debian mirror, from either format of its apt sources; without one (Ubuntu), debootstrap's default
  local m
  # shellcheck disable=SC2016  # apt-get's own placeholders
  m=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 2>/dev/null | awk '$2 == "Debian" && $3 == "Debian" {print $1; exit}')
  [ -n "$m" ] || m=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d ' ' || true)
  [ -n "$m" ] || m=$(sed -n 's/^DEF_MIRROR="\(.*\)"$/\1/p' "$(command -v debootstrap)")
  printf '%s\n' "${m%/}"
}

adopt_host_settings() { # proxies, certificates, name service: the root reaches the mirror by the machine's own
  mkdir -p "$root/etc/apt/apt.conf.d" "$root/etc/ssl/certs"
  { apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https|Retries|Languages|CompressionTypes|Check-Valid-Until)' || true
    printf 'APT::Install-Recommends "false";\nDPkg::Use-Pty "false";\nAcquire::Retries "3";\n'; } >"$root/etc/apt/apt.conf.d/99host"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
  cp -L /etc/hosts "$root/etc/hosts" 2>/dev/null || true
  if [ -s /etc/ssl/certs/ca-certificates.crt ]; then cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"; fi
}
