"""One refresh token at several instances, whose clocks may differ."""

from concurrent.futures import ThreadPoolExecutor

from support.client import Account, expect
from support.cluster import Cluster


def refresh(cluster: Cluster, index: int, token: str):
    return cluster.instances[index].client().post("/api/auth/refresh", json={"refresh_token": token})


def test_tabs_on_several_instances_all_go_on(cluster: Cluster, person: Account) -> None:
    tokens = [person.tokens["refresh_token"]] * 6
    with ThreadPoolExecutor(len(tokens)) as pool:
        for _ in range(5):
            answers = pool.map(lambda i, token: refresh(cluster, i % 3, token), range(len(tokens)), tokens)
            tokens = [expect(answer, 200)["refresh_token"] for answer in answers]
            assert len(set(tokens)) == 1


def test_a_slow_clock_makes_no_old_token_good(cluster: Cluster) -> None:
    try:
        cluster.set_clocks("2031-07-01T12:00:00Z")
        account = cluster.new_account()
        spent = account.tokens["refresh_token"]
        cluster.instances[1].set_clock("2031-07-01T11:56:00Z")
        successor = expect(refresh(cluster, 0, spent), 200)["refresh_token"]
        assert expect(refresh(cluster, 1, spent), 200)["refresh_token"] == successor
        cluster.instances[0].set_clock("2031-07-01T12:00:31Z")
        expect(refresh(cluster, 0, successor), 200)
        expect(refresh(cluster, 1, spent), 401, "token_reused")
    finally:
        for server in cluster.instances:
            server.reset_clock()


def test_the_database_knows_how_long_ago_it_was(cluster: Cluster) -> None:
    try:
        cluster.set_clocks("2031-07-01T12:00:00Z")
        account = cluster.new_account()
        spent = account.tokens["refresh_token"]
        cluster.instances[1].set_clock("2031-07-01T11:56:00Z")
        successor = expect(refresh(cluster, 0, spent), 200)["refresh_token"]
        expect(refresh(cluster, 1, successor), 200)
        assert expect(refresh(cluster, 1, spent), 200)["refresh_token"] == successor
        cluster.database.query("UPDATE refresh_tokens SET spent_db_ms = spent_db_ms - 31000 WHERE spent_db_ms IS NOT NULL")
        expect(refresh(cluster, 1, spent), 401, "token_reused")
    finally:
        for server in cluster.instances:
            server.reset_clock()
