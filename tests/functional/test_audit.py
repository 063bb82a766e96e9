"""The audit trail: its entries, and how administrators read, count, delete and export them."""

import datetime
import json

import pytest
from support.client import expect
from support.processes import eventually

ENTRY = {
    "id", "level", "action", "message", "details", "user_id", "ip_address", "user_agent", "endpoint", "resource_type", "resource_id",
    "request_id", "created_at",
}  # fmt: skip


@pytest.fixture
def admin(server):
    return server.new_admin()


@pytest.fixture
def own(make_server, db):
    """A server with only its administrator."""
    return make_server(db).start().new_admin()


def day(offset: int = 0) -> str:
    return (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=offset)).isoformat()


def moment(**delta) -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


def logs(admin, **query) -> list[dict]:
    return expect(admin.api.get("/api/admin/logs", params=query), 200)


def account_of_the_past(server, days: int):
    """An account whose entries all have this age, those of its mails too."""
    server.set_clock(moment(days=-days))
    account = server.new_account()
    sent = f"SELECT id FROM audit_log WHERE action = 'email_sent' AND user_id = {account.id}"
    eventually(lambda: len(server.database.query(sent)) == 2, "the mails' entries")
    server.reset_clock()
    return account


def actions(admin, **query) -> list[str]:
    return [entry["action"] for entry in logs(admin, limit=1000, **query)]


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_every_step_of_a_user_is_there(server, admin):
    user = server.new_account(signed_in=False)
    expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": "Wrong-passw0rd"}), 401)
    user.login()
    activity = user.record("Instagram", 10)
    expect(user.api.put(f"/api/activities/{activity['id']}", json={"duration_minutes": 11}), 200)
    expect(user.api.delete(f"/api/activities/{activity['id']}"), 200)
    limit = expect(user.api.post("/api/blocked", json={"app_name": "Instagram", "daily_limit_minutes": 20}), 201)
    expect(user.api.put(f"/api/blocked/{limit['id']}", json={"daily_limit_minutes": 10}), 200)
    user.record("Instagram", 15)
    expect(user.api.post(f"/api/blocked/{limit['id']}/reset"), 200)
    expect(user.api.delete(f"/api/blocked/{limit['id']}"), 200)
    body = {"name": "Audited", "target_apps": ["X"], "start_date": day(), "end_date": day(1)}
    challenge = expect(user.api.post("/api/challenges", json=body), 201)
    other = server.new_account()
    expect(other.api.post(f"/api/challenges/{challenge['id']}/join", json={}), 200)
    expect(other.api.post(f"/api/challenges/{challenge['id']}/leave"), 200)
    expect(user.api.delete(f"/api/challenges/{challenge['id']}"), 200)
    expect(user.anonymous.post("/api/auth/forgot-password", json={"email": user.email}), 200)
    token = server.mail.wait_for(user.email, "/reset-password").token("/reset-password")
    expect(user.anonymous.post("/api/auth/reset-password", json={"token": token, "new_password": "Another-passw0rd"}), 200)
    user.fields["password"] = "Another-passw0rd"
    user.login()
    expect(user.api.put("/api/users/me/password", json={"current_password": "Another-passw0rd", "new_password": "Third-passw0rd"}), 200)
    expect(user.api.patch("/api/users/me", json={"bio": "x"}), 200)
    spent = user.tokens["refresh_token"]
    for _ in range(2):
        user.tokens = expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 200)
    user.outlive_grace()
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": spent}), 401, "token_reused")
    user.fields["password"] = "Third-passw0rd"
    user.login()
    expect(user.anonymous.post("/api/auth/logout", json={"refresh_token": user.tokens["refresh_token"]}), 204)

    wanted = {
        "register", "email_verified", "login", "login_failed", "logout", "activity_created", "activity_updated", "activity_deleted",
        "blocked_app_created", "blocked_app_updated", "blocked_app_deleted", "blocked_app_reset", "limit_reached", "app_blocked",
        "challenge_created", "challenge_deleted", "password_reset_requested", "password_reset_completed", "password_changed",
        "user_updated", "token_reuse_detected",
    }  # fmt: skip
    assert wanted - set(actions(admin, user_id=user.id)) == set()
    assert {"challenge_joined", "challenge_left"} <= set(actions(admin, user_id=other.id))
    eventually(lambda: "email_sent" in actions(admin, user_id=user.id), "the mails' entries")
    told = json.dumps(logs(admin, user_id=user.id, limit=1000))
    for secret in (token, spent, "Wrong-passw0rd", "Secret-passw0rd", "Another-passw0rd", "Third-passw0rd", user.verification_token()):
        assert secret not in told


