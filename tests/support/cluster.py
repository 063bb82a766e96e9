"""Several instances on one MariaDB and one Redis behind HAProxy, all on the loopback."""

import contextlib
import tempfile

import httpx

from .engines import TOP, MariaDb, Redis
from .mail import MailSink
from .processes import eventually, free_port, spawn, stop
from .server import Clients, Server, base_environment


class Balancer:
    """HAProxy with the configuration of deploy/."""

    def __init__(self, instances: list[Server]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        addresses = {f"FOCUS_{i}": "127.0.0.1:1" for i in (1, 2, 3)}  # nothing listens there
        addresses |= {f"FOCUS_{i}": server.url.removeprefix("http://") for i, server in enumerate(instances, 1)}
        self._log = tempfile.TemporaryFile()
        self.process = spawn(["haproxy", "-db", "-f", str(TOP / "deploy/haproxy/haproxy.cfg")],
                             env=base_environment() | addresses | {"FOCUS_BIND": f"127.0.0.1:{self.port}", "FOCUS_MAXCONN": "4000"},
                             stdout=self._log, stderr=self._log)  # fmt: skip
        eventually(self._answers, "HAProxy")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            self._log.seek(0)
            raise AssertionError(f"HAProxy ended with {self.process.returncode}:\n{self._log.read().decode()[-2000:]}")
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/api/health/ready", timeout=2).status_code == 200
        return False

    def close(self) -> None:
        stop(self.process)
        self._log.close()


class Cluster(Clients):
    """`instances` and, in front of them, `url`. Its clients go through the balancer; those of an instance straight to it."""

    def __init__(self, *, count: int = 3, durable: bool = False, **settings: str) -> None:
        super().__init__()
        with contextlib.ExitStack() as stack:
            self.mail = stack.enter_context(contextlib.closing(MailSink()))
            self.mariadb = stack.enter_context(contextlib.closing(MariaDb(durable=durable)))
            self.redis = stack.enter_context(contextlib.closing(Redis()))
            self.database = self.mariadb.database()
            self.instances = []
            for _ in range(count):
                server = Server(self.database, self.mail, **{
                    "REDIS_URL": self.redis.url, "PORT": str(free_port()), "TRUSTED_PROXIES": "127.0.0.1", "DRAIN_SECONDS": "2"} | settings)  # fmt: skip
                self.instances.append(stack.enter_context(contextlib.closing(server)))
                server.start()
            for server in self.instances:
                eventually(lambda server=server: self.cache_of(server) == "ok", "Redis to be connected")
            self.balancer = stack.enter_context(contextlib.closing(Balancer(self.instances)))
            self._stack = stack.pop_all()
        self.url = self.balancer.url

    @staticmethod
    def cache_of(server: Server) -> str:
        """The state of the cache in the instance's health."""
        return httpx.get(f"{server.url}/api/health", timeout=10).json()["cache"]

    def on(self, index: int, account) -> httpx.Client:
        """The account's client for one instance."""
        return self.instances[index].client(token=account.tokens["access_token"])

    def set_clocks(self, now: str) -> None:
        for server in self.instances:
            server.set_clock(now)

    def close(self) -> None:
        self._stack.close()
