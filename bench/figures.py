"""The figures of docs/benchmarks.md, taken from what the measurements leave in build/bench: what bench/report.py --write writes.

A figure is a name and its value per engine; a value that belongs to both engines, or to neither, is under BOTH.
"""

from collections.abc import Callable, Iterator

SQLITE, MYSQL, BOTH = "sqlite", "mysql", ""
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

Figure = tuple[str, dict[str, str]]


def _number(value: float) -> str:
    """Three significant digits are as many as a run repeats."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _by_engine(rows: list[dict], key: str, text: Callable[[dict], str]) -> Iterator[Figure]:
    for name in dict.fromkeys(row[key] for row in rows):
        yield name, {row["database"]: text(row) for row in rows if row[key] == name}


def http_figures(data: dict) -> Iterator[Figure]:
    routes = [row for row in data["results"] if "ratio" in row]
    yield from _by_engine(routes, "route", lambda row: f"{row['requests_per_second']:,.0f}/s, p99 {_number(row['p99_ms'])} ms, "
                                                       f"{_number(row['cpu_us'])} µs ({row['ratio']:.1f}×)")  # fmt: skip
    memory = [row | {"route": "resident memory after 10⁶ requests"} for row in data["results"] if "after_mib" in row]
    yield from _by_engine(memory, "route", lambda row: f"{row['after_mib']:.0f} MiB")
    yield from _by_engine([row for row in data["results"] if "ms" in row], "route", lambda row: f"{row['ms']:.0f} ms")


def stats_figures(data: dict) -> Iterator[Figure]:
    batches = [row for row in data["results"] if row["what"] == "batches"]
    yield from _by_engine([row | {"what": "batches of 1,000 activities"} for row in batches], "what",
                          lambda row: f"{row['per_second']:,.0f} activities/s, {_number(row['cpu_us'])} µs each")  # fmt: skip
    yield from _by_engine([row | {"what": "an activity alone, with the database's CPU"} for row in batches], "what",
                          lambda row: f"{_number(row['single_all_cpu_us'])} µs")  # fmt: skip
    lists = [row for row in data["results"] if row["what"] in ("daily", "monthly", "list page 1", "list last page")]
    yield from _by_engine(lists, "what", lambda row: f"p50 {_number(row['users'][2]['p50_ms'])} ms with 10⁶ activities, "
                                                     f"{row['cpu_ratio']:.1f}× of 10³")  # fmt: skip


def challenge_figures(data: dict) -> Iterator[Figure]:
    for call in next(iter(data.values())):
        yield call, {kind: f"p50 {_number(rows[call]['p50_ms'])} ms, p99 {_number(rows[call]['p99_ms'])} ms" for kind, rows in data.items()}


def reminder_figures(data: dict) -> Iterator[Figure]:
    yield "all mails queued", {kind: f"{row['seconds']:.0f} s" for kind, row in data.items()}
    yield "other requests meanwhile, p99", {kind: f"{_number(row['busy_p99_ms'])} ms ({row['slowdown']:.1f}×)" for kind, row in data.items()}


def attack_figures(data: list[dict]) -> Iterator[Figure]:
    rows = [row | {"attack": f"p99 of others, attack from {row['attack']}"} for row in data if row["tries"]]
    yield from _by_engine(rows, "attack", lambda row: f"{_number(row['p99_ms'])} ms ({row['factor']:.1f}×); {row['judged']} of {row['tries']:,} judged")


def cache_figures(data: dict) -> Iterator[Figure]:
    for row in data["results"]:
        match row["what"]:
            case "hit ratio":
                yield "hit ratio (Zipf 1.1, 2 % writes)", {BOTH: f"{row['ratio'] * 100:.0f} %"}
            case "hot":
                yield f"{row['path']}, {row['where']}", {BOTH: f"{_number(row['cpu_us'])} µs ({row['ratio']:.1f}×)"}
            case "people":
                yield f"1,000 users with think time, {row['cache']}", {BOTH: f"p50 {_number(row['p50_ms'])} ms, p99 {_number(row['p99_ms'])} ms"}
            case "instances":
                yield f"{row['count']} instances", {BOTH: f"{row['requests_per_second']:,.0f}/s, {row['per_cpu_second']:,.0f} per CPU second"}


def metrics_figures(data: dict) -> Iterator[Figure]:
    for row in data["results"]:
        if "route" in row:
            yield f"{row['route']}, measured", {BOTH: f"{_number(row['with_us'])} µs ({(row['ratio'] - 1) * 100:+.1f} %)"}
        else:
            yield "a scrape", {BOTH: f"{_number(row['scrape_ms'])} ms, {row['series']:,} series"}


def ws_figures(data: dict) -> Iterator[Figure]:
    units = {"p50_ms": "p50 {} ms", "p99_ms": "p99 {} ms", "kib_each": "{} KiB each", "cpu_percent": "{} % of a core", "mib_more": "{} MiB more"}
    yield from _by_engine(data["results"], "what", lambda row: ", ".join(text.format(_number(row[key])) for key, text in units.items() if key in row))


def admin_figures(data: dict) -> Iterator[Figure]:
    yield from _by_engine(data["results"], "route", lambda row: f"{_number(row['warm_ms'])} ms (cold {_number(row['cold_ms'])})")


OF = {"http": http_figures, "stats": stats_figures, "challenges": challenge_figures, "reminders": reminder_figures, "attack": attack_figures,
      "cache": cache_figures, "metrics": metrics_figures, "ws": ws_figures, "admin": admin_figures}  # fmt: skip


def lines(name: str, data: object) -> list[str]:
    """The table's lines of this measurement."""
    return [f"| {name} | {figure} | {values[BOTH]} | |" if BOTH in values else
            f"| {name} | {figure} | {values.get(SQLITE, '–')} | {values.get(MYSQL, '–')} |" for figure, values in OF[name](data)]  # fmt: skip


def replace_lines(page: str, name: str, new: list[str]) -> str:
    """The page with these lines in place of those that the table has of the measurement; all others stay."""
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    head, rule, *rows = page[begin:end].strip().splitlines()
    at = next((n for n, row in enumerate(rows) if row.startswith(f"| {name} |")), len(rows))
    rows[at:at] = new
    rows = [row for n, row in enumerate(rows) if at <= n < at + len(new) or not row.startswith(f"| {name} |")]
    return "\n".join([page[:begin], head, rule, *rows, page[end:]])
