"""kill -9 during many writes: acknowledged records exist, none exists twice, all totals are correct."""

import concurrent.futures
import threading
import time
from collections import Counter

import httpx
from support.client import expect
from support.processes import eventually

from .test_activities import assert_totals_are_the_sum_of_the_rows, everything

WRITES, CLIENTS, USERS = 10_000, 20, 5


class Writers:
    """Twenty clients that write until all is acknowledged, also over crashes of the server. A write whose answer was lost is
    sent again with its Idempotency-Key."""

    def __init__(self, server, accounts) -> None:
        self.server, self.accounts = server, accounts
        self.acknowledged: dict[str, int] = {}  # session_id of the write -> id
        self.lock = threading.Lock()
        self.is_up = threading.Event()
        self.is_up.set()

    def run(self, client_number: int) -> None:
        account = self.accounts[client_number % USERS]
        connection, address = None, ""
        for number in range(client_number, WRITES, CLIENTS):
            name = f"w{number}"
            body = {"app_name": f"App {number % 7}", "duration_minutes": number % 50 / 8, "activity_date": f"2026-03-{1 + number % 3:02}", "session_id": name}
            deadline = time.monotonic() + 120
            while True:
                assert time.monotonic() < deadline, f"write {number} was never acknowledged"
                self.is_up.wait(60)
                if address != self.server.url:
                    address = self.server.url
                    connection = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {account.tokens['access_token']}"}, timeout=30)
                try:
                    answer = connection.post("/api/activities", json=body, headers={"Idempotency-Key": name})
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                if answer.status_code in (409, 503):  # its first attempt still runs, or the server is not ready
                    time.sleep(0.05)
                    continue
                assert answer.status_code == 201, answer.text
                with self.lock:
                    self.acknowledged[name] = answer.json()["id"]
                break


def test_kill_nine(make_server, db):
    server = make_server(db).start()
    accounts = [server.new_account() for _ in range(USERS)]
    writers = Writers(server, accounts)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(writers.run, number) for number in range(CLIENTS)]
        for wanted in (WRITES // 4, WRITES // 2, 3 * WRITES // 4):
            eventually(lambda: len(writers.acknowledged) >= wanted or any(f.done() and f.exception() for f in running), f"{wanted} writes", 240)
            writers.is_up.clear()
            before = dict(writers.acknowledged)
            server.kill()
            server.lines.clear()
            server.start()
            check_a_sample(server, accounts, before)
            writers.is_up.set()
        for future in running:
            future.result()

    assert len(writers.acknowledged) == WRITES
    rows = [row for account in accounts for row in everything(sign_in(server, account))]
    times = Counter(row["session_id"] for row in rows)
    assert not [name for name, count in times.items() if count > 1], "stored twice"
    assert {row["session_id"]: row["id"] for row in rows} == writers.acknowledged
    for account in accounts:
        assert_totals_are_the_sum_of_the_rows(account)


def sign_in(server, account):
    """The account on the server's new address; its session is still valid after the crash."""
    account.api = server.client(token=account.tokens["access_token"])
    return account


def check_a_sample(server, accounts, acknowledged: dict[str, int]) -> None:
    """Directly after the start, the newest acknowledged writes exist."""
    newest = sorted(acknowledged.items(), key=lambda entry: entry[1])[-40:]
    for name, id_ in newest:
        account = sign_in(server, accounts[int(name[1:]) % CLIENTS % USERS])
        assert expect(account.api.get(f"/api/activities/{id_}"), 200)["session_id"] == name


def test_mails_survive_a_crash(make_server, db, mail_sink):
    """A mail that was queued but not delivered is delivered once after the restart."""
    mail_sink.answer = lambda recipient: "451 later"
    server = make_server(db, mail=mail_sink, MAIL_RETRY_SECONDS="1").start()
    account = server.new_account(verified=False, signed_in=False)
    mail_sink.wait_for_tries(1)
    server.kill()
    mail_sink.answer = lambda recipient: "250 OK"
    server.start()
    mail_sink.wait_for(account.email, "/verify-email", seconds=90)
    eventually(lambda: len(mail_sink.to(account.email)) == 1, "one mail")


def test_sigterm_finishes_what_runs(make_server, db):
    server = make_server(db).start()
    account = server.new_account()
    answers = []

    def write(number):
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {account.tokens['access_token']}"}, timeout=30) as client:
            for i in range(200):
                try:
                    answers.append(client.post("/api/activities", json={"app_name": "x", "duration_minutes": 1, "session_id": f"{number}.{i}"}))
                except httpx.TransportError:
                    return

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        running = [pool.submit(write, number) for number in range(8)]
        eventually(lambda: len(answers) > 200, "some writes")
        begun = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - begun < 12
        for future in running:
            future.result()
    assert {answer.status_code for answer in answers} <= {201, 503}
    server.start()
    stored = {row["session_id"] for row in everything(sign_in(server, account))}
    assert {answer.json()["session_id"] for answer in answers if answer.status_code == 201} == stored


def test_a_changed_zone_survives_a_crash(make_server, db):
    """The schedules are in the new zone, and devices get a new policy, as soon as the change is acknowledged."""
    server = make_server(db).start()
    account = server.new_account()
    window = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "22:00", "end_time": "23:00"}
    expect(account.api.post("/api/blocked", json={"app_name": "Mail", "daily_limit_minutes": 60, "schedules": [window]}), 201)
    version = expect(account.api.get("/api/blocked/policy"), 200)["version"]
    expect(account.api.put("/api/users/me", json={"timezone": "Asia/Tokyo"}), 200)
    server.kill()
    assert server.database.query("SELECT timezone FROM limit_states") == [("Asia/Tokyo",)]
    server.lines.clear()
    server.start()
    policy = expect(sign_in(server, account).api.get("/api/blocked/policy"), 200)
    assert (policy["version"], policy["timezone"]) == (version + 1, "Asia/Tokyo")
