#!/usr/bin/env python3
"""100,000 users whose daily reminder is due in the same minute, on SQLite and on MariaDB: how long until all mails are
queued, and what requests for a profile notice meanwhile. Next to nothing is delivered in the meantime: the mail
server of this measurement would take more of the machine than Focus. Prints a table and writes build/bench/reminders.json.

    ./dev bench reminders [--users 100000] [--clients 4]
"""

import argparse
import contextlib
import datetime
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

from support.engines import MariaDb, SqliteDatabase  # noqa: E402
from support.processes import eventually  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.server import Server  # noqa: E402

WANTED_SECONDS, WANTED_SLOWDOWN = 60.0, 2.0
APPS = ["Instagram", "Maps", "YouTube", "Podcasts", "Mail"]
STEP = 500  # users per statement
SECONDS = 10  # of each measurement
LOOK_SECONDS = 2  # counting what is left costs the same machine time


def bar(done: int, total: int) -> None:
    if done < total and not sys.stderr.isatty():
        return
    width = 40 * done // total
    print(f"\r  filling [{'#' * width}{'.' * (40 - width)}] {done}/{total}", end="" if done < total else "\n", file=sys.stderr, flush=True)


def fill(database, users: int, yesterday: datetime.date, due_ms: int) -> None:
    """Users who have used five apps yesterday, straight into the tables."""
    base = 1_000_000
    for at in range(0, users, STEP):
        ids = range(base + at, base + min(at + STEP, users))
        rows = {
            "users (id,email,email_key,username,username_key,full_name,is_verified,reminder_minute,created_at_ms,updated_at_ms)":
                (f"({n},'u{n}@example.org','u{n}@example.org','u{n}','u{n}','User {n}',1,1200,0,0)" for n in ids),
            "usage_apps (user_id,day,app_key,app_package,app_category,device_type,app_name,total_ms,sessions)":
                (f"({n},'{yesterday}','{app.lower()}','','other','','{app}',{(n + i) % 90 * 60000},3)" for n in ids for i, app in enumerate(APPS)),
            "usage_days (user_id,day,total_ms,sessions)": (f"({n},'{yesterday}',{n % 300 * 60000},15)" for n in ids),
            "reminders (user_id,next_reminder_ms,next_summary_ms)": (f"({n},{due_ms},{due_ms + 10**9})" for n in ids),
        }  # fmt: skip
        for table, values in rows.items():
            database.query(f"INSERT INTO {table} VALUES {','.join(values)}")
        bar(min(at + STEP, users), users)


class Load:
    """Clients that ask for their profile again and again, in a process of their own (wrk), which costs the machine little."""

    PAUSE_MS = 5

    def __init__(self, server: Server, clients: int, folder: Path) -> None:
        self._url, self._clients = server.url, clients
        self._script = folder / "profile.lua"
        token = server.new_account().tokens["access_token"]
        self._script.write_text(f"""
wrk.path = "/api/users/me"
wrk.headers["Authorization"] = "Bearer {token}"
function delay() return {self.PAUSE_MS} end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %f %d %d\\n", latency:percentile(99), summary.requests,
                         errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
""")

    def p99(self, seconds: int) -> float:
        """In milliseconds."""
        command = ["wrk", "-t1", f"-c{self._clients}", f"-d{seconds}s", "--latency", "-s", str(self._script), self._url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        p99, requests, errors = next(line.split()[1:] for line in told.splitlines() if line.startswith("RESULT"))
        assert int(requests) > 0 and int(errors) == 0, told
        return float(p99) / 1000


def bench(database, users: int, clients: int, folder: Path) -> dict[str, float]:
    due = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0) + datetime.timedelta(hours=6)
    due_ms = int(due.timestamp() * 1000)
    with contextlib.closing(MailSink()) as sink, contextlib.closing(Server(database, sink, MAIL_RATE_PER_SECOND="1", ACCESS_TOKEN_EXPIRE_MINUTES="1440").start()) as server:
        load = Load(server, clients, folder)
        fill(database, users, due.date() - datetime.timedelta(1), due_ms)
        load.p99(1)  # warm
        normal = load.p99(SECONDS)
        server.set_clock((due - datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
        queued = "SELECT COUNT(*) FROM outbox WHERE type = 'daily_reminder'"
        eventually(lambda: int(database.query(queued)[0][0]), "the first reminder", 120)
        began = time.monotonic()
        busy = load.p99(SECONDS)
        left = f"SELECT COUNT(*) FROM reminders WHERE next_reminder_ms = {due_ms}"
        assert int(database.query(left)[0][0]), "done before the measurement was: take more users"
        while int(database.query(left)[0][0]):
            assert time.monotonic() - began < 600, "not done in 10 minutes"
            time.sleep(LOOK_SECONDS)
        seconds = time.monotonic() - began
        assert int(database.query(queued)[0][0]) >= users
    return {"seconds": seconds, "normal_p99_ms": normal, "busy_p99_ms": busy, "slowdown": busy / normal}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    results = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-")))
        mariadb = stack.enter_context(contextlib.closing(MariaDb()))
        for database in (SqliteDatabase(folder), mariadb.database()):
            print(f"{database.kind}", file=sys.stderr)
            results[database.kind] = bench(database, options.users, options.clients, folder)
    print(f"{options.users} reminders due in the same minute\n")
    print(f"{'':<10}{'all queued':>12}{'GET /users/me p99 before':>28}{'meanwhile':>12}{'factor':>9}")
    for kind, one in results.items():
        print(f"{kind:<10}{one['seconds']:>10.1f} s{one['normal_p99_ms']:>25.2f} ms{one['busy_p99_ms']:>9.2f} ms{one['slowdown']:>9.2f}")
    target = TOP / "build/bench/reminders.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")
    missed = [kind for kind, one in results.items() if one["seconds"] > WANTED_SECONDS or one["slowdown"] > WANTED_SLOWDOWN]
    print(f"\nwanted: ≤ {WANTED_SECONDS:.0f} s, factor ≤ {WANTED_SLOWDOWN}: {'missed on ' + ', '.join(missed) if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
