# shellcheck shell=bash
# What all parts of ./dev use: messages and locks. Sourced by ./dev, which sets `top`.

if [ -t 2 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
doing=''

# say TEXT: announces a step. When the step fails, report_failure names it.
say() { doing=$*; printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }

die() { doing=''; printf './dev: %s\n' "$*" >&2; exit 1; }

report_failure() { # the trap of EXIT: the last line names the step that failed
  local status=$?
  [ $status = 0 ] || [ -z "$doing" ] || printf './dev: failed with status %d: %s\n' $status "$doing" >&2
}

# with_lock FILE WHAT FUNCTION ARGS…: runs FUNCTION in a subshell while no other process holds FILE. The function's
# children do not inherit the lock (descriptor 9), so that what they leave in the background does not hold it.
with_lock() {
  local file=$1 what=$2
  shift 2
  doing='' # the subshell reports its own failure
  (
    trap report_failure EXIT
    flock -n 9 || { say "waiting for another ./dev that $what"; flock 9; }
    "$@" 9>&-
  ) 9>"$file"
}
