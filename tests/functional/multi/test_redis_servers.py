"""Redis servers that cannot be used: a demoted primary, a node of a cluster, a missing one."""

import contextlib
import socket
import threading
import time

import httpx
import pytest
from support.client import expect
from support.cluster import Cluster
from support.engines import MariaDb, Redis
from support.processes import eventually, free_port
from support.server import Server

from .test_sockets import _provoke, _socket_on


class Forwarder:
    """An address that follows the primary: new connections go to `port`, existing ones stay."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with contextlib.suppress(OSError):
                    server = socket.create_connection(("127.0.0.1", self.port))
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=self._copy, args=pair, daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


def warnings(server: Server) -> list[dict]:
    return [line for line in server.records() if "Redis" in line.get("event", "") and line["level"] == "warning"]


def health(server: Server) -> tuple[str, str]:
    answer = httpx.get(f"{server.url}/api/health", timeout=10).json()
    return answer["status"], answer["cache"]


def redis_up(server: Server) -> str:
    return next(line.split()[-1] for line in httpx.get(f"{server.url}/metrics", timeout=10).text.splitlines() if line.startswith("focus_api_redis_up"))


def test_instances_follow_a_failover() -> None:
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(contextlib.closing(Redis()))
        new = stack.enter_context(contextlib.closing(Redis()))
        address = stack.enter_context(contextlib.closing(Forwarder(old.port)))
        cluster = stack.enter_context(contextlib.closing(Cluster(count=2, REDIS_URL=f"redis://127.0.0.1:{address.address}")))
        person = cluster.new_account()
        address.port = new.port
        old.command("replicaof", "127.0.0.1", str(new.port))
        eventually(lambda: new.command("pubsub", "numsub", "focus:0:bus").split()[-1] == "2", "both instances to listen at the new primary")
        for server in cluster.instances:
            eventually(lambda server=server: health(server) == ("healthy", "ok"), "the new primary to be used")
        with _socket_on(cluster.instances[1], person) as live:
            _provoke(cluster.on(0, person), "Mail")
            assert [one["notification_type"] for one in live.stored(2)] == ["limit_warning", "app_blocked"]
        assert len(warnings(cluster.instances[0])) <= 2, warnings(cluster.instances[0])


def test_a_demoted_primary_is_not_used_and_health_says_so() -> None:
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(contextlib.closing(Redis()))
        cluster = stack.enter_context(contextlib.closing(Cluster(count=1, REDIS_URL=redis.url)))
        server = cluster.instances[0]
        person = cluster.new_account()
        assert redis_up(server) == "1"
        redis.command("replicaof", "127.0.0.1", str(free_port()))
        eventually(lambda: health(server) == ("degraded", "unavailable"), "the demotion to be seen")
        assert redis_up(server) == "0"
        for number in range(30):
            expect(person.api.post("/api/activities", json={"app_name": f"App {number}", "duration_minutes": 1}), 201)
            expect(person.api.get("/api/users/me"), 200)
        assert len(warnings(server)) <= 2, "a line a minute, not one per command"
        redis.command("replicaof", "no", "one")
        eventually(lambda: health(server) == ("healthy", "ok") and redis_up(server) == "1", "the primary to be back")


@pytest.fixture
def one_server():
    with contextlib.ExitStack() as stack:
        mariadb = stack.enter_context(contextlib.closing(MariaDb()))

        def start(redis_url: str, **settings: str) -> Server:
            server = stack.enter_context(contextlib.closing(Server(mariadb.database(), REDIS_URL=redis_url, **settings)))
            return server.start()

        yield start


def test_a_node_of_a_cluster_is_refused_in_one_line(one_server) -> None:
    with contextlib.closing(Redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))) as node:
        server = one_server(node.url)
        eventually(lambda: warnings(server), "a word about it")
        assert health(server) == ("degraded", "unavailable")
        since = time.monotonic()
        while time.monotonic() - since < 3:
            assert httpx.get(f"{server.url}/api/health/ready", timeout=10).status_code == 200
            time.sleep(0.1)
        assert [line["cause"] for line in warnings(server)] == ["it belongs to a Redis Cluster, which is not supported: name a single server"]


@pytest.mark.parametrize("wrong", ["closed", "password", "plain"])
def test_a_redis_that_never_works_is_mentioned_once(one_server, wrong: str) -> None:
    with contextlib.closing(Redis()) as redis:
        url = {"closed": f"redis://127.0.0.1:{free_port()}", "password": f"redis://:wrong@127.0.0.1:{redis.port}",
               "plain": f"rediss://127.0.0.1:{redis.port}"}[wrong]  # fmt: skip
        if wrong == "password":
            redis.command("config", "set", "requirepass", "right")
        server = one_server(url)
        eventually(lambda: warnings(server), "a word about it", 10)
        assert health(server) == ("degraded", "unavailable") and redis_up(server) == "0"
        time.sleep(3)
        found = warnings(server)
        assert len(found) == 1 and found[0]["cause"], found
        assert "wrong" not in "\n".join(server.lines)


def test_a_url_of_a_cluster_or_sentinel_stops_the_start(make_server) -> None:
    for scheme in ("redis+cluster", "redis+sentinel"):
        server = make_server("sqlite", REDIS_URL=f"{scheme}://127.0.0.1:1,127.0.0.1:2")
        ended = server.command("serve")
        assert ended.returncode != 0 and "not supported" in ended.stderr and ended.stderr.count("\n") == 1, ended.stderr
