#!/usr/bin/env python3
"""What statistics and lists cost users with histories of different lengths in one large database, and how fast batches go.

Three users have recorded 10^3, 10^5 and 10^6 activities over the same 90 days with the same ten apps, the rest of the
10^7 belongs to users with 1,000 each. Latency is that of one client, CPU that of the server per request; the users take
turns, and each figure is the median of the rounds: shared machines drift. Batches and single posts run against a small
database with the engine's durable settings. Prints tables and writes build/bench/stats.json.

    ./dev bench stats [--activities 10000000] [--databases sqlite,mysql] [--only lists|batches] [--folder DIR]

With --folder the generated SQLite database is kept there and used again.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

from support.client import Account  # noqa: E402
from support.engines import MariaDb, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.server import Server  # noqa: E402

SIZES = (1_000, 100_000, 1_000_000)
DAYS, APPS, FIRST_DAY, NOW = 90, 10, "2026-01-01", "2026-03-31T20:00:00Z"
FIRST_MS = 1_767_225_600_000  # FIRST_DAY in UTC
CROWD_HISTORY, CHUNK = 1_000, 200_000
TICKS = os.sysconf("SC_CLK_TCK")


class Progress:
    """A bar on standard error, or a line now and then where that is no terminal."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done, self.begun, self.said = what, total, 0, time.monotonic(), 0.0

    def add(self, count: int) -> None:
        self.done += count
        now, part = time.monotonic(), self.done / self.total
        if now - self.said < (0.2 if sys.stderr.isatty() else 10) and part < 1:
            return
        self.said = now
        left = (now - self.begun) / part * (1 - part)
        text = f"{self.what} [{'#' * int(part * 40):<40}] {part:4.0%} {left:4.0f} s left"
        print(f"\r{text}" if sys.stderr.isatty() else text, end="" if part < 1 and sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


# --- the large database ----------------------------------------------------------------------------------------------


def row_sql(kind: str, user: str, number: str) -> str:
    """The columns of the number-th activity of a user, all from its number."""
    whole = "DIV" if kind == "mysql" else "/"
    day = f"(({number}) {whole} {APPS}) % {DAYS}"
    date = f"date_format(date_add('{FIRST_DAY}', interval {day} day), '%Y-%m-%d')" if kind == "mysql" else f"date('{FIRST_DAY}', '+' || ({day}) || ' days')"
    app = f"concat('App ', ({number}) % {APPS})" if kind == "mysql" else f"'App ' || (({number}) % {APPS})"
    key = app.replace("App", "app")
    duration = f"1000 + (({number}) * 7919) % 1800000"
    start = f"{FIRST_MS} + ({day}) * 86400000 + (({number}) * 104729) % 80000000"
    return (f"{user}, {app}, {key}, 'org.example', 'social', {duration}, {date}, {start}, {start} + {duration}, 'phone', NULL, NULL, 'UTC', "
            f"{start} + {duration}, {start} + {duration}")  # fmt: skip


COLUMNS = ("user_id, app_name, app_key, app_package, app_category, duration_ms, activity_date, start_ms, end_ms, device_type, session_id, client_id, "
           "timezone, created_at_ms, updated_at_ms")  # fmt: skip
INDEXES = {"activities_created": "user_id, created_at_ms", "activities_date": "user_id, activity_date, created_at_ms",
           "activities_duration": "user_id, duration_ms", "activities_app": "user_id, app_key, created_at_ms"}  # fmt: skip
ROLL_UPS = [
    "INSERT INTO usage_apps SELECT user_id, activity_date, app_key, app_package, app_category, device_type, MAX(app_name), SUM(duration_ms), COUNT(*) "
    "FROM activities GROUP BY user_id, activity_date, app_key, app_package, app_category, device_type",
    "INSERT INTO usage_totals SELECT user_id, app_key, app_package, app_category, device_type, MAX(app_name), SUM(total_ms), SUM(sessions) "
    "FROM usage_apps GROUP BY user_id, app_key, app_package, app_category, device_type",
    "INSERT INTO usage_days SELECT user_id, day, SUM(total_ms), SUM(sessions) FROM usage_apps GROUP BY user_id, day",
    "INSERT INTO usage_hours SELECT user_id, day, 12, total_ms FROM usage_days",
]


def fill(kind: str, run, users: list[int], total: int) -> None:
    """`run` executes one SQL statement. Indexes are made after the rows, which takes a fraction of the time."""
    crowd = (total - sum(SIZES)) // CROWD_HISTORY
    first = max(users) + 1
    for name in list(INDEXES)[0 if kind == "sqlite" else 1 :]:  # MySQL needs one for its foreign key
        run(f"DROP INDEX {name}" + ("" if kind == "sqlite" else " ON activities"))

    def numbers(begin: int, end: int) -> str:
        if kind == "mysql":
            return f"(SELECT seq AS i FROM seq_{begin}_to_{end - 1}) n"
        return f"(WITH RECURSIVE n(i) AS (SELECT {begin} UNION ALL SELECT i + 1 FROM n WHERE i < {end - 1}) SELECT i FROM n) n"

    name = (lambda number: f"concat('crowd', {number})") if kind == "mysql" else (lambda number: f"'crowd' || ({number})")
    if crowd > 0:
        run("INSERT INTO users (id, email, email_key, username, username_key, is_verified, created_at_ms, updated_at_ms) "
            f"SELECT i, {name('i')}, {name('i')}, {name('i')}, {name('i')}, 1, 0, 0 FROM {numbers(first, first + crowd)}")  # fmt: skip
    bar = Progress(f"{kind}: {total:,} activities", total)
    whole = "DIV" if kind == "mysql" else "/"
    parts = [(size, str(user), "i") for user, size in zip(users, SIZES)]
    parts.append((crowd * CROWD_HISTORY, f"{first} + i {whole} {CROWD_HISTORY}", f"i % {CROWD_HISTORY}"))
    for size, user, number in parts:
        for begin in range(0, size, CHUNK):
            end = min(size, begin + CHUNK)
            run(f"INSERT INTO activities ({COLUMNS}) SELECT {row_sql(kind, user, number)} FROM {numbers(begin, end)}")
            bar.add(end - begin)
    bar = Progress(f"{kind}: indexes and roll-ups", len(INDEXES) + len(ROLL_UPS))
    for name, columns in list(INDEXES.items())[0 if kind == "sqlite" else 1 :]:
        run(f"CREATE INDEX {name} ON activities ({columns})")
        bar.add(1)
    if kind == "mysql":
        bar.add(1)
    for statement in ROLL_UPS:
        run(statement)
        bar.add(1)


def fill_sqlite(path: Path, users: list[int], total: int) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-500000; PRAGMA temp_store=FILE;")
        fill("sqlite", connection.execute, users, total)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_mysql(database, users: list[int], total: int) -> None:
    settings = "SET foreign_key_checks = 0, unique_checks = 0, innodb_lock_wait_timeout = 3600; "
    fill("mysql", lambda sql: database.query(settings + sql), users, total)
    database.query("ANALYZE TABLE activities, usage_apps, usage_days, usage_totals")


# --- measuring -------------------------------------------------------------------------------------------------------


def cpu_seconds(*pids: int) -> float:
    def one(pid: int) -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    return sum(one(pid) for pid in pids)


def load(server: Server, token: str, path: str, seconds: float, connections: int = 1, body: str = "") -> dict:
    """wrk on one route: latency in ms, CPU of the server in µs per request."""
    method = "POST" if body else "GET"
    script = (f'wrk.method = "{method}"\nwrk.headers["Authorization"] = "Bearer {token}"\nwrk.headers["Content-Type"] = "application/json"\n'
              f"wrk.body = {json.dumps(body) if body else 'nil'}\n"
              "done = function(summary, latency) local e = summary.errors io.write(string.format('RESULT %d %f %f %f %d\\n', summary.requests, "
              "summary.duration, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout)) end\n")  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        before = cpu_seconds(server.process.pid)
        told = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", file.name, server.url + path],
                              capture_output=True, text=True, check=True).stdout  # fmt: skip
        used = cpu_seconds(server.process.pid) - before
    found = re.search(r"RESULT (\d+) ([\d.]+) ([\d.]+) ([\d.]+) (\d+)", told)
    assert found and found[5] == "0", told
    requests = int(found[1])
    return {"p50_ms": float(found[3]) / 1000, "p99_ms": float(found[4]) / 1000, "cpu_us": used / requests * 1e6, "rate": requests / float(found[2]) * 1e6}


