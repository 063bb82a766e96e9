"""API.md §5 and §7's list: limits: what they count, when they block, and their notifications."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.client import expect

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def limit(user, app="Instagram", minutes=60, status=201, **fields):
    return expect(user.api.post("/api/blocked", json={"app_name": app, "daily_limit_minutes": minutes} | fields), status)


def notified(user, kind=None) -> list[dict]:
    listed = expect(user.api.get("/api/notifications"), 200)
    return [one for one in listed if kind in (None, one["notification_type"])]


def test_a_limit_counts_warns_and_blocks(user):
    entry = limit(user)
    assert (entry["time_used_today"], entry["remaining_minutes"], entry["is_blocked"], entry["notify_at_percentage"]) == (0, 60, False, 80)
    user.record("instagram", 48)
    entry = expect(user.api.get(f"/api/blocked/{entry['id']}"), 200)
    assert (entry["time_used_today"], entry["usage_percentage"], entry["is_blocked"]) == (48, 80, False)
    assert len(notified(user, "limit_warning")) == 1 and not notified(user, "app_blocked")
    user.record("INSTAGRAM", 12.5)
    status = expect(user.api.get("/api/blocked/status", params={"app_name": "instagram"}), 200)
    assert (status["is_blocked"], status["block_reason"], status["remaining_minutes"]) == (True, "limit", 0)
    midnight = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT00:00:00.000Z")
    assert status["blocked_until"] == midnight
    assert len(notified(user, "limit_warning")) == 1 and len(notified(user, "app_blocked")) == 1
    assert [one["id"] for one in expect(user.api.get("/api/blocked", params={"is_blocked": True}), 200)] == [entry["id"]]


def test_one_jump_over_both_tells_both_once(user):
    limit(user, "Maps", 10)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: user.api.post("/api/activities", json={"app_name": "Maps", "duration_minutes": 1}), range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len(notified(user, "limit_warning")) == 1 and len(notified(user, "app_blocked")) == 1


def test_reset_starts_again(user):
    entry = limit(user, minutes=5)
    user.record("Instagram", 7)
    reset = expect(user.api.post(f"/api/blocked/{entry['id']}/reset"), 200)
    assert (reset["time_used_today"], reset["is_blocked"]) == (0, False) and reset["last_reset_at"]
    assert len(expect(user.api.get("/api/activities/today"), 200)) == 1, "the activities stay"
    user.record("Instagram", 5)
    assert expect(user.api.get(f"/api/blocked/{entry['id']}"), 200)["is_blocked"]
    assert len(notified(user, "app_blocked")) == 2, "once per reset"


def test_packages_win_over_names(user):
    limit(user, "Chat", 10, app_package="org.chat")
    user.record("Chat", 3, app_package="com.other")
    user.record("Something", 4, app_package="org.chat")
    user.record("chat", 2)
    assert expect(user.api.get("/api/blocked/status", params={"app_package": "org.chat"}), 200)["remaining_minutes"] == 4


def test_a_schedule_blocks(user):
    entry = limit(user, minutes=1440, schedules=[{"days": EVERY_DAY, "start_time": "00:00", "end_time": "12:00"},
                                                 {"days": EVERY_DAY, "start_time": "12:00", "end_time": "00:00"}])  # fmt: skip
    assert (entry["is_blocked"], entry["block_reason"]) == (True, "schedule")
    entry = expect(user.api.put(f"/api/blocked/{entry['id']}", json={"is_active": False}), 200)
    assert not entry["is_blocked"], "inactive entries never block"
    entry = expect(user.api.put(f"/api/blocked/{entry['id']}", json={"is_active": True, "schedules": []}), 200)
    assert not entry["is_blocked"] and entry["schedules"] == []


def test_zero_is_always_blocked(user):
    assert limit(user, minutes=0)["is_blocked"]


def test_a_change_of_something_else_is_not_listing_twice(user):
    by_name = limit(user, "X")
    body = {"app_name": "X", "app_package": "com.example.x", "daily_limit_minutes": 10}
    by_package = expect(user.api.post("/api/blocked", json=body), 201)
    path = f"/api/blocked/{by_name['id']}"
    assert not expect(user.api.put(path, json={"is_active": False}), 200)["is_active"]
    assert expect(user.api.put(path, json={"app_name": "x", "daily_limit_minutes": 5}), 200)["daily_limit_minutes"] == 5
    expect(user.api.put(path, json={"app_package": "com.example.x"}), 400, "already_exists")
    expect(user.api.put(f"/api/blocked/{by_package['id']}", json={"app_package": None}), 400, "already_exists")


def test_there_is_a_greatest_number_of_limits(user):
    for number in range(500):
        limit(user, f"App {number}")
    assert limit(user, "One more", status=400)["code"] == "too_many_limits"


def test_listed_twice_and_gone(user, other):
    entry = limit(user)
    assert limit(user, "INSTAGRAM", status=400)["code"] == "already_exists"
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/reset")):
        assert other.api.request(method, f"/api/blocked/{entry['id']}{path}", json={}).status_code == 404, "the entry of another user"
    expect(user.api.delete(f"/api/blocked/{entry['id']}"), 200)
    expect(user.api.get(f"/api/blocked/{entry['id']}"), 404)
    expect(user.api.get("/api/blocked/status", params={"app_name": "Instagram"}), 404)


@pytest.mark.parametrize(
    ("field", "value"),
    [("daily_limit_minutes", -1), ("daily_limit_minutes", 1441), ("notify_at_percentage", 0), ("notify_at_percentage", 101), ("app_name", ""), ("app_name", "a\nb"), ("app_name", "\u202ea"), ("app_name", "\u3164"),
     ("schedules", [{"days": ["xyz"], "start_time": "10:00", "end_time": "11:00"}]), ("schedules", [{"days": ["mon"], "start_time": "24:00", "end_time": "11:00"}])],
)  # fmt: skip
def test_wrong_values(user, field, value):
    wrong = expect(user.api.post("/api/blocked", json={"app_name": "A", "daily_limit_minutes": 5} | {field: value}), 422)
    assert wrong["errors"][0]["loc"][:2] == ["body", field]
    assert expect(user.api.get("/api/blocked"), 200) == []


def test_the_policy_for_devices(user):
    limit(user)
    answer = user.api.get("/api/blocked/policy")
    policy = expect(answer, 200)
    assert user.api.get("/api/blocked/policy", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    user.record("Instagram", 3)
    assert expect(user.api.get("/api/blocked/policy"), 200) != policy


def test_notifications_are_read(user, other):
    limit(user, minutes=5)
    user.record("Instagram", 5)
    warning, blocked = sorted(notified(user), key=lambda one: one["id"])
    assert [warning["notification_type"], blocked["notification_type"]] == ["limit_warning", "app_blocked"]
    assert [one["id"] for one in expect(user.api.get("/api/notifications", params={"after_id": warning["id"]}), 200)] == [blocked["id"]]
    assert other.api.post(f"/api/notifications/{warning['id']}/read").status_code == 404
    expect(user.api.post(f"/api/notifications/{warning['id']}/read"), 200)
    assert [one["id"] for one in expect(user.api.get("/api/notifications", params={"unread": True}), 200)] == [blocked["id"]]
    expect(user.api.post("/api/notifications/read-all"), 200)
    assert expect(user.api.get("/api/notifications", params={"unread": True}), 200) == []


def test_notifications_speak_french(server):
    user = server.new_account(language="fr")
    limit(user, minutes=5)
    user.record("Instagram", 5)
    assert any("limite" in one["title"].lower() + one["message"].lower() for one in notified(user))


def test_announcements_are_the_administrators(user):
    assert user.api.post("/api/admin/notifications", json={"title": "Hello", "message": "All of you"}).status_code == 403


def test_metrics_are_prometheus_text(api):
    answer = api.get("/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "focus_api_http_requests_total{" in answer.text
