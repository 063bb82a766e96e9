# shellcheck shell=bash
# Testing: each kind of test builds what it needs and runs it. Sourced by ./dev after build.sh.
# shellcheck disable=SC2034,SC2154  # shared with common.sh and ./dev

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1:suppressions=$top/tests/sanitizers/tsan.txt}

run_tests() { # run_tests [KIND…] [-k EXPR] [pytest arguments…]
  local kinds=() pytest_args=() filter='' kind status failed=''
  while [ $# -gt 0 ]; do
    case "$1" in
      arch|unit|functional|ops|e2e|docs|asan|tsan|fuzz|security) kinds+=("$1");;
      --coverage) kinds+=(coverage);;
      -k) filter=${2:?-k wants an expression}; pytest_args+=(-k "$2"); shift;;
      *) pytest_args+=("$1");;
    esac
    shift
  done
  [ ${#kinds[@]} -gt 0 ] || kinds=(arch unit functional ops e2e docs)
  need build test
  for kind in "${kinds[@]}"; do
    set +e; (set -e; run_kind "$kind"); status=$?; set -e # the other kinds run also when one has failed
    [ $status = 0 ] || failed+=" $kind"
  done
  doing=''
  [ -z "$failed" ] || die "tests failed:$failed"
}

run_kind() {
  # Instrumented programs are slow; the thread sanitizer's memory map needs an address space that is not fully random.
  local prefix=()
  case "$1" in
    asan|coverage) export FOCUS_TEST_SLOWNESS=4;;
    tsan) export FOCUS_TEST_SLOWNESS=8; prefix=(setarch -R);;
  esac
  case "$1" in
    arch) say "include rules"; inside python3 tests/arch/check_includes.py; pytest arch "" "${pytest_args[@]}";;
    unit) unit_tests asan;;
    functional) functional_tests release;;
    asan|tsan) unit_tests "$1"; functional_tests "$1";;
    e2e) e2e_tests release;;
    ops) build release focus; say "monitoring (Prometheus, rules, dashboards)"; pytest ops "$top/build/release/focus" "${pytest_args[@]}";;
    docs) build release focus; say "the documentation's commands and tables"; pytest docs "$top/build/release/focus" "${pytest_args[@]}";;
    coverage) coverage;;
    fuzz) fuzz;;
    security) build release focus; need security; say "sqlmap"; inside python3 -P tests/security/sql_injection.py "${pytest_args[@]}";;
  esac
}

pytest() { # pytest FOLDER BINARY args…
  inside env FOCUS_BINARY="$2" "${prefix[@]}" python3 -m pytest -c tests/pytest.ini "tests/$1" "${@:3}"
}

unit_tests() { # unit_tests PRESET
  build "$1" focus_tests
  say "unit tests ($1)"
  inside env PYTHONPATH=tests python3 -m support.engines "${prefix[@]}" "build/$1/focus_tests" ${filter:+--gtest_filter="*$filter*"}
}

functional_tests() { # functional_tests PRESET
  build "$1" focus
  npm_packages "$top/tests/oidc"
  say "functional tests ($1)"
  pytest functional "$top/build/$1/focus" -n 2 "${pytest_args[@]}"
}

e2e_tests() { # e2e_tests PRESET
  build "$1" focus
  need e2e
  npm_packages "$top/tests/e2e"
  npm_packages "$top/tests/oidc"
  say "end-to-end tests ($1)"
  pytest e2e "$top/build/$1/focus" "${pytest_args[@]}" || [ $? = 5 ] # -k may select tests of the pages only
  inside env FOCUS_BINARY="$top/build/$1/focus" tests/e2e/node_modules/.bin/playwright test \
    --config tests/e2e/playwright.config.ts --pass-with-no-tests ${filter:+--grep "$filter"}
}

coverage() {
  find "$top/build/coverage" -name '*.gcda' -delete 2>/dev/null || true
  unit_tests coverage
  functional_tests coverage
  say "lines of src/ reached (at least 85 % wanted)"
  mkdir -p build/coverage/report
  inside gcovr --root . --object-directory build/coverage --gcov-executable gcov-14 --gcov-ignore-parse-errors=all -j 2 \
    --filter src/ --exclude '.*_test\.cpp' --html-details build/coverage/report/index.html --txt-summary --fail-under-line 85
}

fuzz() { # every target for FUZZ_SECONDS, from the seeds of the repository and the findings of earlier runs, one per core at a time
  local targets target pid pids at cores
  build fuzz
  targets=(build/fuzz/fuzz_*)
  cores=$(nproc)
  for ((at = 0; at < ${#targets[@]}; at += cores)); do
    pids=()
    for target in "${targets[@]:at:cores}"; do fuzz_one "$target" & pids+=($!); done
    for pid in "${pids[@]}"; do wait "$pid"; done
  done
}

fuzz_one() { # fuzz_one TARGET
  local name=${1##*/fuzz_}
  local found=build/fuzz/corpus/$name
  mkdir -p "$found" build/fuzz/findings
  say "fuzzing $name"
  inside "$1" -max_total_time="${FUZZ_SECONDS:-30}" -timeout=10 -rss_limit_mb=2048 -dict=tests/fuzz/words.dict -print_final_stats=1 \
    -verbosity=0 -print_funcs=0 -artifact_prefix="build/fuzz/findings/$name-" "$found" "tests/fuzz/corpus/$name"
}
