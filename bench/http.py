#!/usr/bin/env python3
"""Requests per second, latency and server CPU per request of five routes, on SQLite and on MariaDB, as multiples of a bare
Beast server that answers a constant ("yardstick"), all on the loopback of this machine by wrk.

The yardstick is measured right before and after each route, and the route is compared with the mean of both: shared
machines drift. Prints a table and writes build/bench/http.json.

    ./dev bench http [--seconds 5] [--connections 32] [--memory-requests 1000000]
"""

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

import httpx  # noqa: E402
from support.engines import MariaDb, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.processes import eventually, free_port, spawn, stop  # noqa: E402
from support.server import Server  # noqa: E402

ACTIVITIES, USERS, WORKERS = 5000, 20, "2"


@dataclass
class Route:
    name: str
    method: str
    path: str
    wanted: dict[str, float]  # multiples of the yardstick's CPU, by database; what is missing is only reported
    body: str = ""


ROUTES = [
    Route("static JSON", "GET", "/api/health/live", {"sqlite": 1.3, "mysql": 1.3}),
    Route("profile", "GET", "/api/users/me", {"sqlite": 3, "mysql": 3}),
    Route("daily statistics", "GET", "/api/activities/stats/daily", {"sqlite": 3, "mysql": 3}),
    Route("50 activities", "GET", "/api/activities?limit=50", {"mysql": 10}),
    Route("record an activity", "POST", "/api/activities", {"mysql": 14}, '{"app_name":"Instagram","app_category":"social","duration_minutes":1.5}'),
]


@dataclass
class Measurement:
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # of the server, per request
    errors: int


class Process:
    """A running server whose CPU time can be read."""

    def __init__(self, url: str, pid: int) -> None:
        self.url, self.pid = url, pid

    def cpu_seconds(self) -> float:
        """User and system time of all its threads (utime + stime)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lua_script(route: Route, tokens: list[str]) -> str:
    """wrk's requests: the route with the users' tokens in turn; counts answers that are no success."""
    bearer = ", ".join(f'"Bearer {token}"' for token in tokens)
    return f"""
local tokens = {{{bearer}}}
local turn = 0
request = function()
  turn = turn % #tokens + 1
  local headers = {{["Authorization"] = tokens[turn], ["Accept-Encoding"] = "identity"}}
  if "{route.method}" == "POST" then headers["Content-Type"] = "application/json" end
  return wrk.format("{route.method}", "{route.path}", headers, {json.dumps(route.body) if route.body else "nil"})
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
                         errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def measure(process: Process, script: Path, seconds: float, connections: int) -> Measurement:
    before = process.cpu_seconds()
    told = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", str(script), process.url],
                          capture_output=True, text=True, check=True).stdout  # fmt: skip
    used = process.cpu_seconds() - before
    found = re.search(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)", told)
    assert found, told
    requests, duration_us = int(found[1]), int(found[2])
    return Measurement(requests / duration_us * 1e6, float(found[3]) / 1000, float(found[4]) / 1000, used / max(requests, 1) * 1e6, int(found[5]))


