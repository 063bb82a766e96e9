"""Migrations on a real server: interrupted, concurrent, blocked by a lock, on a database of an earlier version; and the probes meanwhile."""

import concurrent.futures
import contextlib
import random
import re
import subprocess
import time

import httpx
import pytest
from support.engines import TOP, MariaDb, MySqlDatabase
from support.processes import SLOWNESS, eventually, spawn
from support.server import BINARY, base_environment

KILLS = 50


def migrate(database) -> subprocess.CompletedProcess:
    return subprocess.run([str(BINARY), "migrate"], env=base_environment() | {"DATABASE_URL": database.url}, capture_output=True, text=True,
                          timeout=120 * SLOWNESS)  # fmt: skip


def applied(run: subprocess.CompletedProcess) -> int:
    assert run.returncode == 0, run.stderr
    return int(re.fullmatch(r"(\d+) migrations? applied", run.stdout.strip()).group(1))


def schema(database: MySqlDatabase) -> tuple[str, list]:
    """The definitions of all tables, and the rows of the migrations."""
    tables = sorted(row[0] for row in database.query("SHOW TABLES"))
    defined = "\n".join("\t".join(row) for row in database.query("".join(f"SHOW CREATE TABLE `{table}`;" for table in tables)))
    rows = database.query("".join(f"SELECT COUNT(*) FROM `{table}`;" for table in tables))
    return re.sub(r" AUTO_INCREMENT=\d+", "", defined), rows


@pytest.fixture(scope="module")
def mariadb():
    with contextlib.closing(MariaDb()) as server:
        yield server


def test_killed_at_any_moment(mariadb):
    """Each migration resumes where it stopped, and the schema is that of an uninterrupted one."""
    undisturbed = mariadb.database()
    begun = time.monotonic()
    assert applied(migrate(undisturbed)) == len(list((TOP / "migrations/mysql").glob("*.sql")))
    took = time.monotonic() - begun
    wanted = schema(undisturbed)
    databases = [mariadb.database() for _ in range(KILLS)]
    chance = random.Random(20261130)

    def disturb(database: MySqlDatabase, after: float) -> bool:
        process = spawn([str(BINARY), "migrate"], env=base_environment() | {"DATABASE_URL": database.url}, stdout=-3, stderr=-3)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        was_running = process.poll() is None
        process.kill()
        process.wait()
        applied(migrate(database))
        return was_running

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        # Ten at once are several times as slow as one.
        moments = [chance.uniform(0.1, 4) * took for _ in databases]
        killed = sum(pool.map(disturb, databases, moments))
    assert killed >= KILLS / 3, f"only {killed} were still at work"
    for database in databases:
        assert schema(database) == wanted


def test_several_at_once(world, db):
    database = world.database(db)
    total = len(list((TOP / "migrations" / db).glob("*.sql")))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(migrate, [database] * 3))
    assert sum(applied(run) for run in runs) == total


def test_a_database_of_an_earlier_version(make_server, db):
    """It does not have the tables of the migrations themselves."""
    server = make_server(db)
    assert applied(migrate(server.database)) > 0
    for sql in ("DROP TABLE IF EXISTS schema_lock", "DROP TABLE IF EXISTS schema_progress", "DROP TABLE cache_versions",
                "DELETE FROM schema_migrations WHERE number = 19"):  # fmt: skip
        server.database.query(sql)
    assert applied(migrate(server.database)) == 1
    server.start().new_account()


class Holder:
    """A client of the database that keeps a lock until it is closed."""

    def __init__(self, database: MySqlDatabase, sql: str) -> None:
        self._process = subprocess.Popen([*database.server._command, "--batch", "--skip-column-names", "--unbuffered", database.name],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        self._process.stdin.write(f"{sql};\nSELECT 'held';\n")
        self._process.stdin.flush()
        while self._process.stdout.readline().strip() != "held":
            assert self._process.poll() is None

    def close(self) -> None:
        self._process.communicate(timeout=30)


def test_probes_during_a_migration(make_server):
    server, second = make_server("mysql"), make_server("mysql")
    second.settings["DATABASE_URL"] = server.settings["DATABASE_URL"]
    database = server.database
    assert applied(migrate(database)) > 0
    # As if the process had been killed after it created the table, before it recorded that.
    database.query("DELETE FROM schema_migrations WHERE number = 19; UPDATE schema_progress SET number = 19, done = 0")
    holder = Holder(database, "LOCK TABLES cache_versions WRITE")
    server.launch()
    eventually(server.is_listening, "the server to listen")

    def waits_for(instance) -> str:
        return httpx.get(f"{instance.url}/api/health/ready").json()["waiting_for"] or ""

    eventually(lambda: waits_for(server) == "migrating 1 of 1", "the migration in the health answer")
    second.launch()
    eventually(second.is_listening, "the second server to listen")
    eventually(lambda: "another process" in waits_for(second), "the second one to wait for the first")
    for instance in (server, second):
        assert httpx.get(f"{instance.url}/api/health/live").status_code == 200
        health = httpx.get(f"{instance.url}/api/health")
        assert health.status_code == 503 and health.json()["status"] == "unhealthy" and health.json()["waiting_for"]
        for method, path in (("GET", "/api/users/me"), ("POST", "/api/auth/login"), ("GET", "/"), ("GET", "/nowhere"), ("GET", "/api/openapi.json")):
            answer = httpx.request(method, instance.url + path)
            assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0, (path, answer)
            assert answer.json()["code"] == "unavailable"
        assert httpx.get(f"{instance.url}/metrics").status_code == 200
    holder.close()
    for instance in (server, second):
        eventually(instance.is_ready, "the server to be ready", 60)
        assert not waits_for(instance)
    server.new_account()


def test_probes_without_a_database(make_server):
    with contextlib.closing(MariaDb()) as mariadb:
        database = mariadb.database()
        mariadb.stop()
        server = make_server(database=database)
        server.launch()
        eventually(server.is_listening, "the server to listen")
        assert httpx.get(f"{server.url}/api/health/live").status_code == 200
        ready = httpx.get(f"{server.url}/api/health/ready")
        assert ready.status_code == 503 and ready.json()["waiting_for"] == "the database" and ready.headers["Retry-After"]
        mariadb.start(mariadb.port)
        eventually(server.is_ready, "the server to be ready", 60)
        assert server.terminate() == 0


def test_stopped_while_it_waits(make_server):
    with contextlib.closing(MariaDb()) as mariadb:
        database = mariadb.database()
        mariadb.stop()
        server = make_server(database=database)
        server.launch()
        eventually(server.is_listening, "the server to listen")
        with httpx.Client() as client:
            assert client.get(f"{server.url}/api/health/ready").status_code == 503
            assert server.terminate() == 0
