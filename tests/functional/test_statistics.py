"""API.md §4: weekly, monthly, range and app statistics, and the app names of a user."""

from datetime import date, timedelta
from urllib.parse import quote

import pytest
from support.client import expect


def stats(user, which: str, **params) -> dict:
    return expect(user.api.get(f"/api/activities/stats/{which}", params=params), 200)


@pytest.fixture
def week(user):
    for day, minutes in (("2026-03-01", 10), ("2026-03-02", 20), ("2026-03-08", 40.5), ("2026-02-25", 25)):
        user.record("Instagram", minutes, activity_date=day, app_category="social", app_package="com.instagram")
    user.record("Chess", 30, activity_date="2026-03-08", app_category="games")
    return user


def test_a_week(week):
    answer = stats(week, "weekly", end_date="2026-03-08")
    assert (answer["start_date"], answer["end_date"]) == ("2026-03-02", "2026-03-08")
    assert (answer["total_time"], answer["sessions"], answer["apps_used"], answer["daily_average"]) == (90.5, 3, 2, 12.93)
    assert answer["daily_breakdown"] == [{"date": f"2026-03-0{day}", "total_time": {2: 20, 8: 70.5}.get(day, 0)} for day in range(2, 9)]
    assert [(app["app_name"], app["total_time"], app["sessions"], app["percentage"]) for app in answer["top_apps"]] == [
        ("Instagram", 60.5, 2, 66.85), ("Chess", 30, 1, 33.15)]  # fmt: skip
    assert answer["categories"] == [{"app_category": "social", "total_time": 60.5, "percentage": 66.85},
                                    {"app_category": "games", "total_time": 30, "percentage": 33.15}]  # fmt: skip
    assert (answer["previous_total"], answer["change_percent"]) == (35, 158.57)


def test_the_week_until_today(server, clock):
    clock("2032-03-10T23:30:00Z")
    user = server.new_account(timezone="Europe/Paris")
    assert stats(user, "weekly")["end_date"] == "2032-03-11"
    assert stats(user, "monthly")["start_date"] == "2032-02-11"


def test_a_month(week):
    answer = stats(week, "monthly", end_date="2026-03-08")
    assert (answer["start_date"], len(answer["daily_breakdown"]), answer["total_time"], answer["change_percent"]) == ("2026-02-07", 30, 125.5, None)


def test_an_empty_range(user):
    answer = stats(user, "range", start_date="2026-01-01", end_date="2026-01-02")
    assert answer == {"start_date": "2026-01-01", "end_date": "2026-01-02", "total_time": 0, "daily_average": 0, "apps_used": 0, "sessions": 0,
                      "daily_breakdown": [{"date": "2026-01-01", "total_time": 0}, {"date": "2026-01-02", "total_time": 0}], "top_apps": [],
                      "categories": [], "previous_total": 0, "change_percent": None}  # fmt: skip


def test_ten_apps_at_most(user):
    for i in range(12):
        user.record(f"App {i}", i + 1, activity_date="2026-03-08")
    answer = stats(user, "weekly", end_date="2026-03-08")
    assert answer["apps_used"] == 12 and [app["app_name"] for app in answer["top_apps"]] == [f"App {i}" for i in range(11, 1, -1)]


@pytest.mark.parametrize(
    ("params", "field"),
    [({}, "start_date"), ({"start_date": "2026-01-01"}, "end_date"), ({"start_date": "2026-01-02", "end_date": "2026-01-01"}, "end_date"),
     ({"start_date": "2025-01-01", "end_date": "2026-01-02"}, "end_date"), ({"start_date": "x", "end_date": "2026-01-01"}, "start_date")],
)  # fmt: skip
def test_wrong_ranges(user, params, field):
    problem = expect(user.api.get("/api/activities/stats/range", params=params), 422)
    assert ["query", field] in [fault["loc"] for fault in problem["errors"]]


def test_a_range_of_366_days(user):
    assert len(stats(user, "range", start_date="2024-01-01", end_date="2024-12-31")["daily_breakdown"]) == 366


def test_one_app(user):
    today = date.fromisoformat(stats(user, "daily")["date"])
    for ago, minutes in ((0, 10), (0, 5), (29, 20), (30, 40)):
        user.record("Instagram", minutes, activity_date=str(today - timedelta(days=ago)), app_category="social", app_package="com.instagram")
    answer = stats(user, "app/" + quote("instaGRAM"))
    assert (answer["app_name"], answer["app_package"], answer["app_category"]) == ("Instagram", "com.instagram", "social")
    assert (answer["total_time"], answer["sessions"], answer["average_session"]) == (75, 4, 18.75)
    assert (answer["first_used"], answer["last_used"]) == (str(today - timedelta(days=30)), str(today))
    assert [entry["total_time"] for entry in answer["daily_breakdown"]] == [20] + [0] * 28 + [15]
    assert [entry["date"] for entry in answer["daily_breakdown"]] == [str(today - timedelta(days=29 - i)) for i in range(30)]


@pytest.mark.parametrize("name", ["日本語 🙈", "a b%", "'; --", "100%_", "...", "?&#", "AC/DC"])
def test_apps_with_odd_names(user, name):
    user.record(name, 7)
    assert stats(user, "app/" + quote(name, safe=""))["total_time"] == 7


def test_an_app_that_was_never_used(user, other):
    other.record("Instagram", 7)
    expect(user.api.get("/api/activities/stats/app/Instagram"), 404, "not_found")


