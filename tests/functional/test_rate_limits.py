"""API.md §1 and §10: a client with too many requests gets 429 with Retry-After, and others are not affected."""

import json

import pytest
from support.client import expect
from support.processes import eventually


@pytest.fixture
def limited(make_server):
    """make(kind, **SETTINGS): a started server with rate limits."""

    def make(kind: str = "sqlite", **settings: str):
        return make_server(kind, RATE_LIMIT_ENABLED="true", **settings).start()

    return make


def refused(response) -> dict:
    problem = expect(response, 429, "rate_limited")
    headers = response.headers
    assert headers["ratelimit-remaining"] == "0"
    assert 1 <= int(headers["retry-after"]) <= int(headers["ratelimit-reset"])
    return problem


def test_a_class_has_its_own_budget(limited):
    server = limited(RATE_LIMIT_READ="3/3600", RATE_LIMIT_WRITE="2/3600")
    user = server.new_account()
    for left in (2, 1, 0):
        headers = user.api.get("/api/users/me").headers
        assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("3", str(left))
        assert 0 < int(headers["ratelimit-reset"]) <= 3600
    problem = refused(user.api.get("/api/users/me"))
    assert problem["detail"].endswith(".")
    assert refused(user.api.get("/api/activities", headers={"Accept-Language": "fr"}))
    user.record()
    user.record()
    refused(user.api.post("/api/activities", json={"app_name": "A", "duration_minutes": 1}))


def test_budgets_are_per_user(limited):
    server = limited(RATE_LIMIT_READ="2/3600")
    greedy, modest = server.new_account(), server.new_account()
    for _ in range(2):
        expect(greedy.api.get("/api/users/me"), 200)
    refused(greedy.api.get("/api/users/me"))
    expect(modest.api.get("/api/users/me"), 200)


def test_sign_in_is_limited_per_address(limited):
    server = limited(RATE_LIMIT_AUTH="4/3600", TRUSTED_PROXIES="127.0.0.1")

    def ask(address: str):
        return server.client(headers={"X-Forwarded-For": address}).post("/api/auth/forgot-password", json={"email": "x@example.org"})

    for _ in range(4):
        expect(ask("203.0.113.9"), 200)
    refused(ask("203.0.113.9"))
    expect(ask("203.0.113.10"), 200)
    for host in range(1, 5):  # one customer has a whole /64
        expect(ask(f"2001:db8:0:1::{host}"), 200)
    refused(ask("2001:db8:0:1:ffff::9"))
    expect(ask("2001:db8:0:2::1"), 200)


def test_another_network_each_does_not_multiply_a_site(limited):
    server = limited(RATE_LIMIT_AUTH="2/3600", TRUSTED_PROXIES="127.0.0.1")

    def ask(address: str):
        return server.client(headers={"X-Forwarded-For": address}).post("/api/auth/forgot-password", json={"email": "x@example.org"})

    for _ in range(3):  # refused requests do not count against the shared budget of the /48
        ask("2001:db8:1:ffff::1")
    answers = [ask(f"2001:db8:1:{i:x}::1") for i in range(19)]
    assert [answer.status_code for answer in answers] == [200] * 18 + [429]  # of the whole /48: ten times as many
    refused(answers[-1])
    expect(ask("2001:db8:2::1"), 200)


def test_many_people_behind_one_address(limited):
    """Signing in has its own budget: signed-in clients are not affected."""
    server = limited(RATE_LIMIT_AUTH="3/3600", RATE_LIMIT_REFRESH="6/3600")
    user = server.new_account()  # registers and signs in
    unknown = {"token": "x", "refresh_token": "x", "new_password": "Another-passw0rd"}
    expect(user.anonymous.post("/api/auth/forgot-password", json={"email": user.email}), 200)
    refused(user.anonymous.post("/api/auth/forgot-password", json={"email": user.email}))
    answers = {path: user.anonymous.post(f"/api/auth/{path}", json=unknown) for path in ("refresh", "logout", "verify-email", "reset-password")}
    assert {path: answer.status_code for path, answer in answers.items()} == {"refresh": 401, "logout": 204, "verify-email": 400, "reset-password": 400}
    assert answers["refresh"].headers["ratelimit-limit"] == "6"
    expect(user.anonymous.post("/api/auth/refresh", json=unknown), 401)
    refused(user.anonymous.post("/api/auth/refresh", json=unknown))


