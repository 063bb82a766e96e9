"""Three instances, MariaDB, Redis and HAProxy, shared by the tests of a worker; a test that stops a part starts it again."""

import contextlib
from collections.abc import Iterator

import pytest
from support.client import Account
from support.cluster import Cluster


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[Cluster]:
    with contextlib.closing(Cluster()) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    for server in shared_cluster.instances:
        assert server.process.poll() is None, f"an instance ended with {server.process.returncode}:\n{server.log()}"
    return shared_cluster


@pytest.fixture
def person(cluster: Cluster) -> Account:
    return cluster.new_account()
