#!/usr/bin/env python3
"""Notification sockets under load: memory and CPU of idle connections, broadcasts, live updates, clients that don't read.

The clients are one process of their own (bench/ws_load.cpp) on the loopback of this machine. Prints a table and writes
build/bench/ws.json.

    ./dev bench ws [--connections 10000] [--seconds 60] [--databases sqlite,mysql]
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

from support.client import Client, expect  # noqa: E402
from support.engines import MariaDb, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.processes import stop  # noqa: E402
from support.server import Server  # noqa: E402

USERS = 100
ADMIN = {"ADMIN_EMAIL": "root@example.org", "ADMIN_PASSWORD": "Adm1n-password", "ADMIN_USERNAME": "root-user"}
LONG_TEXT = "\U0001f40c" * 2000  # 8 KB


class Load:
    """The load client with its connections open."""

    def __init__(self, server: Server, tokens: list[str], connections: int, stalled: int = 0) -> None:
        host, port = server.url.removeprefix("http://").split(":")
        file = server.folder / "tokens"
        file.write_text("\n".join(tokens))
        program = Path(os.environ.get("FOCUS_WS_LOAD") or TOP / "build/release/ws_load")
        self.process = subprocess.Popen([program, host, port, file, str(connections), str(stalled)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        opened = self._answer()
        assert opened == {"open": connections, "failed": 0}, opened

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        assert line, "the load client has ended"
        return json.loads(line)

    def ask(self, command: str) -> dict:
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        self.process.stdin.close()
        stop(self.process)


class Bench:
    def __init__(self, kind: str, server: Server, options) -> None:
        self.kind, self.server, self.options = kind, server, options
        accounts = [server.new_account() for _ in range(USERS)]
        self.ids = [account.id for account in accounts]
        self.tokens = [account.tokens["access_token"] for account in accounts]
        credentials = {"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"]}
        tokens = expect(server.client().post("/api/auth/login", json=credentials), 200)
        self.admin: Client = server.client(token=tokens["access_token"], checked=False)
        self.rows: list[dict] = []

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def load(self, connections: int, users: int, stalled: int = 0):
        return contextlib.closing(Load(self.server, self.tokens[:users], connections, stalled))

    def announce(self, user_ids: list[int], message: str = "Hello.") -> None:
        body = {"title": f"sent={time.time_ns()}", "message": message, "user_ids": user_ids}
        expect(self.admin.post("/api/admin/notifications", json=body), 200)

    def told(self, what: str, wanted: str, **figures) -> None:
        shown = "  ".join(f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items())
        print(f"{self.kind:7} {what:58} {shown}   (wanted: {wanted})", flush=True)
        self.rows.append({"database": self.kind, "what": what, "wanted": wanted, **figures})

    def idle(self) -> None:
        count, seconds = self.options.connections, self.options.seconds
        before = self.server.resident_bytes()
        with self.load(count, USERS) as load:
            time.sleep(2)
            used = self.cpu_seconds()
            time.sleep(seconds)
            used = (self.cpu_seconds() - used) / seconds
            each = (self.server.resident_bytes() - before) / count / 1024
            assert load.ask("report")["open"] == count, "connections were lost"
        self.told(f"{count} idle connections, heartbeats every 30 s", "≤ 16 KiB, ≤ 10 % of a core", kib_each=each, cpu_percent=used * 100)

    def broadcasts(self) -> None:
        count, users = self.options.connections // 2, USERS // 2
        with self.load(count, users) as load:
            for _ in range(self.options.rounds):
                self.announce(self.ids[:users])
                time.sleep(1)
            report = load.ask("report")
        assert report["received"] == count * self.options.rounds, report
        self.told(f"broadcast to {count} connections, from request to receipt", "p99 ≤ 250 ms", p50_ms=report["p50_ms"], p99_ms=report["p99_ms"])

    def live_updates(self) -> None:
        users, rate, seconds = 40, 200, min(15, self.options.seconds)
        with self.load(users * 2, users) as load:
            load.ask(f"post {rate} 2")  # warm
            report = load.ask(f"post {rate} {seconds}")
        assert report["errors"] == 0 and report["received"] == report["posted"] * 2, report
        self.told(f"{rate} activities/s, from request to live update on two sockets", "p99 ≤ 10 ms from stored",
                  p50_ms=report["p50_ms"], p99_ms=report["p99_ms"], answer_p99_ms=report["answers"]["p99_ms"])  # fmt: skip

    def slow_readers(self) -> None:
        """The first tenth of the users' connections are never read."""
        stalled, quick = self.options.connections // 10, 100
        before = self.server.resident_bytes()
        with self.load(stalled + quick, USERS, stalled) as load:
            most = 0
            for _ in range(200):
                self.announce(self.ids, LONG_TEXT)
                most = max(most, self.server.resident_bytes())
            time.sleep(7)  # the closing handshake's patience
            report = load.ask("report")
            left = expect(self.admin.get("/api/ws/stats"), 200)["connections"]
        assert report["received"] == quick * 200, report
        self.told(f"{stalled} clients that don't read beside {quick} that do", "the others are not slowed, the slow are dropped", left=left - quick,
                  p50_ms=report["p50_ms"], p99_ms=report["p99_ms"], mib_more=(most - before) / 2**20)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--databases", default="sqlite,mysql")
    options = parser.parse_args()
    rows = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-")))
        mail = stack.enter_context(contextlib.closing(MailSink()))
        for kind in options.databases.split(","):
            database = stack.enter_context(contextlib.closing(MariaDb(durable=True))).database() if kind == "mysql" else SqliteDatabase(folder)
            with contextlib.closing(Server(database, mail, LOG_LEVEL="warning", ACCESS_TOKEN_EXPIRE_MINUTES="600", **ADMIN)) as server:
                server.start()
                bench = Bench(kind, server, options)
                bench.live_updates()
                bench.idle()
                bench.broadcasts()
                bench.slow_readers()
                rows += bench.rows
    result = TOP / "build/bench/ws.json"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"options": vars(options), "results": rows}, indent=1) + "\n")
    print(f"written to {result.relative_to(TOP)}")


if __name__ == "__main__":
    main()
