"""A clock that is wrong for a moment causes no lasting damage."""

import datetime

import httpx
from support.client import expect
from support.processes import eventually


def leap(server, days: int) -> None:
    now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    answer = httpx.post(f"{server.url}/dev/clock", json={"now": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "leap": True})
    assert answer.status_code == 200, answer.text


def counts(server) -> dict[str, int]:
    tables = ("audit_log", "sessions", "refresh_tokens", "idempotency_keys", "attempts", "notifications")
    return {table: int(server.database.query(f"SELECT COUNT(*) FROM {table}")[0][0]) for table in tables}


def last_error(server, job: str) -> str:
    return server.database.query(f"SELECT COALESCE(last_error, '') FROM jobs WHERE name = '{job}'")[0][0]


def test_a_leap_deletes_nothing(make_server, db):
    server = make_server(db, LOG_RETENTION_DAYS="365", RATE_LIMIT_ENABLED="true", RATE_LIMIT_AUTH="1000/60").start()
    account = server.new_account()
    body = {"app_name": "Mail", "duration_minutes": 10}
    expect(account.api.post("/api/blocked", json={"app_name": "Mail", "daily_limit_minutes": 10}), 201)
    expect(account.api.post("/api/activities", json=body, headers={"Idempotency-Key": "1"}), 201)
    expect(account.anonymous.post("/api/auth/login", json={"email": account.email, "password": "Wrong-passw0rd"}), 401)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    challenge = {"name": "One day", "target_apps": ["Mail"], "start_date": today, "end_date": today}
    challenge = expect(account.api.post("/api/challenges", json=challenge), 201)["id"]
    before = counts(server)
    assert min(before.values()) > 0, before
    names = [name for (name,) in server.database.query("SELECT name FROM jobs")]
    jobs = [name for name in names if name.startswith(("old_", "expired_", "forgotten_", "unverified_"))] + ["challenges"]
    assert len(jobs) >= 9, jobs
    leap(server, 400)
    for job in jobs:
        eventually(lambda job=job: "the clock has leapt" in last_error(server, job), f"{job} to refuse", 30)
    leap(server, 0)
    after = counts(server)
    assert {table: (count, after[table]) for table, count in before.items() if after[table] < count} == {}
    assert server.database.query(f"SELECT frozen_at_ms FROM challenges WHERE id = {challenge}") == [("NULL",)]
    assert [line["level"] for line in server.records() if line["event"].startswith("the clock has leapt")] == ["warning"]
    eventually(lambda: last_error(server, "challenges") == "", "the challenges to go on", 30)

    server.set_clock((datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    eventually(lambda: counts(server)["sessions"] == 0 and counts(server)["idempotency_keys"] == 0, "what is over to go", 60)
