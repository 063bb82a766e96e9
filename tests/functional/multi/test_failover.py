"""The primary is demoted and the replica promoted while connections stay, as in a planned failover."""

import contextlib
import time
from collections.abc import Iterator

import httpx
import pytest
from support.failover import DatabaseProxy, Replicated
from support.load import Load, check
from support.processes import SLOWNESS, eventually
from support.server import Server


@pytest.fixture
def replicated() -> Iterator[Replicated]:
    with contextlib.closing(Replicated()) as servers:
        yield servers


def test_a_planned_failover(replicated: Replicated, make_server) -> None:
    database = replicated.primary.database()
    with contextlib.closing(DatabaseProxy(replicated.primary, replicated.replica)) as proxy:
        server: Server = make_server(database=database, DATABASE_URL=proxy.url(database.name)).start()
        load = Load([server.new_account() for _ in range(4)])
        eventually(lambda: load.total >= 40, "some records")
        replicated.demote()
        eventually(lambda: httpx.get(f"{server.url}/api/health/ready").status_code == 503, "the instance not to be ready", 10)
        health = httpx.get(f"{server.url}/api/health")
        assert health.status_code == 503 and health.json()["database"] == "read_only"
        replicated.promote()
        proxy.move(off="db1", to="db2")
        moved, before = time.monotonic(), load.total
        eventually(lambda: load.total > before, "writes to succeed again", 10)
        assert load.last - moved < 10 * SLOWNESS
        eventually(server.is_ready, "the instance to be ready again", 10)
        eventually(lambda: load.total >= before + 40, "some records more")
        load.stop()
        check(load, lambda sql: replicated.replica.query(sql, database.name))
        assert replicated.primary.query("SELECT COUNT(*) FROM activities", database.name) == [[str(before)]] or load.total > before


def test_readiness_alone_finds_the_new_primary(replicated: Replicated, make_server) -> None:
    """Without a write of a user: the balancer sends none to an instance that is not ready."""
    database = replicated.primary.database()
    with contextlib.closing(DatabaseProxy(replicated.primary, replicated.replica)) as proxy:
        server: Server = make_server(database=database, DATABASE_URL=proxy.url(database.name)).start()
        user = server.new_account()
        replicated.demote()
        replicated.promote()
        proxy.move(off="db1", to="db2")
        eventually(server.is_ready, "the instance to be ready", 10)
        user.record("Mail", 1)
        assert replicated.replica.query("SELECT COUNT(*) FROM activities", database.name) == [["1"]]
