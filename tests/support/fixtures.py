"""The fixtures. `server` is one process per database and test worker, shared by all tests; a test that needs
other settings, kills the server or must be its only user takes `make_server`. Tests with `db` run on SQLite and MariaDB."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .client import Account, Client, opened
from .engines import MySqlServer, Redis, SqliteDatabase, mysql_server
from .mail import MailSink
from .server import Server


class World:
    """All parts that are started at most once per test worker."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._mysql: MySqlServer | None = None
        self._redis: Redis | None = None
        self._servers: dict[str, Server] = {}
        self._mail: MailSink | None = None

    def _keep(self, thing):
        return self._stack.enter_context(contextlib.closing(thing))

    @property
    def mysql(self) -> MySqlServer:
        if self._mysql is None:
            self._mysql = self._keep(mysql_server())
        return self._mysql

    @property
    def redis(self) -> Redis:
        if self._redis is None:
            self._redis = self._keep(Redis())
        return self._redis

    @property
    def mail(self) -> MailSink:
        if self._mail is None:
            self._mail = self._keep(MailSink())
        return self._mail

    def database(self, kind: str):
        """A new empty database."""
        if kind == "mysql":
            return self.mysql.database()
        return SqliteDatabase(Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-sqlite-"))))

    def server(self, kind: str) -> Server:
        """The shared server on that kind of database; started again when an earlier test has stopped it."""
        server = self._servers.get(kind)
        if server is None:
            server = self._keep(Server(self.database(kind), self.mail))
            self._servers[kind] = server.start()
        elif server.process.poll() is not None:
            raise AssertionError(f"the shared server ended with {server.process.returncode}:\n{server.log()}")
        return server


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        yield World(stack)


@pytest.fixture(autouse=True)
def _close_clients() -> Iterator[None]:
    """Closes the clients of a test at its end."""
    before = len(opened)
    yield
    for client in opened[before:]:
        client.close()
    del opened[before:]


@pytest.fixture(params=["sqlite", "mysql"])
def db(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def server(world: World, db: str) -> Server:
    return world.server(db)


@pytest.fixture
def sqlite_server(world: World) -> Server:
    """For tests that do not depend on the database."""
    return world.server("sqlite")


@pytest.fixture
def make_server(world: World) -> Iterator[Callable[..., Server]]:
    """make_server(kind, mail=…, **SETTINGS): an unstarted server on a new database, or on `database`."""
    with contextlib.ExitStack() as stack:

        def make(kind: str = "sqlite", *, mail: MailSink | None = None, database=None, **settings: str) -> Server:
            server = Server(database or world.database(kind), mail or world.mail, **settings)
            return stack.enter_context(contextlib.closing(server))

        yield make


@pytest.fixture
def mail_sink() -> Iterator[MailSink]:
    """A mail sink for one test, which can be made to fail."""
    with contextlib.closing(MailSink()) as sink:
        yield sink


@pytest.fixture
def api(server: Server) -> Iterator[Client]:
    """A client without a token."""
    with server.client() as client:
        yield client


@pytest.fixture
def user(server: Server) -> Account:
    """A verified, signed-in user with nothing recorded yet."""
    return server.new_account()


@pytest.fixture
def other(server: Server) -> Account:
    return server.new_account()


@pytest.fixture
def clock(server: Server) -> Iterator[Callable[[str], None]]:
    """clock("2026-03-29T00:30:00Z") sets the shared server's clock for this test."""
    yield server.set_clock
    server.reset_clock()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """A failed test shows what its server logged."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and hasattr(item, "funcargs"):
        for name in ("server", "sqlite_server"):
            if name in item.funcargs:
                report.sections.append((f"log of the {name}", "\n".join(item.funcargs[name].lines[-60:])))