def test_one_session_refreshes_so_often_only(limited, db):
    server = limited(db, RATE_LIMIT_REFRESH_SESSION="3/3600")
    user, other = server.new_account(), server.new_account()
    for _ in range(3):
        user.tokens |= expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 200)
    answer = user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]})
    expect(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 3600
    expect(other.anonymous.post("/api/auth/refresh", json={"refresh_token": other.tokens["refresh_token"]}), 200)
    user.login()
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 200)


def test_a_forged_address_is_not_believed(limited):
    server = limited(RATE_LIMIT_AUTH="2/3600")
    codes = [
        server.client(headers={"X-Forwarded-For": f"203.0.113.{i}"}).post("/api/auth/forgot-password", json={"email": "x@example.org"}).status_code
        for i in range(3)
    ]
    assert codes == [200, 200, 429]


def test_guessing_tokens_is_limited(limited):
    server = limited(RATE_LIMIT_READ="3/3600")
    answers = [server.client(token=f"guess{i}").get("/api/activities") for i in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_budgets_come_back(limited):
    server = limited(RATE_LIMIT_READ="2/1")
    user = server.new_account()

    def is_refused():
        return user.api.get("/api/users/me").status_code == 429

    eventually(is_refused, "a refusal")
    eventually(lambda: not is_refused(), "the budget to come back")


def test_a_batch_counts_by_its_rows(limited, db):
    """Counts as one request and one more for each 50 items; is refused as a whole; one above the budget counts as all of it."""
    server = limited(db, RATE_LIMIT_WRITE="30/3600")
    user = server.new_account()

    def send(count: int, **headers: str):
        items = [{"app_name": "A", "duration_minutes": 1, "activity_date": "2026-03-01"}] * count
        return user.api.post("/api/activities/batch", json={"activities": items}, headers=headers)

    for count, left in ((49, 29), (50, 27), (1000, 6), (99, 4)):
        answer = send(count)
        assert (expect(answer, 200)["created"], answer.headers["ratelimit-remaining"]) == (count, str(left))
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer = send(1000, **headers)
        expect(answer, 429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 60
    assert expect(user.api.get("/api/activities?limit=1"), 200) and user.daily("2026-03-01")["sessions"] == 49 + 50 + 1000 + 99
    small = limited(db, RATE_LIMIT_WRITE="5/3600").new_account()
    assert expect(small.api.post("/api/activities/batch", json={"activities": [{"app_name": "A", "duration_minutes": 1}] * 1000}), 200)["created"] == 1000


def test_health_is_never_limited(limited):
    server = limited(RATE_LIMIT_READ="1/3600", RATE_LIMIT_AUTH="1/3600")
    for _ in range(5):
        answer = server.client().get("/api/health")
        assert answer.status_code == 200 and "ratelimit-limit" not in answer.headers


def test_refusals_are_audited_once_and_counted(limited, db):
    server = limited(db, RATE_LIMIT_READ="1/3600")
    user = server.new_account()
    for _ in range(6):
        user.api.get("/api/users/me")
    rows = server.database.query(f"SELECT details, level FROM audit_log WHERE action = 'rate_limited' AND user_id = {user.id}")
    assert len(rows) == 1 and json.loads(rows[0][0]) == {"class": "read"} and rows[0][1] == "warning"
    assert 'focus_api_rate_limited_total{class="read"} 5' in server.client().get("/metrics").text


def test_limits_can_be_turned_off(make_server):
    server = make_server(RATE_LIMIT_ENABLED="false", RATE_LIMIT_READ="1/3600").start()
    user = server.new_account()
    for _ in range(5):
        answer = user.api.get("/api/users/me")
        assert answer.status_code == 200 and "ratelimit-limit" not in answer.headers


@pytest.mark.parametrize("value", ["many", "20", "0/60", "20/0", "20/60/1", "-1/60", "/"])
def test_wrong_limits_stop_the_start(make_server, value):
    run = make_server(RATE_LIMIT_AUTH=value).command("serve")
    assert run.returncode == 2 and "RATE_LIMIT_AUTH" in run.stderr and len(run.stderr.splitlines()) == 1
