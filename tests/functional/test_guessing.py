"""Guessing passwords, codes or addresses fails, and does not affect other users."""

import concurrent.futures
import math
import os
import random
import threading
import time

import httpx
import pytest
from support.client import expect
from support.processes import eventually
from support.raw import Raw

SLOWNESS = float(os.environ.get("FOCUS_TEST_SLOWNESS", "1"))
START = 1_800_000_000  # 2027-01-15T08:00:00Z


def instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + seconds))


@pytest.fixture
def guarded(make_server, db):
    """make(**SETTINGS): a server that limits attempts, behind a proxy that names the clients; the limits of requests are high."""

    def make(**settings: str):
        generous = {f"RATE_LIMIT_{name}": "1000000/1" for name in ("AUTH", "READ", "WRITE")}
        server = make_server(db, RATE_LIMIT_ENABLED="true", TRUSTED_PROXIES="127.0.0.1", **generous | settings).start()
        server.set_clock(instant(0))
        return server

    return make


def login(server, email: str, password: str, address: str):
    client = server.client(headers={"X-Forwarded-For": address})
    try:
        return client.post("/api/auth/login", json={"email": email, "password": password})
    finally:
        client.close()


def test_wrong_passwords_wait_longer_and_longer(guarded):
    server = guarded()
    owner = server.new_account(signed_in=False)

    def try_at(seconds: float, password: str, email: str = owner.email):
        server.set_clock(instant(seconds))  # for each attempt, so that a slow machine has no effect
        return login(server, email, password, "203.0.113.9")

    for _ in range(5):
        expect(try_at(0, "Wrong-passw0rd"), 401, "invalid_credentials")
    headers = try_at(0, "Wrong-passw0rd").headers  # of this limit, not of the one that counts requests
    assert headers["ratelimit-limit"] == "1" and headers["ratelimit-remaining"] == "0"
    assert headers["ratelimit-reset"] == headers["retry-after"] in ("1", "2")
    begun = time.monotonic()
    refused = try_at(0, owner.password)
    expect(refused, 429, "rate_limited")
    assert time.monotonic() - begun >= 0.1, "a refusal is delayed, so that attempts cost time"
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    expect(try_at(30, "Wrong-passw0rd", owner.email.upper()), 401)
    assert 2 <= int(try_at(30, owner.password).headers["retry-after"]) <= 3
    expect(try_at(60, owner.password), 200)
    for _ in range(5):  # the right password has reset the count
        expect(try_at(60, "Wrong-passw0rd"), 401)


def test_many_at_once_from_one_address(guarded):
    server = guarded()
    owner = server.new_account(signed_in=False)
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda i: login(server, owner.email, f"Wrong-passw0rd{i}", "203.0.113.9").status_code, range(150)))
    waited = 1 + int(math.log2(1 + time.monotonic() - begun))  # attempts allowed after waits of 1, 2, 4 … seconds
    assert 5 <= answers.count(401) <= 5 + waited and answers.count(401) + answers.count(429) == 150


def test_many_addresses_share_a_budget_that_does_not_bind_the_owner(guarded):
    server = guarded()
    owner = server.new_account(signed_in=False)
    expect(login(server, owner.email, owner.password, "198.51.100.7"), 200)
    statuses = [login(server, owner.email, "Wrong-passw0rd", f"203.0.113.{i}").status_code for i in range(60)]
    assert statuses == [401] * 20 + [429] * 40
    expect(login(server, owner.email, owner.password, "198.51.100.7"), 200)
    expect(login(server, owner.email, owner.password, "192.0.2.1"), 429)  # an unknown network
    expect(owner.anonymous.post("/api/auth/forgot-password", json={"email": owner.email}), 200)
    token = server.mail.wait_for(owner.email, "/reset-password").token("/reset-password")
    there = server.client(headers={"X-Forwarded-For": "192.0.2.1"})
    expect(there.post("/api/auth/reset-password", json={"token": token, "new_password": "An0ther-password"}), 200)
    expect(login(server, owner.email, "An0ther-password", "192.0.2.1"), 200)  # the client with the mailed link is known


