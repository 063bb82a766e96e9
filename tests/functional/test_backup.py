"""focus backup and focus restore: a copy made while clients write is complete and can be restored."""

import concurrent.futures
import sqlite3
import stat
import threading
from pathlib import Path

import httpx
import pytest
from support.client import expect
from support.engines import SqliteDatabase
from support.processes import eventually

from .test_activities import assert_totals_are_the_sum_of_the_rows, everything

WRITERS = 4


class Writers:
    """Clients that record one activity after another until they are stopped; `acknowledged` has the session_id of each."""

    def __init__(self, server, accounts) -> None:
        self.acknowledged: list[str] = []
        self._ends = threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(WRITERS)
        self._running = [self._pool.submit(self._write, server.url, account, n) for n, account in enumerate(accounts)]

    def _write(self, url: str, account, number: int) -> None:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {account.tokens['access_token']}"}, timeout=30) as client:
            count = 0
            while not self._ends.is_set():
                name = f"{number}.{count}"
                body = {"app_name": f"App {count % 5}", "duration_minutes": 1.5, "activity_date": "2026-03-01", "session_id": name}
                assert client.post("/api/activities", json=body).status_code == 201
                self.acknowledged.append(name)
                count += 1

    def wait_for(self, more: int) -> None:
        wanted = len(self.acknowledged) + more
        eventually(lambda: len(self.acknowledged) >= wanted or any(f.done() for f in self._running), f"{wanted} writes", 60)

    def stop(self) -> None:
        self._ends.set()
        for future in self._running:
            future.result()


def tables(path: Path) -> dict[str, list[tuple]]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in sorted(names)}


def test_a_copy_taken_while_clients_write(make_server, tmp_path):
    server = make_server().start()
    accounts = [server.new_account() for _ in range(WRITERS)]
    writers = Writers(server, accounts)
    copies = []
    for number in range(3):
        writers.wait_for(100)
        before = set(writers.acknowledged)
        copy = tmp_path / f"copy{number}.db"
        run = server.command("backup", str(copy))
        assert run.returncode == 0 and f"{copy}: " in run.stdout, run.stderr
        copies.append((copy, before))
    writers.wait_for(100)
    writers.stop()
    server.terminate()

    for copy, before in copies:
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        content = tables(copy)
        restored = make_server(database=SqliteDatabase(tmp_path / copy.stem))
        run = restored.command("restore", str(copy))
        assert run.returncode == 0, run.stderr
        assert tables(restored.database.path) == content
        restored.start()
        stored = set()
        for account in accounts:
            account.api = restored.client(token=account.tokens["access_token"])
            stored |= {row["session_id"] for row in everything(account)}
            assert_totals_are_the_sum_of_the_rows(account)
        assert before <= stored < set(writers.acknowledged), "what was acknowledged before the copy is in it, what came later is not"
        restored.terminate()
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_restoring_over_a_database_keeps_it(make_server, tmp_path):
    server = make_server().start()
    account = server.new_account()
    account.record("Before")
    assert server.command("backup", str(tmp_path / "copy.db")).returncode == 0
    account.record("After")
    server.terminate()
    run = server.command("restore", str(tmp_path / "copy.db"))
    assert run.returncode == 0, run.stderr
    server.start()
    account.api = server.client(token=account.tokens["access_token"])
    assert [row["app_name"] for row in everything(account)] == ["Before"]
    (kept,) = server.database.path.parent.glob("focus.db.before-restore-*Z")
    assert str(kept) in run.stdout
    with sqlite3.connect(kept) as connection:
        assert connection.execute("SELECT COUNT(*) FROM activities").fetchone() == (2,)


def test_restoring_under_a_running_server(make_server, tmp_path):
    server = make_server().start()
    account = server.new_account()
    assert server.command("backup", str(tmp_path / "copy.db")).returncode == 0
    run = server.command("restore", str(tmp_path / "copy.db"))
    assert run.returncode == 2 and "is in use: stop the server first" in run.stderr
    account.record()
    assert list(server.database.path.parent.glob("*.before-restore-*")) == []


def test_a_copy_is_not_overwritten(make_server, tmp_path):
    server = make_server().start()
    (tmp_path / "copy.db").write_text("precious")
    run = server.command("backup", str(tmp_path / "copy.db"))
    assert run.returncode == 2 and "exists already" in run.stderr
    assert (tmp_path / "copy.db").read_text() == "precious"


@pytest.mark.parametrize("damage", ["not a database", "another program's", "torn", "newer", "missing"])
def test_what_is_not_restored(make_server, tmp_path, damage):
    server = make_server().start()
    account = server.new_account()
    for _ in range(50):
        account.record()
    copy = tmp_path / "copy.db"
    assert server.command("backup", str(copy)).returncode == 0
    if damage == "not a database":
        copy.write_bytes(b"x" * 8192)
    elif damage == "another program's":
        copy.unlink()
        with sqlite3.connect(copy) as connection:
            connection.execute("CREATE TABLE t (x)")
    elif damage == "torn":
        content = bytearray(copy.read_bytes())
        content[3 * 4096 : 40 * 4096] = b"\xff" * (37 * 4096)
        copy.write_bytes(content)
    elif damage == "newer":
        with sqlite3.connect(copy) as connection:
            connection.execute("INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES (9999, 'from_the_future', 1)")
    else:
        copy.unlink()
    server.terminate()
    run = server.command("restore", str(copy))
    assert run.returncode != 0 and str(copy) in run.stderr and len(run.stderr.splitlines()) == 1, run.stderr
    server.start()
    account.api = server.client(token=account.tokens["access_token"])
    assert len(expect(account.api.get("/api/activities", params={"limit": 100}), 200)) == 50, "the database stays as it was"


def test_a_database_that_is_gone(make_server, tmp_path):
    server = make_server()
    run = server.command("backup", str(tmp_path / "copy.db"))
    assert run.returncode == 2 and "there is no database" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_mysql_has_its_own_tools(make_server, tmp_path, command):
    server = make_server(DATABASE_URL="mysql://focus:hush-hush@127.0.0.1:1/focus")
    run = server.command(command, str(tmp_path / "copy.db"))
    assert run.returncode == 2 and "dump" in run.stderr and "docs/operations.md" in run.stderr and "hush-hush" not in run.stderr
