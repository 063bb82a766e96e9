#!/usr/bin/env python3
"""What other users notice of an attacker that tries passwords on 50 connections without a pause: p50 and p99 of
signed-in users' requests before and during the attack, on SQLite and on MariaDB, and how many of the tries were judged.
The attack comes from one address, then from a new address for each try. Prints a table and writes build/bench/attack.json.

    ./dev bench attack [--seconds 10] [--attackers 50] [--clients 4]
"""

import argparse
import contextlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

from support.client import Account  # noqa: E402
from support.engines import MariaDb, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.server import Server  # noqa: E402

WANTED_SLOWDOWN = 2.0
SETTLED_P99_MS = 10.0  # below that the factor says more about the machine than about the server
ADDRESSES = {
    "one address": '"203.0.113.9"',
    "many addresses": 'string.format("2001:db8:%x:%x::1", math.random(65535), math.random(65535))',
}


def attack(server: Server, victim: Account, attackers: int, seconds: float, address: str, folder: Path) -> subprocess.Popen:
    """An attacker who is another process, and one that takes no processor time from the people whom we measure."""
    script = folder / "attack.lua"
    body = json.dumps(json.dumps({"email": victim.email, "password": "Wrong-passw0rd"}))
    script.write_text(f"""
request = function()
  return wrk.format("POST", "/api/auth/login", {{["Content-Type"] = "application/json", ["X-Forwarded-For"] = {address}}}, {body})
end
done = function(summary, latency, requests) io.write(string.format("TRIES %d\\n", summary.requests)) end
""")
    return subprocess.Popen(["nice", "-n", "19", "wrk", "-t1", f"-c{attackers}", f"-d{seconds:g}s", "-s", str(script), server.url],
                            stdout=subprocess.PIPE, text=True)  # fmt: skip


def latencies(accounts: list[Account], seconds: float) -> list[float]:
    """Of requests that people send at a leisurely pace."""
    times: list[float] = []
    ends = time.monotonic() + seconds

    def use(account: Account) -> None:
        account.api.checked = False
        while time.monotonic() < ends:
            began = time.perf_counter()
            answer = account.api.get("/api/activities/stats/daily")
            times.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            time.sleep(0.05)

    threads = [threading.Thread(target=use, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def quantiles(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    return {"p50_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2), "requests": len(times)}


def measure(name: str, database, mail: MailSink, options: argparse.Namespace, folder: Path) -> list[dict]:
    server = Server(database, mail, RATE_LIMIT_ENABLED="true", RATE_LIMIT_READ="100000/60",
                    BCRYPT_COST="12", TRUSTED_PROXIES="127.0.0.1")  # fmt: skip
    rows = []
    with contextlib.closing(server):
        server.start()
        victim, *others = [server.new_account() for _ in range(options.clients + 1)]
        latencies(others, 2)
        for attacker in ("none", *ADDRESSES):
            process = attack(server, victim, options.attackers, options.seconds, ADDRESSES[attacker], folder) if attacker in ADDRESSES else None
            row = {"database": name, "attack": attacker} | quantiles(latencies(others, options.seconds)) | {"tries": 0, "judged": 0}
            if process:
                row["tries"] = int(re.search(r"TRIES (\d+)", process.communicate()[0])[1])
                row["judged"] = int(database.query("SELECT COUNT(*) FROM audit_log WHERE action = 'login_failed'")[0][0]) - sum(r["judged"] for r in rows)
            rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--attackers", type=int, default=50)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    rows = []
    with contextlib.ExitStack() as stack:
        mail = stack.enter_context(contextlib.closing(MailSink()))
        mariadb = stack.enter_context(contextlib.closing(MariaDb()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, database in (("sqlite", SqliteDatabase(folder)), ("mysql", mariadb.database())):
            rows += measure(name, database, mail, options, folder)
    fine = True
    normal = 0.0
    print(f"{'database':<10}{'attack from':<16}{'p50 ms':>8}{'p99 ms':>8}{'factor':>8}{'tries':>9}{'judged':>8}")
    for row in rows:
        if row["attack"] == "none":
            normal = row["p99_ms"]
        row["factor"] = round(row["p99_ms"] / normal, 2)
        fine &= row["factor"] <= WANTED_SLOWDOWN or row["p99_ms"] <= SETTLED_P99_MS
        print(f"{row['database']:<10}{row['attack']:<16}{row['p50_ms']:>8}{row['p99_ms']:>8}{row['factor']:>8}{row['tries']:>9}{row['judged']:>8}")
    out = TOP / "build/bench/attack.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