def test_guessing_does_not_keep_known_networks_waiting(guarded):
    """More guessing clients than the queue holds, without accounts and each from its own network, at bcrypt's real cost."""
    server = guarded(BCRYPT_COST="12")
    owner = server.new_account(signed_in=False)
    expect(login(server, owner.email, owner.password, "198.51.100.7"), 200)
    rows = int(server.database.query("SELECT COUNT(*) FROM attempts")[0][0])
    guessers, stop = 100, threading.Event()

    def guess(guesser: int) -> list[int]:
        statuses = []
        while not stop.is_set():
            email = f"{guesser}-{len(statuses)}@example.org"
            try:
                statuses.append(login(server, email, "Wrong-passw0rd", f"2001:db8:{guesser:x}::1").status_code)
            except httpx.TimeoutException:  # it waits while requests of known networks run first
                statuses.append(0)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(guessers) as pool:
        running = [pool.submit(guess, i) for i in range(guessers)]
        try:
            eventually(lambda: login(server, "full@example.org", "Wrong-passw0rd", "203.0.113.1").status_code == 503, "a full queue", 60)
            times = []
            for _ in range(5):
                begun = time.monotonic()
                expect(login(server, owner.email, owner.password, "198.51.100.7"), 200)
                times.append(time.monotonic() - begun)
        finally:
            stop.set()
        statuses = [status for one in running for status in one.result()]
    print(f"sign-ins took {sorted(round(one, 2) for one in times)} s; answers to guessers: {statuses.count(401)} 401, {statuses.count(503)} 503")
    assert statuses.count(503) > 0 and set(statuses) <= {0, 401, 503}
    # Refused attempts leave no rows; each checked attempt leaves two.
    left = int(server.database.query("SELECT COUNT(*) FROM attempts")[0][0]) - rows
    assert left <= 2 * (statuses.count(401) + statuses.count(0) + 5)