@contextlib.contextmanager
def yardstick():
    port = free_port()
    process = spawn([str(TOP / "build/release/beast_hello"), str(port), WORKERS])
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(url), "the yardstick")
        yield Process(url, process.pid)
    finally:
        stop(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def prepare(server: Server) -> list[str]:
    """Users with a history; their access tokens."""
    accounts = [server.new_account() for _ in range(USERS)]
    for number in range(ACTIVITIES // USERS):
        for account in accounts:
            account.api.checked = False
            account.record(f"App {number % 20}", 1 + number % 30, app_category=("social", "games", "work")[number % 3])
    return [account.tokens["access_token"] for account in accounts]


def bench_database(kind: str, database, options, yard: Process, folder: Path, mail: MailSink) -> list[dict]:
    rows = []
    with contextlib.closing(Server(database, mail, LOG_LEVEL="warning", WORKERS=WORKERS, ACCESS_TOKEN_EXPIRE_MINUTES="600")) as server:
        server.start()
        tokens = prepare(server)
        process = Process(server.url, server.process.pid)
        hello = folder / "hello.lua"
        hello.write_text(lua_script(Route("", "GET", "/", {}), ["none"]))
        for route in ROUTES:
            script = folder / "route.lua"
            script.write_text(lua_script(route, tokens))
            measure(process, script, 1, options.connections)  # warm
            yards, runs = [measure(yard, hello, options.seconds / 2, options.connections)], []
            for _ in range(options.rounds):
                runs.append(measure(process, script, options.seconds, options.connections))
                yards.append(measure(yard, hello, options.seconds / 2, options.connections))
            best = Measurement(*(statistics.median(asdict(run)[name] for run in runs) for name in Measurement.__dataclass_fields__))
            unit = statistics.mean(run.cpu_us for run in yards)
            rows.append({"database": kind, "route": f"{route.method} {route.path}", **asdict(best), "yardstick_cpu_us": unit,
                         "ratio": best.cpu_us / unit, "wanted": route.wanted.get(kind)})  # fmt: skip
            print_row(rows[-1])
        rows.append(memory(kind, server, process, folder, tokens, options))
    return rows


def memory(kind: str, server: Server, process: Process, folder: Path, tokens: list[str], options) -> dict:
    """Resident memory before and after many requests of a mixture of routes."""
    begun = server.resident_bytes()
    done = 0
    script = folder / "memory.lua"
    while done < options.memory_requests:
        for route in ROUTES[:3]:
            script.write_text(lua_script(route, tokens))
            result = measure(process, script, options.seconds, options.connections)
            done += int(result.requests_per_second * options.seconds)
    row = {"database": kind, "route": f"resident MiB after {done} requests", "before_mib": begun / 2**20, "after_mib": server.resident_bytes() / 2**20}
    print(f"{kind:7} resident memory: {row['before_mib']:.0f} MiB before, {row['after_mib']:.0f} MiB after {done} more requests (wanted < 60)")
    return row


def start_time(kind: str, database, mail: MailSink) -> dict:
    """From starting the process to its first answer, on a database that exists already."""
    port = free_port()
    took = []
    with contextlib.closing(Server(database, mail, PORT=str(port))) as server:
        server.start()
        server.terminate()
        for _ in range(5):
            begun = time.monotonic()
            server.launch()
            while not _answers(f"http://127.0.0.1:{port}/api/health/live"):
                assert time.monotonic() - begun < 10, server.log()
            took.append((time.monotonic() - begun) * 1000)
            server.terminate()
    print(f"{kind:7} start to first answer: {statistics.median(took):.0f} ms (wanted < 300)")
    return {"database": kind, "route": "start to first answer", "ms": statistics.median(took)}


def print_row(row: dict) -> None:
    wanted = f"wanted <= {row['wanted']}" if row["wanted"] else ""
    print(f"{row['database']:7} {row['route']:34} {row['requests_per_second']:9.0f}/s  p50 {row['p50_ms']:7.2f} ms  p99 {row['p99_ms']:7.2f} ms  "
          f"{row['cpu_us']:7.1f} µs  {row['ratio']:5.2f}x  {wanted}{'  ERRORS ' + str(int(row['errors'])) if row['errors'] else ''}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--memory-requests", type=int, default=1_000_000)
    parser.add_argument("--databases", default="sqlite,mysql")
    options = parser.parse_args()
    rows = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-")))
        mail = stack.enter_context(contextlib.closing(MailSink()))
        yard = stack.enter_context(yardstick())
        print("server CPU per request is also given as a multiple of a bare Beast server's (the yardstick)")
        for kind in options.databases.split(","):
            if kind == "mysql":
                database = stack.enter_context(contextlib.closing(MariaDb(durable=True))).database()
            else:
                database = SqliteDatabase(folder)
            rows += bench_database(kind, database, options, yard, folder, mail)
            rows.append(start_time(kind, database, mail))
    result = TOP / "build/bench/http.json"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"options": vars(options), "results": rows}, indent=1) + "\n")
    print(f"written to {result.relative_to(TOP)}")


if __name__ == "__main__":
    main()
