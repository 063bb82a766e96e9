"""Real MariaDB and Redis servers on free ports of the loopback, with their data in a temporary folder.

As a program it starts both, sets FOCUS_TEST_MYSQL (mysql://user:password@127.0.0.1:port, without a database) and
FOCUS_TEST_REDIS (redis://127.0.0.1:port), runs a command and stops both:

    python3 -m support.engines build/debug/focus_tests

If these variables are set already, the servers that they name are used instead: so the tests run on MySQL.
"""

import contextlib
import fcntl
import getpass
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .processes import eventually, free_port, spawn, stop

TOP = Path(__file__).resolve().parents[2]
USER, PASSWORD = "focus", "focus-test"


def _mariadb_template() -> Path:
    """A fresh data folder of this MariaDB version, made once and copied for each server."""
    version = subprocess.run(["mariadbd", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    cache = TOP / "build" / "test-cache"
    cache.mkdir(parents=True, exist_ok=True)
    template = cache / f"mariadb-{version}"
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            making = cache / "making"
            shutil.rmtree(making, ignore_errors=True)
            subprocess.run(
                ["mariadb-install-db", "--no-defaults", f"--datadir={making}", "--skip-test-db", f"--user={getpass.getuser()}",
                 "--auth-root-authentication-method=normal", "--innodb-log-file-size=8M"],
                check=True, capture_output=True)  # fmt: skip
            making.rename(template)
    return template


class MySqlServer:
    """A server of either kind; `database()` returns a new empty database."""

    url: str
    _command: list[str]  # the client, as an administrator
    _databases = 0

    def _client(self, sql: str, database: str = "") -> subprocess.CompletedProcess:
        command = [*self._command, "--batch", "--raw", "--skip-column-names", database]
        return subprocess.run(command, input=sql, capture_output=True, text=True)

    def query(self, sql: str, database: str = "") -> list[list[str]]:
        result = self._client(sql, database)
        if result.returncode != 0:
            raise RuntimeError(f"{sql}: {result.stderr}")
        return [line.split("\t") for line in result.stdout.splitlines()]

    def database(self) -> "MySqlDatabase":
        self._databases += 1
        name = f"focus_{os.getpid()}_{self._databases}"
        self.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return MySqlDatabase(self, name)


class GivenServer(MySqlServer):
    """The server that FOCUS_TEST_MYSQL names. Its databases are dropped at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self._command = ["mariadb", "--no-defaults", f"--host={parts.hostname}", f"--port={parts.port or 3306}", f"--user={unquote(parts.username)}",
                         f"--password={unquote(parts.password or '')}", "--disable-ssl-verify-server-cert"]  # fmt: skip

    def close(self) -> None:
        for number in range(1, self._databases + 1):
            self.query(f"DROP DATABASE focus_{os.getpid()}_{number}")


class MariaDb(MySqlServer):
    """A MariaDB server with its own data. `options` are further ones of mariadbd, `first` is SQL that runs at each start."""

    def __init__(self, durable: bool = False, memory: str = "128M", options: tuple[str, ...] = (), first: str = "") -> None:
        self.options = list(options)
        self.folder = Path(tempfile.mkdtemp(prefix="focus-mariadb-"))
        self.socket = self.folder / "socket"
        self._command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root"]
        shutil.copytree(_mariadb_template(), self.folder / "data")
        (self.folder / "init.sql").write_text(
            f"{first}CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO '{USER}'@'%';\n")
        self._durable, self._memory = durable, memory
        self._log_size = "1G" if memory.endswith("G") else "32M"  # for a large load
        self.start()

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def start(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self._log = open(self.folder / "log", "ab")
        # Tests never stop the machine, so the engine need not wait for the disk.
        durability = [] if self._durable else ["--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0"]
        self.process = spawn(
            ["mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.socket}", f"--port={self.port}",
             f"--tmpdir={self.folder}",  # at a start, mariadbd deletes files that look like temporary tables in this folder
             "--bind-address=127.0.0.1", "--skip-name-resolve", f"--user={getpass.getuser()}", f"--init-file={self.folder}/init.sql",
             f"--pid-file={self.folder}/pid", f"--innodb-buffer-pool-size={self._memory}", f"--innodb-log-file-size={self._log_size}", "--max-connections=400",
             "--character-set-server=utf8mb4", "--performance-schema=OFF", *durability,
             *self.options],
            env=self.environment(), stdout=self._log, stderr=self._log)  # fmt: skip
        eventually(self._answers, f"MariaDB (see {self.folder}/log)", 60)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"MariaDB ended with {self.process.returncode}:\n{(self.folder / 'log').read_text()[-2000:]}")
        return self._client("SELECT 1").returncode == 0

    @property
    def url(self) -> str:
        return f"mysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}"

    def pause(self) -> None:
        """The server hangs: connections open, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def set_read_only(self, read_only: bool) -> None:
        """Makes the server read-only, like a demoted primary."""
        self.query(f"REVOKE READ ONLY ADMIN ON *.* FROM '{USER}'@'%'; SET GLOBAL read_only = {int(read_only)}; KILL USER {USER}")

    def stop(self) -> None:
        stop(self.process, 60)
        self._log.close()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class MySqlDatabase:
    kind = "mysql"

    def __init__(self, server: MySqlServer, name: str) -> None:
        self.server, self.name = server, name

    @property
    def url(self) -> str:
        return f"{self.server.url}/{self.name}"

    def query(self, sql: str) -> list[tuple]:
        """Rows as text, read directly and not through the server under test."""
        return [tuple(row) for row in self.server.query(sql, self.name)]


class SqliteDatabase:
    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "focus.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def query(self, sql: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
            return [tuple("NULL" if value is None else str(value) for value in row) for row in connection.execute(sql)]


class Redis:
    """A Redis server without persistence: after a restart it is empty."""

    def __init__(self, *options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="focus-redis-"))
        self.port = free_port()
        self._options = options
        self.start()

    def start(self) -> None:
        self._log = open(self.folder / "log", "ab")
        self.process = spawn(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder), *self._options],
            stdout=self._log, stderr=self._log)  # fmt: skip
        eventually(self._answers, "Redis")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"Redis ended with {self.process.returncode}:\n{(self.folder / 'log').read_text()[-2000:]}")
        return "PONG" in self.command("ping")

    def command(self, *words: str) -> str:
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True).stdout

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def pause(self) -> None:
        """The server hangs: connections open, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def mysql_server() -> GivenServer | MariaDb:
    """The server on which the tests run."""
    given = os.environ.get("FOCUS_TEST_MYSQL")
    return GivenServer(given) if given else MariaDb()


def main(command: list[str]) -> int:
    with contextlib.ExitStack() as stack:
        mysql = stack.enter_context(contextlib.closing(mysql_server()))
        redis_url = os.environ.get("FOCUS_TEST_REDIS") or stack.enter_context(contextlib.closing(Redis())).url
        environment = os.environ | {"FOCUS_TEST_MYSQL": mysql.url, "FOCUS_TEST_REDIS": redis_url}
        process = subprocess.Popen(command, env=environment)
        try:
            return process.wait()
        except KeyboardInterrupt:
            return stop(process)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
