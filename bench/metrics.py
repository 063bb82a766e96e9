#!/usr/bin/env python3
"""What measuring costs: server CPU per request of the cheapest route and of a profile, with METRICS_ENABLED and without, in turns on
this machine by wrk. Also how long a scrape takes. Prints a table and writes build/bench/metrics.json; fails above 5 % on the static route.

    ./dev bench metrics [--seconds 3] [--rounds 9]
"""

import argparse
import contextlib
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))
http_spec = importlib.util.spec_from_file_location("bench_http", TOP / "bench/http.py")
bench_http = importlib.util.module_from_spec(http_spec)
sys.modules["bench_http"] = bench_http
http_spec.loader.exec_module(bench_http)

import httpx  # noqa: E402
from support.engines import SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.server import Server  # noqa: E402

WANTED = 1.05
ROUTES = [bench_http.Route("static JSON", "GET", "/api/health/live", {}), bench_http.Route("profile", "GET", "/api/users/me", {})]


def scrape(server: Server) -> dict:
    """The text's size and how long it takes, with every route and many statements in it."""
    took = []
    for _ in range(20):
        time.sleep(1.1)  # the text is made once a second; who asks more often gets the last one
        begun = time.monotonic()
        text = httpx.get(f"{server.url}/metrics", timeout=30).text
        took.append((time.monotonic() - begun) * 1000)
    return {"scrape_ms": statistics.median(took), "scrape_bytes": len(text), "series": sum(not line.startswith("#") for line in text.splitlines())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    rows = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-")))
        mail = stack.enter_context(contextlib.closing(MailSink()))
        servers = {}
        for name, enabled in (("with", "true"), ("without", "false")):
            (folder / name).mkdir()
            server = Server(SqliteDatabase(folder / name), mail, LOG_LEVEL="warning", METRICS_ENABLED=enabled, ACCESS_TOKEN_EXPIRE_MINUTES="600")
            servers[name] = stack.enter_context(contextlib.closing(server)).start()
        tokens = {name: [server.new_account().tokens["access_token"]] for name, server in servers.items()}
        for route in ROUTES:
            runs = {"with": [], "without": []}
            for turn in range(options.rounds + 1):
                for name in sorted(runs, reverse=bool(turn % 2)):  # who comes first changes
                    script = folder / "route.lua"
                    script.write_text(bench_http.lua_script(route, tokens[name]))
                    process = bench_http.Process(servers[name].url, servers[name].process.pid)
                    run = bench_http.measure(process, script, options.seconds, options.connections)
                    if turn > 0:  # the first one warms up
                        runs[name].append(run.cpu_us)
            ratio = statistics.median(a / b for a, b in zip(runs["with"], runs["without"], strict=True))
            row = {"route": route.name, "with_us": statistics.median(runs["with"]), "without_us": statistics.median(runs["without"]), "ratio": ratio}
            rows.append(row)
            print(f"{route.name:12} {row['with_us']:6.2f} µs with, {row['without_us']:6.2f} µs without: {(ratio - 1) * 100:+.1f} %", flush=True)
        rows.append(scrape(servers["with"]))
        print("a scrape: {scrape_ms:.1f} ms, {scrape_bytes} bytes, {series} series".format(**rows[-1]))
    result = TOP / "build/bench/metrics.json"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"options": vars(options), "results": rows}, indent=1) + "\n")
    print(f"written to {result.relative_to(TOP)}")
    if rows[0]["ratio"] > WANTED:
        sys.exit(f"measuring costs more than {(WANTED - 1) * 100:.0f} % on the static route")


if __name__ == "__main__":
    main()
