"""All instances show what one instance has acknowledged."""

import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, wait

from support.client import Account, expect
from support.cluster import Cluster
from support.processes import eventually

ROUNDS = 1000
READERS = 4


def _use(cluster: Cluster, account: Account, rounds: int, seed: int) -> None:
    """Writes on one instance, reads the effect on another one."""
    dice = random.Random(seed)
    clients = [cluster.on(i, account) for i in range(len(cluster.instances))]
    for client in clients:
        client.checked = False
    total, activities, bio = 0, [], None
    for turn in range(rounds):
        writer, reader = dice.sample(clients, 2)
        action = dice.choice(["record", "record", "profile", "delete", "limit"])
        if action == "record":
            minutes = dice.randint(1, 5)
            activities.append((expect(writer.post("/api/activities", json={"app_name": "Mail", "duration_minutes": minutes}), 201)["id"], minutes))
            total += minutes
        elif action == "delete" and activities:
            which, minutes = activities.pop(dice.randrange(len(activities)))
            expect(writer.delete(f"/api/activities/{which}"), 200)
            total -= minutes
        elif action == "profile":
            bio = f"turn {turn}"
            expect(writer.patch("/api/users/me", json={"bio": bio}), 200)
        else:
            expect(writer.patch("/api/users/me", json={"daily_limit_minutes": turn % 1000}), 200)
            assert expect(reader.get("/api/activities/stats/daily"), 200)["daily_limit_minutes"] == turn % 1000
        assert expect(reader.get("/api/activities/stats/daily"), 200)["total_time"] == total, f"turn {turn}"
        assert expect(reader.get("/api/activities/stats/weekly"), 200)["total_time"] == total, f"turn {turn}"
        assert expect(reader.get("/api/users/me"), 200)["bio"] == bio, f"turn {turn}"


def _use_by_several(cluster: Cluster, rounds: int) -> None:
    with ThreadPoolExecutor(READERS) as pool:
        for done in [pool.submit(_use, cluster, cluster.new_account(), rounds // READERS, seed) for seed in range(READERS)]:
            done.result()


def test_a_read_sees_what_another_instance_has_written(cluster: Cluster) -> None:
    before = _hits(cluster)
    _use_by_several(cluster, ROUNDS)
    assert _hits(cluster) > before, "the cache has to do with it"


def _hits(cluster: Cluster) -> float:
    total = 0.0
    for server in cluster.instances:
        text = server.client(checked=False).get("/metrics").text
        total += sum(float(line.split()[1]) for line in text.splitlines() if line.startswith("focus_api_cache_hits_total"))
    return total


def test_also_while_redis_comes_and_goes(cluster: Cluster) -> None:
    # This thread starts Redis, since a process ends with the thread that started it.
    with ThreadPoolExecutor(1) as pool:
        use = pool.submit(_use_by_several, cluster, ROUNDS // 2)
        while not use.done():
            for leave, come_back in ((cluster.redis.pause, cluster.redis.resume), (cluster.redis.kill, cluster.redis.start)):
                leave()
                wait([use], 1.0)
                come_back()
                wait([use], 1.0)
        use.result()
    for server in cluster.instances:
        eventually(lambda server=server: cluster.cache_of(server) == "ok", "Redis to be back")


def test_without_redis_answers_are_right_and_fast(cluster: Cluster, person: Account) -> None:
    cluster.redis.kill()
    try:
        for server in cluster.instances:
            eventually(lambda server=server: cluster.cache_of(server) == "unavailable", "the loss to be seen")
        health = expect(cluster.instances[0].client().get("/api/health"), 200)
        assert health["status"] == "degraded" and health["database"] == "ok"
        expect(cluster.instances[0].client().get("/api/health/ready"), 200)
        since = time.monotonic()
        for i in range(60):
            expect(cluster.on(i % 3, person).post("/api/activities", json={"app_name": "Mail", "duration_minutes": 1}), 201)
            assert expect(cluster.on((i + 1) % 3, person).get("/api/activities/stats/daily"), 200)["total_time"] == i + 1
        assert (time.monotonic() - since) / 120 < 0.1, "no request waits for a missing Redis"
    finally:
        cluster.redis.start()
    for server in cluster.instances:
        eventually(lambda server=server: cluster.cache_of(server) == "ok", "Redis to be back")


def test_a_revoked_session_ends_everywhere_within_a_second(cluster: Cluster) -> None:
    for revoker in range(3):
        account = cluster.new_account()
        clients = [cluster.on(i, account) for i in range(3)]
        for client in clients:
            expect(client.get("/api/users/me"), 200)
        expect(clients[revoker].post("/api/auth/logout", json={"refresh_token": account.tokens["refresh_token"]}), 204)
        since = time.monotonic()
        expect(clients[revoker].get("/api/users/me"), 401)
        for client in clients:
            eventually(lambda client=client: client.get("/api/users/me").status_code == 401, "the session to end")
        assert time.monotonic() - since < 1


def test_one_key_on_three_instances_creates_once(cluster: Cluster, person: Account) -> None:
    for _ in range(10):
        key, body = {"Idempotency-Key": uuid.uuid4().hex}, {"app_name": "Mail", "duration_minutes": 1}
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda i: cluster.on(i % 3, person).post("/api/activities", json=body, headers=key), range(6)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        again = cluster.on(0, person).post("/api/activities", json=body, headers=key)
        assert again.status_code == 201 and again.headers["Idempotency-Replayed"] == "true"
    assert person.daily()["total_time"] == 10


def test_an_account_that_went_leaves_nothing_in_redis(cluster: Cluster, person: Account) -> None:
    for i in range(3):
        expect(cluster.on(i, person).get("/api/users/me"), 200)
        expect(cluster.on(i, person).get("/api/activities/stats/daily"), 200)
    assert person.email in cluster.redis.command("get", f"user:{person.id}")
    expect(person.api.delete("/api/users/me"), 200)
    eventually(lambda: not cluster.redis.command("--scan", "--pattern", f"*:{person.id}*").strip(), "the entries to go")
