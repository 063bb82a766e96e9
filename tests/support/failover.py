"""A MariaDB primary with a replica, and HAProxy (TCP) in front of databases."""

import shutil
import socket
import tempfile
from pathlib import Path

from .engines import PASSWORD, USER, MariaDb
from .processes import eventually, free_port, spawn, stop
from .server import base_environment

# Existing connections stay when the address moves, as with a virtual IP or a name.
_MOVING_ADDRESS = """
global
    stats socket "${FOCUS_DB_ADMIN}" level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h
frontend database
    bind "${FOCUS_DB_BIND}"
    default_backend nodes
backend nodes
    server db1 "${FOCUS_DB_1}"
    server db2 "${FOCUS_DB_2}" disabled
"""


class DatabaseProxy:
    """HAProxy in front of up to two databases; its servers are db1 and db2."""

    def __init__(self, *nodes: MariaDb, configuration: Path | None = None) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="focus-haproxy-"))
        if configuration is None:
            configuration = self.folder / "haproxy.cfg"
            configuration.write_text(_MOVING_ADDRESS)
        addresses = {f"FOCUS_DB_{i}": f"127.0.0.1:{node.port}" for i, node in enumerate(nodes, 1)}
        self._admin = self.folder / "admin"
        self._log = open(self.folder / "log", "ab")
        self.process = spawn(["haproxy", "-db", "-f", str(configuration)],
                             env=base_environment() | addresses | {"FOCUS_DB_BIND": f"127.0.0.1:{self.port}", "FOCUS_DB_ADMIN": str(self._admin)},
                             stdout=self._log, stderr=self._log)  # fmt: skip
        eventually(self._answers, "HAProxy", 10)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"HAProxy ended with {self.process.returncode}:\n{(self.folder / 'log').read_text()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, database: str) -> str:
        return f"mysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def move(self, off: str, to: str) -> None:
        """New connections go to `to`."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._admin))
            admin.sendall(f"set server nodes/{off} state maint; set server nodes/{to} state ready\n".encode())
            while admin.recv(4096):
                pass

    def close(self) -> None:
        stop(self.process)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _server(number: int) -> MariaDb:
    options = (f"--server-id={number}", "--log-bin=binlog", "--log-slave-updates=ON", "--gtid-strict-mode=ON", "--binlog-format=ROW")
    return MariaDb(options=options, first="SET SESSION sql_log_bin = 0;\n")


class Replicated:
    """`primary` with `replica`, which follows it by GTID. The user of the tests may not write to a read-only server."""

    def __init__(self) -> None:
        self.primary, self.replica = _server(1), _server(2)
        for server in (self.primary, self.replica):
            server.query(f"SET SESSION sql_log_bin = 0; REVOKE READ ONLY ADMIN ON *.* FROM '{USER}'@'%'")
        self.replica.query(f"SET GLOBAL read_only = 1; CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {self.primary.port}, "
                           f"MASTER_USER = '{USER}', MASTER_PASSWORD = '{PASSWORD}', MASTER_SSL_VERIFY_SERVER_CERT = 0, MASTER_USE_GTID = slave_pos; START SLAVE")  # fmt: skip

    def demote(self) -> None:
        """Makes the primary read-only and waits until the replica has all writes."""
        self.primary.query("SET GLOBAL read_only = 1")
        position = self.primary.query("SELECT @@gtid_binlog_pos")[0][0]
        assert self.replica.query(f"SELECT MASTER_GTID_WAIT('{position}', 30)")[0][0] == "0"

    def promote(self) -> None:
        self.replica.query("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0")

    def close(self) -> None:
        self.replica.close()
        self.primary.close()