def test_an_entry(server, admin):
    user = server.new_account()
    agent = {"User-Agent": "Audited/1.0", "X-Request-Id": f"audit-{user.id}"}
    made = expect(user.api.post("/api/activities", json={"app_name": "A", "duration_minutes": 1}, headers=agent), 201)
    entry = logs(admin, user_id=user.id, action="activity_created")[0]
    assert set(entry) == ENTRY
    wanted = {"level": "info", "details": {}, "ip_address": "127.0.0.1", "user_agent": "Audited/1.0", "endpoint": "POST /api/activities",
              "resource_type": "activity", "resource_id": made["id"], "request_id": f"audit-{user.id}", "created_at": made["created_at"]}  # fmt: skip
    assert {key: entry[key] for key in wanted} == wanted


def test_a_change_that_fails_leaves_no_entry(admin, user, other):
    before = len(logs(admin, user_id=user.id))
    expect(user.api.patch("/api/users/me", json={"username": other.username}), 400)
    expect(user.api.post("/api/activities", json={"app_name": "A", "duration_minutes": 1, "activity_date": day(3)}), 400)
    assert len(logs(admin, user_id=user.id)) == before


def test_what_administrators_look_at(admin, user):
    for _ in range(3):
        expect(admin.api.get(f"/api/admin/users/{user.id}"), 200)
    seen = [entry for entry in logs(admin, user_id=admin.id, action="admin_access") if entry["endpoint"] == "GET /api/admin/users/{id}"]
    assert [(entry["resource_type"], entry["resource_id"]) for entry in seen] == [("user", user.id)]


# --- reading ---------------------------------------------------------------------------------------------------------


def test_filters(server, admin):
    user = server.new_account()
    eventually(lambda: actions(admin, user_id=user.id).count("email_sent") == 2, "the mails to be gone: nothing comes in between then")
    expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": "Wrong-passw0rd"}), 401)
    for level in ("warning", "WARNING", "Warning"):
        assert actions(admin, user_id=user.id, level=level) == ["login_failed"]
    assert actions(admin, user_id=user.id, action="login") == ["login"]
    assert actions(admin, user_id=user.id, q="wrong PASSWORD") == ["login_failed"]
    assert actions(admin, user_id=user.id, q="100%") == [] == actions(admin, action="é") == actions(admin, q="Élan")
    everything = actions(admin, user_id=user.id)
    assert everything[0] == "login_failed" and "register" in everything
    assert actions(admin, user_id=user.id, start_date=day(), end_date=day()) == everything
    assert actions(admin, user_id=user.id, start_date=moment(hours=-1), end_date=moment(hours=1)) == everything
    assert actions(admin, user_id=user.id, start_date=day(1)) == [] == actions(admin, user_id=user.id, end_date=day(-1))
    page = admin.api.get("/api/admin/logs", params={"user_id": user.id, "limit": 1, "skip": 1})
    assert [entry["action"] for entry in expect(page, 200)] == everything[1:2]
    assert page.headers["x-total-count"] == str(len(everything)) and {"next", "prev"} <= page.links.keys()
    assert expect(admin.api.get("/api/admin/logs", params={"user_id": 0}), 200) == []


@pytest.mark.parametrize("query", ["level=loud", "limit=1001", "limit=0", "skip=-1", "user_id=x", "start_date=soon", "end_date=2026-13-01"])
def test_wrong_filters(sqlite_server, query):
    problem = expect(sqlite_server.new_admin().api.get(f"/api/admin/logs?{query}"), 422)
    assert problem["errors"][0]["loc"] == ["query", query.split("=")[0]]


def test_totals_of_all_entries(own):
    answer = own.api.get("/api/admin/logs", params={"limit": 1000})
    assert int(answer.headers["x-total-count"]) == len(expect(answer, 200))
    assert own.server.command("job", "run", "audit_summary").returncode == 0
    answer = own.api.get("/api/admin/logs", params={"limit": 1000, "action": "login"})
    assert int(answer.headers["x-total-count"]) == len(expect(answer, 200)) == 1


