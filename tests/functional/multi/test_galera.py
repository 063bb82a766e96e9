"""Galera: one writer at a time behind the HAProxy configuration of deploy/, and the refusal of any other use."""

import contextlib
from collections.abc import Iterator

import httpx
import pytest
from support.engines import TOP
from support.failover import DatabaseProxy
from support.galera import PROVIDER, GaleraCluster, GaleraNode
from support.load import Load, check
from support.processes import eventually
from support.server import Server

pytestmark = pytest.mark.skipif(not PROVIDER.exists(), reason="galera-4 is not installed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[GaleraCluster]:
    with contextlib.closing(GaleraCluster()) as nodes:
        yield nodes


def test_one_writer_stops_and_comes_back(cluster: GaleraCluster, make_server) -> None:
    database = cluster.first.database()
    with contextlib.closing(DatabaseProxy(cluster.first, cluster.second, configuration=TOP / "deploy/haproxy/galera.cfg")) as proxy:
        server: Server = make_server(database=database, DATABASE_URL=proxy.url(database.name) + "?galera=single-writer").start()
        load = Load([server.new_account() for _ in range(4)])
        for step in (lambda: None, cluster.first.stop, lambda: cluster.first.join(cluster.second)):
            step()
            before = load.total
            eventually(lambda before=before: load.total >= before + 40, "records to be acknowledged", 60)
        load.stop()
        for node in (cluster.first, cluster.second):
            check(load, lambda sql, node=node: node.query(f"SET SESSION wsrep_sync_wait = 1; {sql}", database.name))


def test_a_transaction_that_the_cluster_ends_is_run_again_as_a_whole(cluster: GaleraCluster, make_server) -> None:
    """Writes to two nodes at once, against the rule: acknowledged records exist, complete and once."""
    database = cluster.first.database()
    urls = [f"{node.url}/{database.name}?galera=single-writer" for node in (cluster.first, cluster.second)]
    servers = [make_server(database=database, DATABASE_URL=url).start() for url in urls]
    users = [servers[0].new_account() for _ in range(2)]
    loads = []
    for server in servers:
        same = []
        for user in users:
            there = type(user)(server, user.fields)
            there.id = user.id
            eventually(lambda there=there: there.anonymous.post("/api/auth/login", json={"email": there.email, "password": there.password}).status_code == 200,
                       "the account on the other node")  # fmt: skip
            there.login()
            same.append(there)
        loads.append(Load(same))
    eventually(lambda: all(load.total >= 100 for load in loads), "records to be acknowledged", 120)
    for load in loads:
        load.stop()
    loads[0].acknowledged = {user.id: sum(load.acknowledged[user.id] for load in loads) for user in users}
    check(loads[0], lambda sql: cluster.first.query(f"SET SESSION wsrep_sync_wait = 1; {sql}", database.name))


def test_a_node_is_refused_unless_one_writer_is_promised(make_server) -> None:
    with contextlib.closing(GaleraNode()) as node:
        database = node.database()
        server: Server = make_server(database=database).start()
        node.stop()
        node.bootstrap()
        eventually(lambda: httpx.get(f"{server.url}/api/health/ready").status_code == 503, "the instance not to be ready")
        eventually(lambda: any("galera=single-writer" in line for line in server.lines), "the reason in the log")
        server.terminate()
        for command in ("migrate", "serve"):
            run = server.command(command)
            last = run.stderr.splitlines()[-1]
            assert run.returncode == 1 and "galera=single-writer" in last, run.stderr
        server.settings["DATABASE_URL"] += "?galera=single-writer"
        server.start().new_account()
