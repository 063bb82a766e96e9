#!/usr/bin/env python3
"""Writes the Grafana dashboards from the descriptions below; they are the source, dashboards/**/*.json is made of them.

    python3 deploy/grafana/dashboards.py [--check]

--check writes nothing and fails when a file is not what this program would write. A panel is a title, a unit and its queries;
places are given out from left to right in rows of 24 columns.
"""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "focus-prometheus"}
SOME = 'instance=~"$instance"'
PROCESS = f'{SOME},job="focus"'
# How long our own scrapes take says nothing about the service.
REQUESTS = f'{SOME},endpoint=~"$endpoint",endpoint!="/metrics"'


def green_red(red: float) -> list:
    return [("green", None), ("red", red)]


def green_yellow_red(yellow: float, red: float) -> list:
    return [("green", None), ("yellow", yellow), ("red", red)]


def red_yellow_green(yellow: float, green: float) -> list:
    return [("red", None), ("yellow", yellow), ("green", green)]


def thresholds(steps: list) -> dict:
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}


def target(number: int, expr: str, legend: str, **fields) -> dict:
    return {"refId": chr(ord("A") + number), "datasource": DATASOURCE, "expr": expr, "legendFormat": legend} | fields


def panel(kind: str, title: str, unit: str, queries, *, width: int, height: int, steps=None, description: str = "", options=None, custom=None,
          defaults=None, **fields) -> dict:  # fmt: skip
    """`queries` are pairs of PromQL and legend."""
    instant = kind in ("stat", "table", "gauge", "bargauge")
    extra = {"instant": True, "range": False} if instant else {}
    if kind in ("table", "heatmap"):
        extra["format"] = kind
    return {
        "type": kind, "title": title, "description": description, "datasource": DATASOURCE, "gridPos": {"w": width, "h": height},
        "targets": [target(number, expr, legend, **extra) for number, (expr, legend) in enumerate(queries)],
        "fieldConfig": {
            "defaults": {"unit": unit, "thresholds": thresholds(steps or [("green", None)])} | ({"custom": custom} if custom else {}) | (defaults or {}),
            "overrides": fields.pop("overrides", []),
        },
        "options": options or {},
    } | fields  # fmt: skip


def stat(title: str, unit: str, expr: str, *, steps=None, width: int = 4, legend: str = "", **fields) -> dict:
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value", "graphMode": "none", "textMode": "auto"}
    return panel("stat", title, unit, [(expr, legend)], width=width, height=4, steps=steps, options=options, **fields)


def graph(title: str, unit: str, *queries, width: int = 12, steps=None, stack: bool = False, **fields) -> dict:
    custom = {"lineWidth": 1, "fillOpacity": 20 if stack else 5, "showPoints": "never", "stacking": {"mode": "normal" if stack else "none"},
              "thresholdsStyle": {"mode": "line" if steps else "off"}}  # fmt: skip
    options = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max", "lastNotNull"]}, "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, unit, queries, width=width, height=8, steps=steps, custom=custom, options=options,
                 defaults={"min": 0}, **fields)  # fmt: skip


