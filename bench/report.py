#!/usr/bin/env python3
"""Runs every measurement and writes build/bench/report.md with what each printed, and plots of the data beside it.

    ./dev bench report [--short] [--only http,stats] [--minutes 30] [--write]

--write also puts the figures into the table of docs/benchmarks.md (bench/figures.py); rows of measurements that were not run, or
failed, stay. --short takes smaller data and shorter runs: to see that everything works, not to quote. A measurement that fails or takes
longer than --minutes is marked so, and the others go on; the report keeps the last section of one that is not run.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.append(str(TOP / "bench"))  # at the end: bench/http.py is not the module http

import figures  # noqa: E402
from plots import Chart, draw  # noqa: E402

PAGE, DATA = TOP / "docs/benchmarks.md", TOP / "build/bench"
REPORT = DATA / "report.md"
NAMES = {"sqlite": "SQLite", "mysql": "MariaDB"}


# --- plots, from what the measurements have written ---------------------------------------------------------------------


def http_charts(data: dict) -> Iterator[Chart]:
    rows = [row for row in data["results"] if "ratio" in row]
    for title, unit, key in (("Requests per second", "on two cores, with the client on the same", "requests_per_second"),
                             ("Server CPU per request", "µs", "cpu_us")):  # fmt: skip
        chart = Chart(title, unit, {})
        for row in rows:
            chart.rows.setdefault(row["route"].removeprefix("GET ").split("?")[0], {})[NAMES[row["database"]]] = row[key]
        yield chart


def stats_charts(data: dict) -> Iterator[Chart]:
    lists = [row for row in data["results"] if "users" in row]
    for kind in dict.fromkeys(row["database"] for row in lists):
        rows = {row["what"]: {f"10^{3 + 2 * i - (i == 2)} activities": user["p50_ms"] for i, user in enumerate(row["users"])}
                for row in lists if row["database"] == kind}  # fmt: skip
        yield Chart(f"Latency by the length of the user's history, {NAMES[kind]}", "p50, ms", rows)
    batches = {NAMES[row["database"]]: {"in batches": row["per_second"]} for row in data["results"] if row["what"] == "batches"}
    if batches:
        yield Chart("Activities recorded per second", "batches of 1,000", batches)


def challenge_charts(data: dict) -> Iterator[Chart]:
    calls = next(iter(data.values()))
    yield Chart("A challenge of 10,000 participants", "p50 within the server, ms",
                {call: {NAMES[kind]: figures[call]["p50_ms"] for kind, figures in data.items()} for call in calls})  # fmt: skip


def reminder_charts(data: dict) -> Iterator[Chart]:
    yield Chart("All reminders of one minute are queued", "seconds", {NAMES[kind]: {"seconds": one["seconds"]} for kind, one in data.items()})


# --- the measurements ------------------------------------------------------------------------------------------------


@dataclass
class Bench:
    short: str  # arguments of a short run
    charts: Callable[[dict], Iterator[Chart]] | None = None


# What is not here runs with its defaults, always, and has its text only. (wrk takes whole seconds, and some scripts halve them.)
KNOWN = {
    "http": Bench("--seconds 2 --rounds 1 --memory-requests 20000", http_charts),
    "stats": Bench("--activities 1200000 --seconds 1 --rounds 1 --batches 4", stats_charts),
    "challenges": Bench("--participants 1000 --requests 30", challenge_charts),
    "reminders": Bench("--users 20000 --clients 2", reminder_charts),
    "attack": Bench("--seconds 2"),
    "cache": Bench("--seconds 2 --users 500"),
    "faults": Bench("--seconds 3 --rate 50"),
    "metrics": Bench("--seconds 2 --rounds 2"),
    "ws": Bench("--connections 500 --seconds 5 --rounds 1"),
    "admin": Bench("--users 20000 --activities 200000 --calls 3"),
}
NO_BENCHES = {"report", "plots", "figures"}


def names() -> list[str]:
    """All of bench/, those that the others build upon first."""
    found = {path.stem for path in (TOP / "bench").glob("*.py")} - NO_BENCHES
    return sorted(found, key=lambda name: (list(KNOWN).index(name) if name in KNOWN else len(KNOWN), name))


def run(name: str, short: bool, minutes: float) -> tuple[bool, str, str]:
    """Whether it succeeded, its command, and its output."""
    arguments = KNOWN[name].short.split() if short and name in KNOWN else []
    (DATA / f"{name}.json").unlink(missing_ok=True)
    command = " ".join(["./dev bench", name, *arguments])
    print(f"==> {command}", flush=True)
    # A session of its own, so that what it has started ends with it.
    process = subprocess.Popen([sys.executable, "-P", f"bench/{name}.py", *arguments], cwd=TOP, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        text, _ = process.communicate(timeout=minutes * 60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        text, _ = process.communicate()
        return False, command, f"{text}\nnot done within {minutes:g} minutes"
    print(text, flush=True)
    # 1 with data: measured, and slower than wanted; the text says so.
    measured = process.returncode == 0 or (process.returncode == 1 and (DATA / f"{name}.json").exists())
    return measured, command, text if measured else f"{text}\nended with {process.returncode}"


def plots_of(name: str) -> list[str]:
    """Draws the charts of this measurement; returns the lines that show them."""
    source = DATA / f"{name}.json"
    if name not in KNOWN or KNOWN[name].charts is None or not source.exists():
        return []
    for old in DATA.glob(f"{name}-*.svg"):
        old.unlink()
    lines = []
    for number, chart in enumerate(KNOWN[name].charts(json.loads(source.read_text())), 1):
        draw(chart, DATA / f"{name}-{number}.svg")
        lines.append(f"![{chart.title}]({name}-{number}.svg)\n")
    return lines


def section(name: str, succeeded: bool, command: str, text: str) -> str:
    about = re.search(r'"""(.*?)(\n\n|""")', (TOP / f"bench/{name}.py").read_text(), re.DOTALL)[1].replace("\n", " ")
    try:
        plots = plots_of(name) if succeeded else []
    except Exception as error:  # the figures are there; a plot that cannot be drawn must not lose them
        plots = [f"(No plot: {type(error).__name__} {error}.)\n"]
    state = "" if succeeded else "**This run failed.**\n\n"
    return f"## {name}\n\n{about}\n\n`{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC:\n\n{state}```text\n{text.strip()}\n```\n\n" + "\n".join(plots)


# --- the pages -------------------------------------------------------------------------------------------------------


def output_of(*command: str) -> str:
    try:
        return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def machine(short: bool) -> str:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    facts = {
        "machine": f"{os.cpu_count()} cores of {cpu[1] if cpu else platform.machine()}, {memory:.0f} GiB, shared with others",
        "load when it began": " ".join(f"{value:.1f}" for value in os.getloadavg()),
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "engines": f"MariaDB {output_of('mariadbd', '--version').split()[2]}, SQLite {output_of('sqlite3', '--version').split()[0]}, "
                   f"Redis {re.search(r'v=([0-9.]+)', output_of('redis-server', '--version'))[1]}",
        "version": f"{(TOP / 'VERSION').read_text().strip()} ({output_of('git', 'rev-parse', '--short', 'HEAD') or 'no git'})",
        "kind": "**short** runs: they show that everything works and are not for quoting" if short else "full runs",
    }  # fmt: skip
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {fact} |\n" for name, fact in facts.items())


def replace_part(text: str, name: str, content: str) -> str:
    """The page with this content between its marks of this name; a new part goes to the end."""
    begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
    part = f"{begin}\n{content.strip()}\n{end}"
    if begin not in text:
        return f"{text.rstrip()}\n\n{part}\n"
    return text[: text.index(begin)] + part + text[text.index(end) + len(end) :]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--minutes", type=float, default=30, help="that one measurement may take")
    parser.add_argument("--write", action="store_true", help="the figures into docs/benchmarks.md")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else names()
    if unknown := set(wanted) - set(names()):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    begun, failed = time.monotonic(), []
    DATA.mkdir(parents=True, exist_ok=True)
    facts = machine(options.short)
    for name in wanted:
        succeeded, command, text = run(name, options.short, options.minutes)
        if not succeeded:
            failed.append(name)
        report = replace_part(REPORT.read_text() if REPORT.exists() else "# Measurements\n", "machine", facts)
        REPORT.write_text(replace_part(report, name, section(name, succeeded, command, text)))
        data = DATA / f"{name}.json"
        if options.write and succeeded and name in figures.OF and data.exists():
            page = replace_part(PAGE.read_text(), "machine", facts)
            PAGE.write_text(figures.replace_lines(page, name, figures.lines(name, json.loads(data.read_text()))))
    print(f"{len(wanted)} measurements in {(time.monotonic() - begun) / 60:.1f} minutes, written to {REPORT.relative_to(TOP)}"
          + (f"; failed: {', '.join(failed)}" if failed else ""))  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