def test_statistics(own):
    user = own.server.new_account()
    for _ in range(3):
        expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": "Wrong-passw0rd"}), 401)
    spent = user.tokens["refresh_token"]
    for _ in range(2):
        user.tokens = expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 200)
    user.outlive_grace()
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": spent}), 401)
    eventually(lambda: actions(own, action="email_sent").count("email_sent") == 2, "the mails")
    entries = logs(own, limit=1000)
    stats = expect(own.api.get("/api/admin/logs/stats"), 200)
    assert set(stats) == {"total_logs", "by_level", "by_action", "daily", "recent_errors", "unique_users"}
    assert stats["by_action"]["login_failed"] == 3 and stats["by_action"]["token_reuse_detected"] == 1
    assert stats["by_level"]["critical"] == 1 and stats["by_level"]["warning"] >= 3 and stats["by_level"]["error"] == 0
    assert stats["total_logs"] == sum(stats["by_level"].values()) == sum(stats["by_action"].values()) >= len(entries)
    assert [one["date"] for one in stats["daily"]] == [day(offset) for offset in range(-6, 1)]
    assert stats["daily"][-1]["total"] == stats["total_logs"] and stats["daily"][-1]["errors"] == 1
    assert [entry["action"] for entry in stats["recent_errors"]] == ["token_reuse_detected"] and set(stats["recent_errors"][0]) == ENTRY
    assert stats["unique_users"] == len({entry["user_id"] for entry in entries if entry["user_id"]})
    assert len(expect(own.api.get("/api/admin/logs/stats?days=30"), 200)["daily"]) == 30


# --- cleaning --------------------------------------------------------------------------------------------------------


def test_cleaning(own):
    server = own.server
    old = account_of_the_past(server, 100)
    assert "register" in actions(own, user_id=old.id)
    nothing = expect(own.api.delete("/api/admin/logs/cleanup?days=101"), 200)
    assert nothing["deleted"] == 0
    cleaned = expect(own.api.delete("/api/admin/logs/cleanup"), 200)
    assert set(cleaned) == {"deleted", "cutoff_date"} and cleaned["deleted"] >= 3
    assert cleaned["cutoff_date"].startswith(day(-90))
    assert actions(own, user_id=old.id) == [] and "login" in actions(own, user_id=own.id)
    entry = logs(own, action="logs_cleaned")[0]
    assert (entry["user_id"], entry["details"]) == (own.id, {"days": 90, "deleted": cleaned["deleted"]})
    for query in ("days=0", "days=-1", "days=x"):
        expect(own.api.delete(f"/api/admin/logs/cleanup?{query}"), 422)


def test_retention(make_server, db):
    server = make_server(db, LOG_RETENTION_DAYS="30").start()
    admin = server.new_admin()
    old = account_of_the_past(server, 40)
    assert server.command("job", "run", "old_audit_entries").returncode == 0
    assert actions(admin, user_id=old.id) == [] and "login" in actions(admin, user_id=admin.id)


# --- exporting -------------------------------------------------------------------------------------------------------


def exported(server, *options: str) -> list[dict]:
    run = server.command("logs", "export", "--log-level", "error", *options)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_export(own, tmp_path):
    server = own.server
    user = server.new_account()
    for _ in range(3):
        expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": "Wrong-passw0rd"}), 401)
    everything = exported(server)
    assert [entry["id"] for entry in everything] == sorted(entry["id"] for entry in everything) and len(everything) >= 6
    assert everything[0] == logs(own, limit=1000)[-1]
    assert [entry["action"] for entry in exported(server, "--level", "Warning", "--user-id", str(user.id))] == ["login_failed"] * 3
    assert [entry["action"] for entry in exported(server, "--action", "login", "--user-id", str(user.id), "--since", day(), "--until", day())] == ["login"]
    assert exported(server, "--since", day(1)) == [] == exported(server, "--text", "100%")
    target = tmp_path / "trail.jsonl"
    assert exported(server, "--output", str(target)) == []
    assert len(target.read_text().splitlines()) >= len(everything)


@pytest.mark.parametrize("options", [("--level", "loud"), ("--since", "soon"), ("--user-id", "x"), ("--output", "/nowhere/x")])
def test_wrong_exports(sqlite_server, options):
    run = sqlite_server.command("logs", "export", *options)
    assert run.returncode != 0 and run.stderr and run.stdout == ""
