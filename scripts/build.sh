# shellcheck shell=bash
# Building: npm packages of the web pages, the CMake presets, the tarball. Sourced by ./dev.
# shellcheck disable=SC2034,SC2154  # shared with common.sh and ./dev

npm_packages() { # npm_packages FOLDER: the packages of the folder's package-lock.json, into its node_modules
  local stamp=$1/node_modules/.focus-stamp hash count settings=(npm_config_cafile=/etc/ssl/certs/ca-certificates.crt)
  hash=$(cat "$1/package.json" "$1/package-lock.json" | sha256sum | cut -c1-16)
  [ "$(cat "$stamp" 2>/dev/null)" != "$hash" ] || return 0
  need web
  count=$(grep -c '^    "node_modules/' "$1/package-lock.json" || true) # grep fails where it counts none
  say "installing the npm packages of ${1#"$top"/} (fetches $count packages)"
  if command -v npm >/dev/null; then settings+=("npm_config_registry=$(npm config get registry 2>/dev/null)"); fi
  inside env "${settings[@]}" npm --prefix "$1" ci --no-audit --no-fund --loglevel=error >&2
  printf '%s\n' "$hash" >"$stamp"
}

build() { # build [preset [target…]]
  local preset=${1:-release} dir
  shift || true
  dir=$top/build/$preset
  case "$preset" in
    release|debug|asan|tsan|coverage) need build;;
    fuzz) need build fuzz;; # build/fuzz/fuzz_NAME, see cmake/fuzz.cmake
    *) die "no such preset: $preset (release, debug, asan, tsan, coverage, fuzz)";;
  esac
  need web
  npm_packages "$top/web/docs"
  npm_packages "$top/web"
  mkdir -p "$dir"
  with_lock "$dir/.lock" "builds $preset" configure_and_build "$preset" "$dir" "$@"
}

configure_and_build() { # configure_and_build PRESET FOLDER [TARGET…], with the folder's lock held
  local preset=$1 dir=$2
  shift 2
  if [ ! -f "$dir/build.ninja" ] || [ "$top/CMakePresets.json" -nt "$dir/build.ninja" ]; then
    say "configuring $preset"
    inside cmake --preset "$preset" >&2
    say "building $preset (the first time takes about ten minutes on two cores; fetches nothing)"
  fi
  doing="building $preset"
  inside cmake --build "$dir" ${CMAKE_BUILD_PARALLEL_LEVEL:+-j "$CMAKE_BUILD_PARALLEL_LEVEL"} ${1:+--target "$@"} >&2
}

package() { # the tarball of a release
  build release focus
  say "packing"
  inside cpack --config build/release/CPackConfig.cmake -B build/release
}
