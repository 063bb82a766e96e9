#!/usr/bin/env python3
"""A challenge of 10,000 participants, on SQLite and on MariaDB: the server's own time (X-Process-Time) for the first page
of its ranking, the slice around the caller, a page far down, and the challenge itself; and what recording an activity
costs a participant and another user. Prints a table and writes build/bench/challenges.json.

    ./dev bench challenges [--participants 10000] [--requests 300]
"""

import argparse
import contextlib
import datetime
import json
import statistics
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

from support.client import expect  # noqa: E402
from support.engines import MariaDb, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.server import Server  # noqa: E402

WANTED_MS = 5.0
STEP = 1000  # rows per statement


def fill(database, challenge_id: int, participants: int) -> None:
    """Participants straight into the tables: 3,000 different scores, so that many share one."""
    today = datetime.datetime.now(datetime.UTC).date()
    base = 1_000_000
    for at in range(0, participants, STEP):
        numbers = range(at, min(at + STEP, participants))
        users = ",".join(f"({base + n},'p{n}@example.org','p{n}@example.org','p{n}','p{n}',1,0,0)" for n in numbers)
        database.query(f"INSERT INTO users (id,email,email_key,username,username_key,is_verified,created_at_ms,updated_at_ms) VALUES {users}")
        members = ",".join(f"({challenge_id},{base + n},'{today}','{today + datetime.timedelta(6)}',1,1,{(n * 7919 % 3000) * 1000},{n * 60000},1,0,{n})"
                           for n in numbers)  # fmt: skip
        database.query("INSERT INTO challenge_members (challenge_id,user_id,start_date,end_date,is_open,is_ranked,score_ms,total_ms,scored,missed,"
                       f"joined_at_ms) VALUES {members}")  # fmt: skip
    database.query(f"UPDATE challenges SET participants_count = participants_count + {participants} WHERE id = {challenge_id}")


def measure(call, requests: int) -> dict[str, float]:
    """Milliseconds within the server, of that many calls after a few to warm up."""
    for _ in range(20):
        call()
    times = sorted(float(call().headers["X-Process-Time"]) * 1000 for _ in range(requests))
    return {"p50_ms": statistics.median(times), "p99_ms": times[int(len(times) * 0.99) - 1]}


def bench(database, participants: int, requests: int) -> dict[str, dict[str, float]]:
    today = datetime.datetime.now(datetime.UTC).date()
    with contextlib.closing(MailSink()) as sink, contextlib.closing(Server(database, sink).start()) as server:
        creator, outsider = server.new_account(), server.new_account()
        fields = {"name": "All", "target_apps": ["Instagram"], "start_date": str(today), "end_date": str(today + datetime.timedelta(6)),
                  "max_participants": 10_000}  # fmt: skip
        challenge = expect(creator.api.post("/api/challenges", json=fields), 201)["id"]
        fill(database, challenge, participants - 1)
        creator.record("Instagram", 30)
        path, api = f"/api/challenges/{challenge}", creator.api
        api.checked = outsider.api.checked = False
        body = {"app_name": "Instagram", "duration_minutes": 0.5}
        calls = {
            "ranking, first page": lambda: api.get(f"{path}/leaderboard"),
            "ranking, around me": lambda: api.get(f"{path}/leaderboard?around=me"),
            "ranking, last page": lambda: api.get(f"{path}/leaderboard?skip={participants - 50}"),
            "the challenge": lambda: api.get(path),
            "my challenges": lambda: api.get("/api/challenges/my-challenges"),
            "record, taking part": lambda: api.post("/api/activities", json=body),
            "record, in no challenge": lambda: outsider.api.post("/api/activities", json=body),
        }
        for call in calls.values():
            assert call().is_success
        return {name: measure(call, requests) for name, call in calls.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--participants", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    results = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-")))
        mariadb = stack.enter_context(contextlib.closing(MariaDb()))
        for database in (SqliteDatabase(folder), mariadb.database()):
            results[database.kind] = bench(database, options.participants, options.requests)
    print(f"A challenge of {options.participants} participants, milliseconds within the server\n")
    print(f"{'':<26}" + "".join(f"{kind + ' p50':>14}{'p99':>9}" for kind in results))
    slow = []
    for name in results["sqlite"]:
        print(f"{name:<26}" + "".join(f"{results[kind][name]['p50_ms']:>14.2f}{results[kind][name]['p99_ms']:>9.2f}" for kind in results))
        slow += [f"{kind}: {name}" for kind in results if name in ("ranking, first page", "ranking, around me")
                 and results[kind][name]["p50_ms"] > WANTED_MS]  # fmt: skip
    target = TOP / "build/bench/challenges.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nwanted: first page and around me ≤ {WANTED_MS} ms: {'missed by ' + ', '.join(slow) if slow else 'met'}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
