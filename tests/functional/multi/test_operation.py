"""Jobs, restarts and crashes with several instances."""

import contextlib
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
from support.client import expect
from support.cluster import Cluster
from support.processes import eventually


def test_a_job_has_its_effect_once(cluster: Cluster) -> None:
    """All three instances find the same challenge to be over at the same time."""
    creator, member = cluster.new_account(), cluster.new_account()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    body = {"name": "One day", "target_apps": ["Mail"], "start_date": today, "end_date": today}
    challenge = expect(creator.api.post("/api/challenges", json=body), 201)["id"]
    expect(member.api.post(f"/api/challenges/{challenge}/join"), 200)
    creator.record("Mail", 5)
    member.record("Mail", 10)
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3 * 86400))
    cluster.set_clocks(later)
    try:
        for account in (creator, member):
            account.login()

        def notified(account) -> list[dict]:
            return [one for one in expect(account.api.get("/api/notifications"), 200) if one["data"].get("event") == "ended"]

        eventually(lambda: notified(creator) and notified(member), "the notifications of the results", 90)
        assert len(notified(creator)) == 1 and len(notified(member)) == 1
        rows = cluster.database.query(f"SELECT COUNT(*) FROM outbox WHERE type = 'challenge_results' AND recipient = '{member.email}'")
        assert rows == [("1",)]
    finally:
        for server in cluster.instances:
            server.reset_clock()


class Load:
    """Users who write and read through the balancer until stopped. Counts acknowledged and failed requests."""

    def __init__(self, cluster: Cluster, people: int = 6) -> None:
        self.cluster, self.accounts = cluster, [cluster.new_account() for _ in range(people)]
        self.failures: list[str] = []
        self.done = dict.fromkeys(range(people), 0)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(people)
        self._runs = [self._pool.submit(self._run, i) for i in range(people)]

    def _run(self, index: int) -> None:
        account = self.accounts[index]
        with httpx.Client(base_url=self.cluster.url, headers=dict(account.api.headers), timeout=30) as client:
            while not self._stop.is_set():
                self._step(index, client)
                time.sleep(0.01)

    def _step(self, index: int, client: httpx.Client) -> None:
        answer = client.post("/api/activities", json={"app_name": "Mail", "duration_minutes": 1}, headers={"Idempotency-Key": uuid.uuid4().hex})
        if answer.status_code != 201:
            self.failures.append(f"POST: {answer.status_code} {answer.text[:200]}")
            return
        self.done[index] += 1
        answer = client.get("/api/activities/stats/daily")
        if answer.status_code != 200:
            self.failures.append(f"GET: {answer.status_code} {answer.text[:200]}")
        elif answer.json()["total_time"] != self.done[index]:
            self.failures.append(f"{answer.json()['total_time']} minutes instead of {self.done[index]}")

    def end(self) -> None:
        self._stop.set()
        for run in self._runs:
            run.result()
        self._pool.shutdown()


def test_a_rolling_restart_fails_no_request(cluster: Cluster) -> None:
    load = Load(cluster)
    try:
        eventually(lambda: min(load.done.values()) > 5, "the load to run")
        for server in cluster.instances:
            assert server.terminate(60) == 0
            server.start()
            eventually(lambda server=server: cluster.cache_of(server) == "ok", "the instance to be whole again")
            before = sum(load.done.values())
            eventually(lambda before=before: sum(load.done.values()) > before + 50, "the load to go on")
            time.sleep(1)  # the balancer's slow start: the next instance stops when this one gets requests again
    finally:
        load.end()
    assert load.failures == []
    for account, done in zip(load.accounts, load.done.values(), strict=True):
        assert account.daily()["total_time"] == done


def test_rate_limits_count_over_all_instances() -> None:
    limits = {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_READ": "30/600", "RATE_LIMIT_AUTH": "1000/60"}
    with contextlib.closing(Cluster(**limits)) as cluster:
        person = cluster.new_account()
        clients = [cluster.on(i, person) for i in range(3)]
        for client in clients:
            client.checked = False  # reading the contract would count against the same limit
        answers = [clients[i % 3].get("/api/users/me") for i in range(60)]
        allowed = [answer for answer in answers if answer.status_code == 200]
        assert 28 <= len(allowed) <= 31, "one bucket for all"
        refused = answers[-1]
        assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0 and refused.headers["RateLimit-Remaining"] == "0"
        cluster.redis.kill()
        eventually(lambda: cluster.cache_of(cluster.instances[0]) == "unavailable", "the loss to be seen")
        alone = [clients[0].get("/api/users/me").status_code for _ in range(40)]
        assert alone.count(200) == 30 and alone.count(429) == 10, "each instance counts for itself"
        cluster.redis.start()