def bars(title: str, unit: str, expr: str, legend: str, **fields) -> dict:
    options = {"displayMode": "basic", "orientation": "horizontal", "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return panel("bargauge", title, unit, [(expr, legend)], width=8, height=9, options=options, **fields)


def gauge(title: str, unit: str, expr: str, *, steps, maximum: float, legend: str = "{{instance}}") -> dict:
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return panel("gauge", title, unit, [(expr, legend)], width=6, height=7, steps=steps, options=options, defaults={"min": 0, "max": maximum})


def heatmap(title: str, expr: str) -> dict:
    options = {"calculate": False, "yAxis": {"unit": "s"}, "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64}, "cellGap": 1, "legend": {"show": True}}
    return panel("heatmap", title, "s", [(expr, "{{le}}")], width=12, height=8, options=options)


def table(title: str, columns: list[tuple[str, str, str]], by: list[str], *, width: int = 24, sort: str = "", **fields) -> dict:
    """One row per combination of `by`; each column is (title, unit, PromQL)."""
    overrides = [
        {"matcher": {"id": "byName", "options": f"Value #{chr(ord('A') + number)}"},
         "properties": [{"id": "displayName", "value": name}, {"id": "unit", "value": unit}]}
        for number, (name, unit, _) in enumerate(columns)
    ]  # fmt: skip
    return panel(
        "table", title, "short", [(expr, "") for _, _, expr in columns], width=width, height=10, overrides=overrides,
        options={"sortBy": [{"displayName": sort or columns[0][0], "desc": True}]},
        transformations=[{"id": "merge", "options": {}}, {"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True, "job": True}, "indexByName": {name: at for at, name in enumerate(by)}}}],
        **fields,
    )  # fmt: skip



def alert_list() -> dict:
    return {"type": "alertlist", "title": "Alerts", "description": "What fires or is about to, of Prometheus' own rules.", "gridPos": {"w": 12, "h": 9},
            "options": {"viewMode": "list", "groupMode": "default", "sortOrder": 1, "maxItems": 30, "datasource": "Prometheus", "alertInstanceLabelFilter": "",
                        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": False, "error": True}}}  # fmt: skip


def variable(name: str, label: str, query: str) -> dict:
    return {
        "name": name, "label": label, "type": "query", "datasource": DATASOURCE, "definition": query, "query": {"query": query, "refId": name},
        "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}, "options": [],
    }  # fmt: skip


INSTANCE = variable("instance", "Instance", "label_values(focus_api_info, instance)")
ENDPOINT = variable("endpoint", "Endpoint", f"label_values(focus_api_http_requests_total{{{SOME}}}, endpoint)")
OPERATION = variable("operation", "Statement", f"label_values(focus_api_db_queries_total{{{SOME}}}, operation)")


def rate(metric: str, labels: str = SOME, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(q: float, metric: str, labels: str = SOME, by: str = "") -> str:
    return f"histogram_quantile({q}, {rate(metric + '_bucket', labels, ', '.join(filter(None, ['le', by])))})"


def or_zero(expr: str) -> str:
    return f"{expr} or vector(0)"


def quantiles(metric: str, labels: str = SOME) -> list[tuple[str, str]]:
    return [(quantile(q, metric, labels), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)]


def ratio(part: str, whole: str) -> str:
    return f"({part}) / ({whole})"


ERROR_RATIO = ratio(or_zero(rate("focus_api_http_requests_total", f'{SOME},status=~"5.."')), rate("focus_api_http_requests_total"))
HIT_RATIO = ratio(rate("focus_api_cache_hits_total"), f"{rate('focus_api_cache_hits_total')} + {rate('focus_api_cache_misses_total')}")
DURATION = "focus_api_http_request_duration_seconds"

OVERVIEW = [
    stat("Instances up", "short", 'sum(up{job="focus"})', steps=red_yellow_green(1, 1)),
    stat("Requests", "reqps", rate("focus_api_http_requests_total")),
    stat("Server errors", "percentunit", ERROR_RATIO, steps=green_yellow_red(0.005, 0.02), description="Part of all answers that were 5xx."),
    stat("99 % answered within", "s", quantile(0.99, DURATION, f'{SOME},endpoint!="/metrics"'), steps=green_yellow_red(0.5, 1)),
    stat("People online", "short", f"sum(focus_api_active_users{{{SOME}}})", description="With an open notification socket."),
    stat("Alerts firing", "short", or_zero('count(ALERTS{alertstate="firing",alertname=~"Focus.*"})'), steps=green_red(1)),
    graph("Requests by status", "reqps", (rate("focus_api_http_requests_total", by="status"), "{{status}}"), stack=True),
    graph("Answer times", "s", *quantiles(DURATION, f'{SOME},endpoint!="/metrics"'), steps=green_red(1)),
    graph("CPU", "percentunit", (f"rate(process_cpu_seconds_total{{{PROCESS}}}[$__rate_interval])", "{{instance}}"), width=8,
          description="1 is one core."),
    graph("Memory", "bytes", (f"process_resident_memory_bytes{{{PROCESS}}}", "{{instance}}"), width=8),
    graph("Waiting work", "short", (f"focus_api_queue_length{{{SOME}}}", "{{instance}} {{queue}}"), (f"focus_api_outbox_length{{{SOME}}}", "{{instance}} mails"), width=8),
    graph("Connections", "short", (f"focus_api_http_connections{{{SOME}}}", "{{instance}} HTTP"), (f"focus_api_websocket_connections{{{SOME}}}", "{{instance}} WebSocket"), width=8),
    graph("Threads and descriptors", "short", (f"process_threads{{{PROCESS}}}", "{{instance}} threads"), (f"process_open_fds{{{PROCESS}}}", "{{instance}} descriptors"), width=8),
    graph("bcrypt", "s", (quantile(0.99, "focus_api_password_duration_seconds"), "p99 of one password"), width=8, description="Without waiting; the queue is among the waiting work."),
    table("Instances", [
        ("Uptime", "s", f"focus_api_uptime_seconds{{{SOME}}} * on (instance) group_left (version, database, environment) focus_api_info{{{SOME}}}"),
        ("Database answers", "short", f"focus_api_database_up{{{SOME}}}"),
        ("Redis answers", "short", f"focus_api_redis_up{{{SOME}}}"),
    ], ["instance", "version", "database", "environment"], sort="instance"),
]  # fmt: skip

HTTP = [
    graph("Requests by endpoint", "reqps", (f"topk(10, {rate('focus_api_http_requests_total', REQUESTS, 'method, endpoint')})", "{{method}} {{endpoint}}"), stack=True),
    graph("Requests by status", "reqps", (rate("focus_api_http_requests_total", REQUESTS, "status"), "{{status}}"), stack=True),
    heatmap("Answer times", f"sum by (le) (increase({DURATION}_bucket{{{REQUESTS}}}[$__rate_interval]))"),
    graph("Answer times", "s", *quantiles(DURATION, REQUESTS), steps=green_red(1)),
    graph("Slowest endpoints (p99)", "s", (f"topk(10, {quantile(0.99, DURATION, REQUESTS, 'method, endpoint')})", "{{method}} {{endpoint}}")),
    graph("Being answered", "short", (f"topk(10, sum by (endpoint) (focus_api_http_requests_in_progress{{{REQUESTS}}}))", "{{endpoint}}")),
    graph("Errors by code", "reqps", (f"topk(10, {rate('focus_api_http_errors_total', REQUESTS, 'error_type')})", "{{error_type}}"), stack=True),
    graph("Open connections", "short", (f"focus_api_http_connections{{{SOME}}}", "{{instance}}")),
    table("Endpoints", [
        ("Requests", "reqps", rate("focus_api_http_requests_total", REQUESTS, "method, endpoint")),
        ("Mean", "s", ratio(rate(f"{DURATION}_sum", REQUESTS, "method, endpoint"), rate(f"{DURATION}_count", REQUESTS, "method, endpoint") + " > 0")),
        ("p99", "s", quantile(0.99, DURATION, REQUESTS, "method, endpoint")),
        ("Errors", "reqps", rate("focus_api_http_errors_total", REQUESTS, "method, endpoint")),
    ], ["method", "endpoint"]),
]  # fmt: skip

STATEMENTS = f'{SOME},operation=~"$operation"'
QUERY = "focus_api_db_query_duration_seconds"
DATABASE = [
    stat("Databases that answer", "short", f"sum(focus_api_database_up{{{SOME}}})", steps=red_yellow_green(1, 1), width=6),
    stat("Statements", "ops", rate("focus_api_db_queries_total"), width=6),
    stat("99 % done within", "s", quantile(0.99, QUERY), steps=green_yellow_red(0.1, 0.5), width=6),
    stat("Errors", "percentunit", ratio(rate("focus_api_db_errors_total"), rate("focus_api_db_queries_total")), steps=green_yellow_red(0.001, 0.01), width=6),
    graph("Connections at work", "short", (f"focus_api_db_connections_active{{{SOME}}}", "{{instance}} at work"), (f"focus_api_db_pool_size{{{SOME}}}", "{{instance}} at most")),
    graph("Waiting statements", "short", (f'focus_api_queue_length{{{SOME},queue="database"}}', "{{instance}}"), steps=green_red(50)),
    graph("Statements by name", "ops", (f"topk(10, {rate('focus_api_db_queries_total', STATEMENTS, 'operation')})", "{{operation}}"), stack=True),
    graph("Times", "s", *quantiles(QUERY, STATEMENTS), steps=green_red(0.5), description="From asking to the answer: waiting for a connection is part of it."),
    graph("Slowest statements (p99)", "s", (f"topk(10, {quantile(0.99, QUERY, STATEMENTS, 'operation')})", "{{operation}}")),
    graph("Where the time goes", "s", (f"topk(10, {rate(QUERY + '_sum', STATEMENTS, 'operation')})", "{{operation}}"), stack=True, description="Seconds of waiting per second."),
    graph("Errors by statement", "ops", (f"topk(10, {rate('focus_api_db_errors_total', STATEMENTS, 'operation')})", "{{operation}}")),
    graph("Disk of the database file", "bytes", (f"focus_api_disk_free_bytes{{{SOME}}}", "{{instance}} free"), (f"focus_api_database_size_bytes{{{SOME}}}", "{{instance}} database"), description="SQLite only."),
]  # fmt: skip

OPERATIONS = "focus_api_cache_operations_duration_seconds"
CACHE = [
    gauge("Hit ratio", "percentunit", HIT_RATIO, steps=red_yellow_green(0.5, 0.8), maximum=1, legend="hits"),
    stat("Lookups", "ops", f"{rate('focus_api_cache_hits_total')} + {rate('focus_api_cache_misses_total')}", width=6),
    stat("Hits since the start", "short", f"sum(focus_api_cache_hits_total{{{SOME}}})", width=6),
    stat("Misses since the start", "short", f"sum(focus_api_cache_misses_total{{{SOME}}})", width=6),
    graph("Hits and misses", "ops", (rate("focus_api_cache_hits_total"), "hits"), (rate("focus_api_cache_misses_total"), "misses"), stack=True),
    graph("Hit ratio by instance", "percentunit", (ratio(rate("focus_api_cache_hits_total", by="instance"), f"{rate('focus_api_cache_hits_total', by='instance')} + {rate('focus_api_cache_misses_total', by='instance')}"), "{{instance}}")),
    graph("Operations", "ops", (rate(f"{OPERATIONS}_count", by="operation"), "{{operation}}"), stack=True),
    graph("Times (p99)", "s", (quantile(0.99, OPERATIONS, by="operation"), "{{operation}}"), steps=green_red(0.1)),
    graph("Mean times", "s", (ratio(rate(f"{OPERATIONS}_sum", by="operation"), rate(f"{OPERATIONS}_count", by="operation") + " > 0"), "{{operation}}")),
    heatmap("Times", f"sum by (le) (increase({OPERATIONS}_bucket{{{SOME}}}[$__rate_interval]))"),
]  # fmt: skip


def happened(metric: str, by: str = "", window: str = "$__range") -> str:
    return f"sum{f' by ({by})' if by else ''} (increase({metric}{{{SOME}}}[{window}]))"


BUSINESS = [
    stat("Accounts", "short", f"max(sum by (instance) (focus_api_users_total{{{SOME}}}))", description="Instances of one database tell the same."),
    stat("New accounts", "short", happened("focus_api_users_registered_total"), description="Within the shown time."),
    stat("Sign-ins", "short", happened("focus_api_users_logged_in_total")),
    stat("Activities", "short", happened("focus_api_activities_created_total")),
    stat("Challenges made", "short", happened("focus_api_challenges_created_total")),
    stat("Mails delivered", "short", or_zero(f'sum(increase(focus_api_emails_sent_total{{{SOME},status="sent"}}[$__range]))')),
    graph("Accounts by status", "short", (f"max by (status) (focus_api_users_total{{{SOME}}})", "{{status}}"), stack=True),
    graph("Challenges by status", "short", (f"max by (status) (focus_api_challenges_total{{{SOME}}})", "{{status}}"), stack=True),
    graph("Registrations and sign-ins", "ops", (rate("focus_api_users_registered_total"), "registrations"), (rate("focus_api_users_logged_in_total"), "sign-ins")),
    graph("People online", "short", (f"sum(focus_api_active_users{{{SOME}}})", "people"), (f"sum(focus_api_websocket_connections{{{SOME}}})", "sockets")),
    graph("Activities by app", "ops", (f"topk(10, {rate('focus_api_activities_created_total', by='app_name')})", "{{app_name}}"), stack=True),
    graph("Mails", "ops", (rate("focus_api_emails_sent_total", by="type, status"), "{{type}} {{status}}"), stack=True),
    bars("Apps recorded most", "short", f"topk(15, {happened('focus_api_activities_created_total', 'app_name')})", "{{app_name}}"),
    bars("Limits reached", "short", f"topk(15, {happened('focus_api_limits_reached_total', 'app_name')})", "{{app_name}}"),
    bars("Apps blocked", "short", f"topk(15, {happened('focus_api_apps_blocked_total', 'app_name')})", "{{app_name}}"),
    graph("Overall daily limits reached", "ops", (rate("focus_api_daily_limits_reached_total"), "reached")),
    graph("Challenges made", "ops", (rate("focus_api_challenges_created_total"), "made")),
]  # fmt: skip

FAILURES = [
    stat("Server errors", "percentunit", ERROR_RATIO, steps=green_yellow_red(0.005, 0.02)),
    stat("Failed sign-ins", "ops", or_zero(rate("focus_api_http_errors_total", f'{SOME},endpoint="/api/auth/login",error_type=~"invalid_credentials|rate_limited"')), steps=green_red(1)),
    stat("Rate limited", "reqps", or_zero(rate("focus_api_http_requests_total", f'{SOME},status="429"')), steps=green_red(5)),
    stat("Oldest mail", "s", f"max(focus_api_outbox_age_seconds{{{SOME}}})", steps=green_yellow_red(300, 900)),
    stat("Most overdue job", "s", f"max(focus_api_job_overdue_seconds{{{SOME}}})", steps=green_yellow_red(300, 900)),
    stat("Certificate ends in", "d", f"min(focus_api_tls_certificate_expiry_timestamp_seconds{{{SOME}}} - time()) / 86400", steps=red_yellow_green(14, 30), defaults={"noValue": "TLS ends elsewhere"}, description="Only where the server speaks TLS itself."),
    alert_list(),
    graph("Alerts", "short", (or_zero('count by (alertname) (ALERTS{alertname=~"Focus.*"})'), "{{alertname}}"), description="Firing or about to."),
    graph("Server errors by endpoint", "reqps", (or_zero(rate("focus_api_http_requests_total", f'{SOME},status=~"5.."', "endpoint, status")), "{{endpoint}} {{status}}")),
    graph("Errors by code", "reqps", (f"topk(15, {rate('focus_api_http_errors_total', by='error_type')})", "{{error_type}}"), stack=True),
    graph("Failed sign-ins and rate limits", "reqps", ("sum(focus:logins_failed:rate5m)", "sign-ins (5 min)"), (or_zero(rate("focus_api_http_requests_total", f'{SOME},status="429"')), "rate limited")),
    graph("Database errors", "ops", (rate("focus_api_db_errors_total", by="instance"), "{{instance}}")),
    graph("Outbox", "short", (f"max(focus_api_outbox_length{{{SOME}}})", "mails"), description="Each instance tells of the same outbox."),
    graph("Age of the oldest mail", "s", (f"max(focus_api_outbox_age_seconds{{{SOME}}})", "age"), steps=green_red(900)),
    table("Jobs", [
        ("Overdue", "s", f"max by (name) (focus_api_job_overdue_seconds{{{SOME}}})"),
        ("Last duration", "s", f"max by (name) (focus_api_job_last_duration_seconds{{{SOME}}})"),
        ("Since the last run", "s", f"time() - max by (name) (focus_api_job_last_run_timestamp_seconds{{{SOME}}} > 0)"),
        ("Failed (24 h)", "short", f'sum by (name) (increase(focus_api_job_runs_total{{{SOME},result="failed"}}[24h]))'),
    ], ["name"]),
    graph("Disk used", "percentunit", (f"1 - focus_api_disk_free_bytes{{{SOME}}} / focus_api_disk_size_bytes{{{SOME}}}", "{{instance}}"), steps=green_red(0.9)),
    graph("Descriptors used", "percentunit", (f"process_open_fds{{{PROCESS}}} / process_max_fds{{{PROCESS}}}", "{{instance}}"), steps=green_red(0.8)),
]  # fmt: skip

# file -> title, variables, panels
DASHBOARDS = {
    "focus/overview": ("Focus: Overview", [INSTANCE], OVERVIEW),
    "focus/http": ("Focus: HTTP traffic", [INSTANCE, ENDPOINT], HTTP),
    "focus/business": ("Focus: Business metrics", [INSTANCE], BUSINESS),
    "focus/errors": ("Focus: Errors & alerts", [INSTANCE], FAILURES),
    "focus-parts/database": ("Focus: Database", [INSTANCE, OPERATION], DATABASE),
    "focus-parts/cache": ("Focus: Cache performance", [INSTANCE], CACHE),
}


def placed(panels: list[dict]) -> list[dict]:
    """The panels with ids and places."""
    x = y = tallest = 0
    result = []
    for number, one in enumerate(panels, 1):
        size = one["gridPos"]
        if x + size["w"] > 24:
            x, y, tallest = 0, y + tallest, 0
        result.append({"id": number} | one | {"gridPos": {"x": x, "y": y} | size})
        x, tallest = x + size["w"], max(tallest, size["h"])
    return result


def dashboard(name: str) -> dict:
    title, variables, panels = DASHBOARDS[name]
    return {
        "uid": "focus-" + name.rsplit("/", 1)[1], "title": title, "tags": ["focus"], "schemaVersion": 39, "version": 1, "editable": False,
        "timezone": "browser", "time": {"from": "now-6h", "to": "now"}, "refresh": "30s", "graphTooltip": 1,
        "links": [{"type": "dashboards", "title": "Focus", "tags": ["focus"], "asDropdown": True, "includeVars": True, "keepTime": True, "targetBlank": False}],
        "annotations": {"list": [{"name": "Starts", "datasource": DATASOURCE, "enable": True, "iconColor": "blue", "titleFormat": "{{instance}} started",
                                  "expr": f"changes(process_start_time_seconds{{{PROCESS}}}[$__rate_interval]) > 0"}]},
        "templating": {"list": variables}, "panels": placed(panels),
    }  # fmt: skip


def main() -> int:
    stale = []
    for name in DASHBOARDS:
        path = FOLDER / f"{name}.json"
        text = json.dumps(dashboard(name), indent=2, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if "--check" in sys.argv and stale:
        print(f"not as deploy/grafana/dashboards.py would write them: {', '.join(stale)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
