# shellcheck shell=bash
# Measuring: builds the server and the load clients, then replaces this process by bench/NAME.py. Sourced by ./dev.

bench() { # bench NAME [args…]
  local name=${1:-} tools=()
  shift || true
  [ -f "bench/$name.py" ] || die "bench wants a name: $(cd bench && printf '%s ' *.py | sed 's/\.py//g')"
  need build test bench
  case "$name" in http|cache) tools=(beast_hello);; ws) tools=(ws_load);; esac
  build release focus "${tools[@]}"
  inside_exec python3 -P "bench/$name.py" "$@" # -P: bench/http.py must not hide the module http
}
