"""The database restarts, hangs, refuses, turns read-only: bounded errors, no false acknowledgement, and recovery without help."""

import time
import uuid
from collections.abc import Iterator

import httpx
import pytest
from support.client import Account, expect
from support.engines import MariaDb
from support.processes import eventually
from support.server import Server


@pytest.fixture
def mariadb() -> Iterator[MariaDb]:
    server = MariaDb()
    yield server
    server.resume()
    server.close()


@pytest.fixture
def server(mariadb: MariaDb, make_server) -> Server:
    return make_server(database=mariadb.database()).start()


@pytest.fixture
def user(server: Server) -> Account:
    return server.new_account()


def _record(user: Account, key: str) -> httpx.Response:
    return user.api.post("/api/activities", json={"app_name": "Mail", "duration_minutes": 1}, headers={"Idempotency-Key": key})


def _refused(answer: httpx.Response) -> None:
    expect(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


def _works_again(server: Server, user: Account, key: str, total: int) -> None:
    eventually(lambda: server.client().get("/api/health/ready").status_code == 200, "the server to be ready again", 30)
    answer = eventually(lambda: (lambda got: got if got.status_code == 201 else None)(_record(user, key)), "the write to succeed")
    assert _record(user, key).json()["id"] == answer.json()["id"]
    assert user.daily()["total_time"] == total


def test_killed_and_started_again(mariadb: MariaDb, server: Server, user: Account) -> None:
    user.record("Mail", 1)
    mariadb.process.kill()
    mariadb.process.wait()
    key = uuid.uuid4().hex
    for _ in range(20):
        begun = time.monotonic()
        _refused(_record(user, key))
        assert time.monotonic() - begun < 7
    assert httpx.get(f"{server.url}/api/health").status_code == 503
    expect(server.client().get("/api/health/live"), 200)
    mariadb.start(mariadb.port)
    _works_again(server, user, key, 2)


def test_hanging(mariadb: MariaDb, server: Server, user: Account) -> None:
    user.record("Mail", 1)
    mariadb.pause()
    key = uuid.uuid4().hex
    begun = time.monotonic()
    _refused(_record(user, key))
    assert time.monotonic() - begun < 20
    begun = time.monotonic()
    _refused(user.api.get("/api/activities/stats/daily"))  # also a cached answer
    assert time.monotonic() - begun < 20
    mariadb.resume()
    _works_again(server, user, key, 2)


def test_read_only(mariadb: MariaDb, server: Server, user: Account) -> None:
    user.record("Mail", 1)
    mariadb.set_read_only(True)
    key = uuid.uuid4().hex
    eventually(lambda: _record(user, key).status_code == 503, "writes to be refused")
    _refused(_record(user, key))
    assert user.daily()["total_time"] == 1
    mariadb.set_read_only(False)
    _works_again(server, user, key, 2)