def test_tries_per_account_and_hour(guarded):
    """Attempts from many addresses at the highest rate, for two hours of the server's clock."""
    server = guarded()
    owner = server.new_account(signed_in=False)
    judged = [0, 0]
    for minute in range(0, 120, 1):
        server.set_clock(instant(60 * minute))
        while login(server, owner.email, "Wrong-passw0rd", f"2001:db8:{minute:x}:{judged[minute // 60]:x}::1").status_code == 401:
            judged[minute // 60] += 1
    assert judged[0] <= 26 and judged[1] <= 5


def test_an_unknown_address_waits_just_the_same(guarded):
    server = guarded()
    for _ in range(5):
        server.set_clock(instant(0))
        expect(login(server, "nobody@example.org", "Wrong-passw0rd", "203.0.113.9"), 401)
    server.set_clock(instant(0))
    expect(login(server, "nobody@example.org", "Wrong-passw0rd", "203.0.113.9"), 429)


def test_the_current_password_is_no_oracle(guarded):
    server = guarded()
    owner = server.new_account()
    body = {"current_password": "Wrong-passw0rd", "new_password": "An0ther-password"}
    for _ in range(5):
        server.set_clock(instant(0))
        expect(owner.api.put("/api/users/me/password", json=body), 400, "wrong_password")
    server.set_clock(instant(0))
    expect(owner.api.post("/api/users/me/change-password", json=body | {"current_password": owner.password}), 429)
    server.set_clock(instant(60))
    expect(owner.api.put("/api/users/me/password", json=body | {"current_password": owner.password}), 200)


def test_invitation_codes(guarded):
    server = guarded()
    maker, guesser = server.new_account(), server.new_account()
    body = {"name": "Private", "target_apps": ["A"], "is_public": False, "start_date": "2027-01-15", "end_date": "2027-01-20"}
    challenge = expect(maker.api.post("/api/challenges", json=body), 201)
    for i in range(10):
        path = f"/api/challenges/{challenge['id']}/join" if i % 2 else "/api/challenges/join"
        expect(guesser.api.post(path, json={"invitation_code": f"WRNG{i:06}"}), 403, "invalid_invitation_code")
    right = {"invitation_code": challenge["invitation_code"]}
    refused = guesser.api.post("/api/challenges/join", json=right)
    expect(refused, 429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 30
    server.set_clock(instant(600))
    expect(guesser.api.post("/api/challenges/join", json=right), 200)
    public = expect(maker.api.post("/api/challenges", json=body | {"is_public": True}), 201)
    expect(guesser.api.post(f"/api/challenges/{public['id']}/join"), 200)


def test_mails_per_address(guarded):
    server = guarded()
    owner = server.new_account(signed_in=False)  # one mail
    for _ in range(8):
        expect(owner.anonymous.post("/api/auth/forgot-password", json={"email": owner.email}), 200)
    rows = server.database.query("SELECT COUNT(*) FROM outbox WHERE type = 'reset_password'")
    assert rows[0][0] == "4"
    server.set_clock(instant(3700))
    expect(owner.anonymous.post("/api/auth/forgot-password", json={"email": owner.email}), 200)
    assert server.database.query("SELECT COUNT(*) FROM outbox WHERE type = 'reset_password'")[0][0] == "5"


def test_a_strangers_address_cannot_be_flooded_by_accounts_made_and_deleted(guarded):
    server = guarded()
    fields = {"email": "victim@example.org", "password": "Secret-passw0rd"}
    for i in range(5):
        made = server.client()
        expect(made.post("/api/auth/register", json=fields | {"username": f"flood{i}"}), 201)
        tokens = expect(login(server, fields["email"], fields["password"], "203.0.113.9"), 200)
        expect(server.client(token=tokens["access_token"]).delete("/api/users/me"), 200)
    refused = server.client().post("/api/auth/register", json=fields | {"username": "flood6"})
    expect(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == "3600"


def test_sessions_per_user(make_server, db):
    server = make_server(db, MAX_SESSIONS_PER_USER="3").start()
    user = server.new_account()
    first = user.api
    for _ in range(3):
        user.login()
    expect(first.get("/api/users/me"), 401)
    assert len(expect(user.api.get("/api/auth/sessions"), 200)) == 3


def test_connections_in_all(make_server):
    server = make_server(MAX_CONNECTIONS="3").start()
    kept = [Raw(server) for _ in range(3)]
    try:
        assert all(raw.is_open() for raw in kept)
        with Raw(server) as one_more:
            assert one_more.answer() is None
        assert all(raw.is_open() for raw in kept)
    finally:
        for raw in kept:
            raw.socket.close()


def chance_of_telling(known: list[float], unknown: list[float]) -> float:
    """The probability that a known address' time is the longer one of a pair (the area under the ROC curve): at 0.5 times
    reveal nothing, at 0 or 1 everything. Only ranks count, so that single slow answers of a busy machine do not matter."""
    wins = sum((a > b) + 0.5 * (a == b) for a in known for b in unknown)
    return wins / (len(known) * len(unknown))


def measure(server, path: str, known: str, count: int, threads: int, **fields) -> float:
    """Asks for a known address and unknown ones in random order, so that the load of the machine affects both."""
    order = [True, False] * count
    random.Random(7).shuffle(order)

    client = server.client(checked=False)
    for _ in range(threads):
        client.post(path, json={"email": known} | fields)

    def ask(job: tuple[int, bool]) -> tuple[bool, float]:
        number, is_known = job
        email = known if is_known else f"nobody{number:03}@{known.partition('@')[2]}"
        begun = time.perf_counter()
        answer = client.post(path, json={"email": email} | fields)
        assert answer.status_code in (200, 401), answer.text
        return is_known, time.perf_counter() - begun

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        taken = list(pool.map(ask, enumerate(order)))
    return chance_of_telling([seconds for is_known, seconds in taken if is_known], [seconds for is_known, seconds in taken if not is_known])


def test_times_do_not_tell_whether_an_address_is_known(make_server, db):
    """By chance alone the figure leaves 0.5 ± 0.16 once in a million runs; a forgotten dummy hash makes it 1."""
    server = make_server(db, BCRYPT_COST="6").start()
    owner = server.new_account(signed_in=False)
    assert 0.34 < measure(server, "/api/auth/login", owner.email, 120, 1, password="Wrong-passw0rd") < 0.66
    for path in ("/api/auth/forgot-password", "/api/auth/resend-verification"):
        assert 0.3 < measure(server, path, owner.email, 60, 8) < 0.7, path