def test_deleting_the_last_activity_forgets_the_app(user):
    made = user.record("Instagram", 7)["id"]
    expect(user.api.delete(f"/api/activities/{made}"), 200)
    expect(user.api.get("/api/activities/stats/app/Instagram"), 404)
    assert expect(user.api.get("/api/activities/apps"), 200) == []


# --- apps ------------------------------------------------------------------------------------------------------------


def test_known_apps(week):
    page = week.api.get("/api/activities/apps")
    apps = expect(page, 200)
    assert page.headers["x-total-count"] == "2"
    assert apps[0] == {"app_name": "Instagram", "display_name": None, "app_package": "com.instagram", "app_category": "social", "total_time": 95.5,
                       "sessions": 4, "percentage": 76.1, "first_used": "2026-02-25", "last_used": "2026-03-08"}  # fmt: skip
    assert apps[1]["app_name"] == "Chess" and apps[1]["percentage"] == 23.9
    first = week.api.get("/api/activities/apps?limit=1")
    assert len(first.json()) == 1 and expect(week.api.get(first.links["next"]["url"]), 200) == apps[1:]


def test_an_app_of_ones_own(week, other):
    changed = expect(week.api.put("/api/activities/apps/instagram", json={"display_name": "Insta", "app_category": "time sink"}), 200)
    assert (changed["app_name"], changed["display_name"], changed["app_category"]) == ("Instagram", "Insta", "time sink")
    day = week.daily("2026-03-08")
    assert day["most_used_app"] == "Insta" and {entry["app_category"] for entry in day["categories"]} == {"time sink", "games"}
    assert stats(week, "weekly", end_date="2026-03-08")["top_apps"][0]["app_name"] == "Insta"
    assert stats(week, "app/insta")["total_time"] == stats(week, "app/Instagram")["total_time"] == 95.5
    assert {row["app_name"] for row in expect(week.api.get("/api/activities"), 200)} == {"Instagram", "Chess"}
    other.record("Instagram", 1, activity_date="2026-03-08")
    assert other.daily("2026-03-08")["most_used_app"] == "Instagram"
    assert expect(week.api.put("/api/activities/apps/Insta", json={"display_name": None}), 200)["app_category"] == "time sink"
    assert expect(week.api.put("/api/activities/apps/Instagram", json={"app_category": None}), 200)["app_category"] == "social"
    assert week.daily("2026-03-08")["most_used_app"] == "Instagram"


@pytest.mark.parametrize("body", [{"display_name": ""}, {"display_name": "x" * 101}, {"app_category": "x" * 51}, {"app_category": 7}])
def test_wrong_app_settings(week, body):
    expect(week.api.put("/api/activities/apps/Instagram", json=body), 422)


def test_an_unknown_app_can_not_be_set(week):
    expect(week.api.put("/api/activities/apps/Nothing", json={"display_name": "x"}), 404)


# --- zones -----------------------------------------------------------------------------------------------------------


def test_moving_to_another_zone_keeps_the_past(server, clock):
    clock("2032-03-10T22:30:00Z")
    user = server.new_account(timezone="Europe/Paris")
    old = user.record("A", 30, start_time="2032-03-10T22:00:00Z", end_time="2032-03-10T22:30:00Z")
    assert old["activity_date"] == "2032-03-10"
    expect(user.api.patch("/api/users/me", json={"timezone": "Asia/Kathmandu"}), 200)
    new = user.record("A", 15, start_time="2032-03-10T22:00:00Z", end_time="2032-03-10T22:15:00Z")
    assert new["activity_date"] == "2032-03-11"
    assert (user.daily("2032-03-10")["total_time"], user.daily("2032-03-11")["total_time"]) == (30, 15)
    assert user.daily("2032-03-10")["hourly"][23] == 30
    assert user.daily("2032-03-11")["hourly"][3] == 15 and user.daily("2032-03-11")["date"] == user.daily()["date"]
    expect(user.api.put(f"/api/activities/{old['id']}", json={"duration_minutes": 10}), 200)
    assert user.daily("2032-03-10")["hourly"][23] == 10


# --- the user's own numbers ------------------------------------------------------------------------------------------


def test_my_stats(server, clock):
    clock("2032-03-10T12:00:00Z")
    user = server.new_account()
    expect(user.api.patch("/api/users/me", json={"daily_limit_minutes": 60}), 200)
    for day, minutes in (("2032-03-01", 10), ("2032-03-02", 10), ("2032-03-03", 10), ("2032-03-04", 61), ("2032-03-08", 30), ("2032-03-09", 60)):
        user.record("A", minutes, activity_date=day)
    numbers = expect(user.api.get("/api/users/me/stats"), 200)
    assert (numbers["total_time_minutes"], numbers["activities_count"], numbers["apps_used"], numbers["most_used_app"]) == (181, 6, 1, "A")
    assert (numbers["current_streak_days"], numbers["longest_streak_days"], numbers["progress_vs_limit"]) == (2, 3, 0)
    assert (numbers["challenges_participated"], numbers["challenges_won"]) == (0, 0)
    assert numbers["today"] == user.daily() and numbers["this_week"] == stats(user, "weekly")
    user.record("A", 45)
    numbers = expect(user.api.get("/api/users/me/stats"), 200)
    assert (numbers["current_streak_days"], numbers["progress_vs_limit"]) == (3, 75)
    user.record("B", 45)
    numbers = expect(user.api.get("/api/users/me/stats"), 200)
    assert (numbers["current_streak_days"], numbers["longest_streak_days"]) == (0, 3)


def test_my_stats_need_no_verified_address(server):
    user = server.new_account(verified=False)
    assert expect(user.api.get("/api/users/me/stats"), 200)["activities_count"] == 0