def page_path(account, page: int) -> str:
    """The list's address of a page of 100, by its cursor."""
    if page == 1:
        return "/api/activities?limit=100"
    before = account.api.get(f"/api/activities?limit=100&skip={(page - 2) * 100}")
    return before.links["next"]["url"]


def bench_lists(kind: str, server: Server, accounts: list, options) -> list[dict]:
    deepest = [size // 100 for size in SIZES]
    routes = {
        "daily": lambda account, i: "/api/activities/stats/daily?date=2026-03-31",
        "weekly": lambda account, i: "/api/activities/stats/weekly",
        "monthly": lambda account, i: "/api/activities/stats/monthly",
        "my stats": lambda account, i: "/api/users/me/stats",
        "list page 1": lambda account, i: page_path(account, 1),
        "list last page": lambda account, i: page_path(account, deepest[i]),
        "one app's page 1": lambda account, i: "/api/activities?limit=100&app_name=app%203",
        "one day's page 1": lambda account, i: "/api/activities?limit=100&date=2026-02-01",
    }
    print(f"\n{kind}: {options.activities:,} activities; per user 10^3 / 10^5 / 10^6 (the last page is page {deepest[0]} / {deepest[1]:,} / {deepest[2]:,})")
    rows = []
    for name, path_of in routes.items():
        paths = [path_of(account, i) for i, account in enumerate(accounts)]
        runs: list[list[dict]] = [[], [], []]
        for _ in range(options.rounds):
            for i, account in enumerate(accounts):
                runs[i].append(load(server, account.tokens["access_token"], paths[i], options.seconds))
        medians = [{key: statistics.median(run[key] for run in own) for key in own[0]} for own in runs]
        ratio = medians[2]["cpu_us"] / medians[0]["cpu_us"]
        rows.append({"database": kind, "what": name, "users": medians, "cpu_ratio": ratio, "p50_ratio": medians[2]["p50_ms"] / medians[0]["p50_ms"]})
        cells = "   ".join(f"{m['p50_ms']:6.3f} ms {m['cpu_us']:6.0f} µs" for m in medians)
        print(f"  {name:18} {cells}   10^6 costs {ratio:4.2f}x (latency {rows[-1]['p50_ratio']:4.2f}x)", flush=True)
    first, last = rows[4]["users"][2]["cpu_us"], rows[5]["users"][2]["cpu_us"]
    print(f"  page {deepest[2]:,} costs {last / first:4.2f}x of page 1")
    return rows


# --- batches ---------------------------------------------------------------------------------------------------------


def batches(count: int, size: int, name: str) -> list[bytes]:
    """Bodies as a phone sends them: a week, ten apps, start and end times, a client id each."""
    bodies = []
    for number in range(count):
        items = []
        for i in range(size):
            minute = (number * size + i) * 7 % (7 * 1440 - 60)
            begun = f"2026-03-{24 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"
            ended = f"2026-03-{24 + (minute + 9) // 1440:02}T{(minute + 9) // 60 % 24:02}:{(minute + 9) % 60:02}:00Z"
            items.append({"app_name": f"App {i % APPS}", "app_package": f"org.example.app{i % APPS}", "app_category": "social", "duration_minutes": 8.5,
                          "start_time": begun, "end_time": ended, "device_type": "phone", "client_id": f"{name}-{number}-{i}"})  # fmt: skip
        bodies.append(json.dumps({"activities": items}).encode())
    return bodies


def send_all(server: Server, token: str, bodies: list[bytes], failures: list) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=120)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept-Encoding": "identity"}
    for body in bodies:
        connection.request("POST", "/api/activities/batch", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 200 or not told.startswith(b'{"created":1000,'):
            failures.append((answer.status, told[:200]))


def bench_batches(kind: str, server: Server, database_pid: int | None, options) -> list[dict]:
    pids = [server.process.pid] + ([database_pid] if database_pid else [])
    accounts = [server.new_account() for _ in range(options.senders)]
    for account in accounts:
        account.api.checked = False
    bodies = [batches(options.batches, 1000, f"{os.getpid()}-{i}") for i in range(len(accounts))]
    failures: list = []
    for account in accounts:  # warm
        send_all(server, account.tokens["access_token"], batches(1, 1000, "warm"), failures)
    before, begun, own = cpu_seconds(*pids), time.monotonic(), cpu_seconds(server.process.pid)
    threads = [threading.Thread(target=send_all, args=(server, account.tokens["access_token"], mine, failures)) for account, mine in zip(accounts, bodies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    count = options.batches * len(accounts) * 1000
    assert not failures, failures[:3]
    batch_cpu, batch_all = (cpu_seconds(server.process.pid) - own) / count * 1e6, (cpu_seconds(*pids) - before) / count * 1e6
    single = json.dumps(json.loads(bodies[0][0])["activities"][0])
    before = cpu_seconds(*pids)
    posts = load(server, accounts[0].tokens["access_token"], "/api/activities", options.seconds * 2, 16, single)
    single_all = (cpu_seconds(*pids) - before) / (posts["rate"] * options.seconds * 2) * 1e6
    print(f"\n{kind}: {count:,} activities in batches of 1,000 from {len(accounts)} senders: {count / took:,.0f}/s (wanted >= 20,000)")
    print(f"  CPU of the server per activity: {batch_cpu:.1f} µs in a batch, {posts['cpu_us']:.0f} µs alone: 1/{posts['cpu_us'] / batch_cpu:.1f} (wanted <= 1/8)")
    print(f"  with the database's: {batch_all:.1f} µs in a batch, {single_all:.0f} µs alone: 1/{single_all / batch_all:.1f}; alone {posts['rate']:,.0f}/s", flush=True)
    return [{"database": kind, "what": "batches", "per_second": count / took, "cpu_us": batch_cpu, "single_cpu_us": posts["cpu_us"],
             "all_cpu_us": batch_all, "single_all_cpu_us": single_all}]  # fmt: skip


def fields_of(size: int) -> dict:
    return {"email": f"bench{size}@example.org", "username": f"bench{size}", "password": "Secret-passw0rd"}


def new_server(database, mail) -> Server:
    return Server(database, mail, LOG_LEVEL="warning", ACCESS_TOKEN_EXPIRE_MINUTES="600")


def large(kind: str, stack: contextlib.ExitStack, folder: Path, mail: MailSink, options) -> list[dict]:
    kept = Path(options.folder) / f"stats-{options.activities}.db" if options.folder and kind == "sqlite" else None
    if kind == "sqlite":
        database = SqliteDatabase(folder)
        if kept and kept.exists():
            shutil.copy(kept, database.path)
    else:
        engine = stack.enter_context(contextlib.closing(MariaDb(durable=True)))
        engine.query("SET GLOBAL innodb_buffer_pool_size = 2147483648")
        database = engine.database()
    server = stack.enter_context(contextlib.closing(new_server(database, mail)))
    server.start()
    if kept and kept.exists():
        accounts = [Account(server, fields_of(size)) for size in SIZES]
    else:
        accounts = [server.new_account(**fields_of(size)) for size in SIZES]
        server.terminate()
        users = [account.id for account in accounts]
        if kind == "sqlite":
            fill_sqlite(database.path, users, options.activities)
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(database.path, kept)
        else:
            fill_mysql(database, users, options.activities)
        server.start()
    server.set_clock(NOW)
    for account, size in zip(accounts, SIZES):
        account.anonymous = server.client()
        account.login()
        assert account.api.get("/api/activities?limit=1").headers["x-total-count"] == str(size)
    rows = bench_lists(kind, server, accounts, options)
    server.close()
    return rows


def small(kind: str, stack: contextlib.ExitStack, folder: Path, mail: MailSink, options) -> list[dict]:
    engine = stack.enter_context(contextlib.closing(MariaDb(durable=True))) if kind == "mysql" else None
    database = engine.database() if engine else SqliteDatabase(folder)
    server = stack.enter_context(contextlib.closing(new_server(database, mail)))
    server.start()
    server.set_clock(NOW)
    rows = bench_batches(kind, server, engine.process.pid if engine else None, options)
    server.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--activities", type=int, default=10_000_000)
    parser.add_argument("--databases", default="sqlite,mysql")
    parser.add_argument("--only", choices=["lists", "batches"])
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--batches", type=int, default=40, help="per sender")
    parser.add_argument("--folder", help="where the generated SQLite database is kept")
    options = parser.parse_args()
    rows = []
    for kind in options.databases.split(","):
        for part, run in (("batches", small), ("lists", large)):
            if options.only in (None, part):
                with contextlib.ExitStack() as stack:
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-")))
                    mail = stack.enter_context(contextlib.closing(MailSink()))
                    rows += run(kind, stack, folder, mail, options)
    result = TOP / "build/bench/stats.json"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"options": vars(options), "results": rows}, indent=1) + "\n")
    print(f"written to {result.relative_to(TOP)}")


if __name__ == "__main__":
    main()
