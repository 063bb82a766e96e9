"""API.md §4: activities and the day's statistics. Totals are checked against the sum of the rows."""

import concurrent.futures
import random
from collections import defaultdict

import pytest
from support.client import expect

FIELDS = {"id", "user_id", "app_name", "app_package", "app_category", "duration_minutes", "activity_date", "start_time", "end_time", "device_type",
          "session_id", "created_at", "updated_at"}  # fmt: skip


def everything(user, query: str = "") -> list[dict]:
    rows, url = [], f"/api/activities?limit=100{query}"
    while url:
        page = user.api.get(url)
        rows += expect(page, 200)
        url = page.links.get("next", {}).get("url")
    return rows


# --- create ----------------------------------------------------------------------------------------------------------


def test_the_least(user):
    made = expect(user.api.post("/api/activities", json={"app_name": "Instagram", "duration_minutes": 12.345}), 201)
    assert set(made) == FIELDS
    assert (made["user_id"], made["app_name"], made["duration_minutes"], made["app_category"]) == (user.id, "Instagram", 12.345, "other")
    assert (made["app_package"], made["start_time"], made["end_time"], made["device_type"], made["session_id"]) == (None,) * 5
    assert made["created_at"] == made["updated_at"]


def test_everything(user):
    wanted = {"app_name": "TikTok ✨", "app_package": "com.zhiliaoapp.musically", "app_category": "social", "duration_minutes": 30,
              "activity_date": "2026-03-01", "device_type": "android", "session_id": "s-1"}  # fmt: skip
    made = user.record(**wanted, start_time="2026-03-01T12:00:00+02:00", end_time="2026-03-01T10:30:00.500Z")
    assert {key: made[key] for key in wanted} == wanted
    assert (made["start_time"], made["end_time"]) == ("2026-03-01T10:00:00.000Z", "2026-03-01T10:30:00.500Z")
    assert expect(user.api.get(f"/api/activities/{made['id']}"), 200) == made


@pytest.mark.parametrize("minutes", [0, 0.001, 12.345, 0.1, 1 / 3, 59.999, 1440])
def test_durations_are_exact_to_the_millisecond(user, minutes):
    made = user.record(duration_minutes=minutes)
    assert abs(made["duration_minutes"] - minutes) * 60000 <= 0.5
    assert round(made["duration_minutes"] * 60000) == round(minutes * 60000)


def test_sums_are_exact(user):
    for _ in range(3):
        user.record(duration_minutes=0.1)
    user.record(duration_minutes=12.345)
    assert user.daily()["total_time"] == 12.645


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("app_name", ""), ("app_name", "   "), ("app_name", "x" * 101), ("app_name", None), ("duration_minutes", -0.001), ("duration_minutes", 1440.001),
        ("duration_minutes", "12"), ("duration_minutes", None), ("app_package", "x" * 256), ("app_category", "x" * 51), ("device_type", "x" * 51),
        ("session_id", "x" * 101), ("activity_date", "2026-02-29"), ("activity_date", "01.03.2026"), ("activity_date", "2026-3-1"),
        ("activity_date", "2026-03-01T00:00:00Z"), ("start_time", "2026-03-01"), ("start_time", "2026-03-01T25:00:00Z"),
        ("app_name", "two\nlines"), ("app_name", "a\u2028b"), ("app_name", "a\x85b"), ("app_name", "a\tb"), ("app_name", "\u202eevil"),
        ("app_name", "\u200b\u3164"), ("app_package", "a\rb"), ("app_category", "a\u2066b"), ("device_type", "a\x1bb"), ("session_id", "a\nb"),
        ("start_time", "2026-03-01T12:00:00"), ("end_time", "now"), ("start_time", 1772359200), ("activity_date", 20260301),
    ],
)  # fmt: skip
def test_wrong_values(user, field, value):
    body = {"app_name": "Instagram", "duration_minutes": 1} | {field: value}
    problem = expect(user.api.post("/api/activities", json=body), 422)
    assert {tuple(fault["loc"]) for fault in problem["errors"]} == {("body", field)}
    assert everything(user) == []


def test_an_end_before_its_start(user):
    times = {"start_time": "2026-03-01T12:00:00Z", "end_time": "2026-03-01T11:59:59.999Z"}
    problem = expect(user.api.post("/api/activities", json={"app_name": "x", "duration_minutes": 1} | times), 422)
    assert ["body", "end_time"] in [fault["loc"] for fault in problem["errors"]]
    user.record(start_time=times["start_time"], end_time=times["start_time"])


def test_lengths_at_their_limits(user):
    user.record("é" * 100, app_package="p" * 255, app_category="c" * 50, device_type="d" * 50, session_id="s" * 100)


def test_text_is_stored_as_it_is(user):
    for name in ("'; DROP TABLE activities; --", "<script>alert(1)</script>", "a\\b%_\"'`", "日本語 🙈", "e\u0301", "\u05d0\u200f!", "👨\u200d👩"):
        assert user.record(name)["app_name"] == name
    assert {row["app_name"] for row in everything(user)} >= {"日本語 🙈", "a\\b%_\"'`"}


# --- which day -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "start", "day"),
    [
        ("UTC", "2026-03-01T23:59:59Z", "2026-03-01"), ("Europe/Paris", "2026-03-01T23:30:00Z", "2026-03-02"),
        ("America/New_York", "2026-03-02T03:00:00Z", "2026-03-01"), ("Pacific/Auckland", "2026-03-01T11:30:00Z", "2026-03-02"),
        ("Asia/Kathmandu", "2026-03-01T18:20:00Z", "2026-03-02"), ("Pacific/Kiritimati", "2026-03-01T10:00:00Z", "2026-03-02"),
        ("Europe/Paris", "2026-03-29T22:30:00Z", "2026-03-30"), ("Europe/Paris", "2026-03-28T22:30:00Z", "2026-03-28"),
    ],
)  # fmt: skip
def test_the_day_of_the_start_in_the_users_zone(server, clock, zone, start, day):
    clock("2026-04-15T12:00:00Z")
    user = server.new_account(timezone=zone)
    assert user.record(start_time=start)["activity_date"] == day


@pytest.mark.parametrize(
    ("zone", "now", "today"),
    [("UTC", "2032-03-01T00:00:01Z", "2032-03-01"), ("Europe/Paris", "2032-02-29T23:30:00Z", "2032-03-01"),
     ("America/Los_Angeles", "2032-03-01T07:59:00Z", "2032-02-29"), ("Pacific/Kiritimati", "2032-02-29T10:00:00Z", "2032-03-01")],
)  # fmt: skip
def test_today_is_the_users_today(server, clock, zone, now, today):
    clock(now)
    user = server.new_account(timezone=zone)
    made = user.record()
    assert made["activity_date"] == today
    assert [row["id"] for row in expect(user.api.get("/api/activities/today"), 200)] == [made["id"]]
    assert user.daily()["date"] == today and user.daily()["total_time"] == 10


def test_a_day_in_the_users_future(server, clock):
    clock("2032-04-01T23:30:00Z")
    east, west = server.new_account(timezone="Europe/Paris"), server.new_account(timezone="America/New_York")
    body = {"app_name": "x", "duration_minutes": 1, "activity_date": "2032-04-02"}
    expect(east.api.post("/api/activities", json=body), 201)
    expect(west.api.post("/api/activities", json=body), 400, "date_in_future")
    expect(east.api.post("/api/activities", json=body | {"activity_date": "2032-04-03"}), 400, "date_in_future")
    started_tomorrow = {"app_name": "x", "duration_minutes": 1, "start_time": "2032-04-03T12:00:00Z"}
    expect(east.api.post("/api/activities", json=started_tomorrow), 400, "date_in_future")


def test_who_moves_west_still_changes_what_he_recorded(server, clock):
    clock("2032-04-01T23:30:00Z")
    user = server.new_account(timezone="Europe/Paris")
    made = user.record(activity_date="2032-04-02")
    expect(user.api.patch("/api/users/me", json={"timezone": "America/New_York"}), 200)
    changed = expect(user.api.put(f"/api/activities/{made['id']}", json={"app_category": "social"}), 200)
    assert (changed["app_category"], changed["activity_date"]) == ("social", "2032-04-02")
    expect(user.api.put(f"/api/activities/{made['id']}", json={"activity_date": "2032-04-03"}), 400, "date_in_future")


def test_a_new_spelling_is_the_statistics_too(user):
    made = user.record("instagram", 5)
    expect(user.api.put(f"/api/activities/{made['id']}", json={"app_name": "Instagram"}), 200)
    assert [(app["app_name"], app["total_time"], app["sessions"]) for app in user.daily()["apps"]] == [("Instagram", 5, 1)]
    assert expect(user.api.get("/api/users/me/stats"), 200)["most_used_app"] == "Instagram"


def test_a_limit_of_no_time_is_used_up(user):
    expect(user.api.patch("/api/users/me", json={"daily_limit_minutes": 0}), 200)
    user.record(duration_minutes=30)
    assert user.daily()["limit_used_percent"] == 100


# --- read, change, delete --------------------------------------------------------------------------------------------


def test_somebody_elses_activity_does_not_exist(user, other):
    foreign = other.record()["id"]
    for method, body in (("GET", None), ("PUT", {"duration_minutes": 1}), ("DELETE", None)):
        expect(user.api.request(method, f"/api/activities/{foreign}", json=body), 404, "not_found")
    assert everything(user) == []
    assert expect(other.api.get(f"/api/activities/{foreign}"), 200)["duration_minutes"] == 10


def test_activities_need_a_token(api):
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/1"), ("PUT", "/1"), ("DELETE", "/1"), ("GET", "/today"), ("GET", "/stats/daily")):
        expect(api.request(method, f"/api/activities{path}", json={} if method in ("POST", "PUT") else None), 401)


def test_put_changes_what_it_names(user):
    made = user.record("Instagram", 10, app_category="social", session_id="s")
    changed = expect(user.api.put(f"/api/activities/{made['id']}", json={"duration_minutes": 20.5, "app_name": "Reddit"}), 200)
    assert {**made, "duration_minutes": 20.5, "app_name": "Reddit", "updated_at": changed["updated_at"]} == changed
    assert changed["updated_at"] >= made["updated_at"]
    assert expect(user.api.put(f"/api/activities/{made['id']}", json={}), 200)["duration_minutes"] == 20.5


def test_put_clears_with_null(user):
    made = user.record(app_package="a.b", session_id="s", device_type="phone", start_time="2026-03-01T10:00:00Z", end_time="2026-03-01T11:00:00Z")
    cleared = expect(user.api.put(f"/api/activities/{made['id']}", json={"app_package": None, "session_id": None, "device_type": None, "end_time": None}), 200)
    assert (cleared["app_package"], cleared["session_id"], cleared["device_type"], cleared["end_time"]) == (None,) * 4


@pytest.mark.parametrize("body", [{"duration_minutes": -1}, {"duration_minutes": 1441}, {"app_name": ""}, {"app_name": None}, {"duration_minutes": None},
                                  {"activity_date": "2026-02-30"}, {"app_category": "x" * 51}])  # fmt: skip
def test_put_with_wrong_values(user, body):
    made = user.record()
    expect(user.api.put(f"/api/activities/{made['id']}", json=body), 422)
    assert expect(user.api.get(f"/api/activities/{made['id']}"), 200) == made


def test_put_cannot_end_before_the_stored_start(user):
    made = user.record(start_time="2026-03-01T10:00:00Z", end_time="2026-03-01T11:00:00Z")
    expect(user.api.put(f"/api/activities/{made['id']}", json={"end_time": "2026-03-01T09:00:00Z"}), 422)
    expect(user.api.put(f"/api/activities/{made['id']}", json={"start_time": "2026-03-01T12:00:00Z"}), 422)


def test_put_into_the_future(user):
    made = user.record()
    expect(user.api.put(f"/api/activities/{made['id']}", json={"activity_date": "2099-01-01"}), 400, "date_in_future")


def test_delete(user):
    made = user.record()
    assert expect(user.api.delete(f"/api/activities/{made['id']}"), 200)["message"]
    expect(user.api.get(f"/api/activities/{made['id']}"), 404)
    expect(user.api.delete(f"/api/activities/{made['id']}"), 404)
    assert user.daily()["total_time"] == 0


def test_today_lists_everything_newest_first(user):
    made = [user.record(f"App {i}", 1)["id"] for i in range(60)]
    user.record("Old", 5, activity_date="2020-01-01")
    assert [row["id"] for row in expect(user.api.get("/api/activities/today"), 200)] == made[::-1]


def test_today_in_pages(user):
    made = [user.record(f"App {i}", 1)["id"] for i in range(7)][::-1]
    answer = user.api.get("/api/activities/today?limit=3")
    assert [row["id"] for row in expect(answer, 200)] == made[:3] and answer.headers["x-total-count"] == "7"
    answer = user.api.get(answer.links["next"]["url"])
    assert [row["id"] for row in expect(answer, 200)] == made[3:6] and answer.links["prev"]
    answer = user.api.get("/api/activities/today")
    assert [row["id"] for row in expect(answer, 200)] == made and answer.headers["x-total-count"] == "7" and not answer.links
    for query in ("limit=0", "limit=2001", "skip=-1"):
        expect(user.api.get(f"/api/activities/today?{query}"), 422)


def test_today_has_an_end(user):
    for _ in range(3):
        items = [{"app_name": "A", "duration_minutes": 1}] * 700
        expect(user.api.post("/api/activities/batch", json={"activities": items}), 200)
    answer = user.api.get("/api/activities/today")
    assert len(expect(answer, 200)) == 2000 and answer.headers["x-total-count"] == "2100"
    assert len(expect(user.api.get(answer.links["next"]["url"]), 200)) == 100


def test_a_day_holds_5000_apps_also_when_many_write_at_once(server, user):
    def write(number):
        with server.client(token=user.tokens["access_token"]) as api:
            items = [{"app_name": f"App {number} {i}", "duration_minutes": 1, "activity_date": "2026-03-01"} for i in range(700)]
            return expect(api.post("/api/activities/batch", json={"activities": items}), 200)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(8)))
    assert sum(answer["created"] for answer in answers) == 5000 and sum(answer["failed"] for answer in answers) == 600
    assert {result["error"]["code"] for answer in answers for result in answer["results"] if result["error"]} == {"too_many_apps"}
    stats = user.daily("2026-03-01")
    assert (stats["apps_used"], stats["sessions"], len(stats["apps"])) == (5000, 5000, 500)
    body = {"app_name": "One more", "duration_minutes": 1, "activity_date": "2026-03-01"}
    expect(user.api.post("/api/activities", json=body), 422, "too_many_apps")
    rows = [user.record(f"Row {i}", activity_date="2026-03-02") for i in range(8)]
    change = lambda row: user.api.put(f"/api/activities/{row['id']}", json={"activity_date": "2026-03-01"}).status_code  # noqa: E731
    assert {change(row) for row in rows} == {422}
    gone = [expect(user.api.get("/api/activities?date=2026-03-01&limit=3"), 200)[i]["id"] for i in range(3)]
    for one in gone:
        expect(user.api.delete(f"/api/activities/{one}"), 200)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, rows)) == [200] * 3 + [422] * 5


# --- lists -----------------------------------------------------------------------------------------------------------


def test_newest_first_by_default(user):
    made = [user.record(duration_minutes=i)["id"] for i in range(5)]
    assert [row["id"] for row in everything(user)] == made[::-1]


@pytest.fixture
def assorted(user):
    user.record("Instagram", 10, app_package="com.instagram", app_category="social", device_type="android", activity_date="2026-01-01")
    user.record("instagram lite", 20, app_package="com.instagram.lite", app_category="social", device_type="ios", activity_date="2026-01-02")
    user.record("Chess_100%", 30, app_category="games", device_type="android", activity_date="2026-01-03")
    user.record("Mail", 40, app_package="org.mail", activity_date="2026-01-04")
    return user


@pytest.mark.parametrize(
    ("query", "minutes"),
    [
        ("app_name=INSTA", {10, 20}), ("app_name=gram%20l", {20}), ("app_name=%25", {30}), ("app_name=_", {30}), ("app_name=x", set()),
        ("app_package=com.instagram", {10}), ("category=social", {10, 20}), ("category=other", {40}), ("device_type=android", {10, 30}),
        ("date=2026-01-02", {20}), ("start_date=2026-01-02", {20, 30, 40}), ("end_date=2026-01-02", {10, 20}),
        ("start_date=2026-01-02&end_date=2026-01-03", {20, 30}), ("category=social&device_type=ios", {20}), ("app_name='", set()),
    ],
)  # fmt: skip
def test_filters(assorted, query, minutes):
    answer = assorted.api.get(f"/api/activities?{query}")
    assert {row["duration_minutes"] for row in expect(answer, 200)} == minutes
    assert answer.headers["x-total-count"] == str(len(minutes))


@pytest.mark.parametrize(
    ("sort", "minutes"),
    [("duration_minutes", [10, 20, 30, 40]), ("-duration_minutes", [40, 30, 20, 10]), ("activity_date", [10, 20, 30, 40]),
     ("-activity_date", [40, 30, 20, 10]), ("created_at", [10, 20, 30, 40]), ("-created_at", [40, 30, 20, 10])],
)  # fmt: skip
def test_sorting(assorted, sort, minutes):
    assert [row["duration_minutes"] for row in expect(assorted.api.get(f"/api/activities?sort={sort}"), 200)] == minutes


def test_links_keep_the_filters(assorted):
    page = assorted.api.get("/api/activities?category=social&limit=1&sort=duration_minutes")
    following = assorted.api.get(page.links["next"]["url"])
    assert [row["duration_minutes"] for row in following.json()] == [20]
    assert "next" not in following.links


# --- the day's statistics --------------------------------------------------------------------------------------------


def test_an_empty_day(user):
    day = user.daily("2026-03-01")
    me = expect(user.api.get("/api/users/me"), 200)
    assert day == {"date": "2026-03-01", "total_time": 0, "apps_used": 0, "sessions": 0, "most_used_app": None, "apps": [], "categories": [],
                   "hourly": [0] * 24, "previous_day_total": 0, "change_percent": None, "daily_limit_minutes": me["daily_limit_minutes"],
                   "limit_used_percent": 0}  # fmt: skip


def test_a_day(user):
    day = "2026-03-03"
    user.record("Instagram", 30, app_package="com.instagram", app_category="social", activity_date=day)
    user.record("Instagram", 15.5, app_package="com.instagram", app_category="social", activity_date=day)
    user.record("Chess", 20, app_category="games", activity_date=day)
    user.record("Reddit", 4.5, app_category="social", activity_date=day)
    user.record("Chess", 40, app_category="games", activity_date="2026-03-02")
    expect(user.api.patch("/api/users/me", json={"daily_limit_minutes": 60}), 200)
    stats = user.daily(day)
    assert (stats["total_time"], stats["apps_used"], stats["sessions"], stats["most_used_app"]) == (70, 3, 4, "Instagram")
    assert stats["apps"] == [
        {"app_name": "Instagram", "app_package": "com.instagram", "app_category": "social", "total_time": 45.5, "sessions": 2, "percentage": 65},
        {"app_name": "Chess", "app_package": None, "app_category": "games", "total_time": 20, "sessions": 1, "percentage": 28.57},
        {"app_name": "Reddit", "app_package": None, "app_category": "social", "total_time": 4.5, "sessions": 1, "percentage": 6.43},
    ]
    assert stats["categories"] == [{"app_category": "social", "total_time": 50, "percentage": 71.43},
                                   {"app_category": "games", "total_time": 20, "percentage": 28.57}]  # fmt: skip
    assert (stats["previous_day_total"], stats["change_percent"]) == (40, 75)
    assert (stats["daily_limit_minutes"], stats["limit_used_percent"]) == (60, 116.67)


def test_hours_of_the_day(server):
    user = server.new_account(timezone="Europe/Paris")
    user.record("A", 30, start_time="2026-02-02T09:45:00Z", end_time="2026-02-02T10:45:00Z")  # 10:45–11:45 in Paris
    user.record("B", 60, start_time="2026-02-02T09:00:00Z")
    user.record("C", 6, start_time="2026-02-02T20:00:00Z", end_time="2026-02-02T20:06:00Z")
    hourly = user.daily("2026-02-02")["hourly"]
    assert {hour: minutes for hour, minutes in enumerate(hourly) if minutes} == {10: 7.5, 11: 22.5, 21: 6}


def test_hours_of_the_night_when_clocks_change(server):
    user = server.new_account(timezone="Europe/Paris")
    user.record("A", 120, start_time="2026-03-29T00:30:00Z", end_time="2026-03-29T02:30:00Z")  # 01:30–04:30, no 2 o'clock
    hourly = user.daily("2026-03-29")["hourly"]
    assert {hour: minutes for hour, minutes in enumerate(hourly) if minutes} == {1: 30, 3: 60, 4: 30}
    user.record("A", 180, start_time="2025-10-25T23:30:00Z", end_time="2025-10-26T02:30:00Z")  # 01:30–03:30, 2 o'clock twice
    hourly = user.daily("2025-10-26")["hourly"]
    assert {hour: minutes for hour, minutes in enumerate(hourly) if minutes} == {1: 30, 2: 120, 3: 30}


@pytest.mark.parametrize("date", ["2026-02-30", "today", "", "2026-03-01T00:00:00Z", "10000-01-01"])
def test_statistics_of_a_wrong_day(user, date):
    problem = expect(user.api.get("/api/activities/stats/daily", params={"date": date}), 422)
    assert problem["errors"][0]["loc"] == ["query", "date"]


def test_others_do_not_count(user, other):
    other.record("Instagram", 99)
    assert user.daily()["total_time"] == 0


def test_every_change_moves_the_totals(user):
    a = user.record("Instagram", 10, activity_date="2026-03-03")["id"]
    b = user.record("Chess", 20, activity_date="2026-03-03")["id"]
    expect(user.api.put(f"/api/activities/{a}", json={"duration_minutes": 15}), 200)
    assert user.daily("2026-03-03")["total_time"] == 35
    expect(user.api.put(f"/api/activities/{a}", json={"activity_date": "2026-03-04"}), 200)
    assert (user.daily("2026-03-03")["total_time"], user.daily("2026-03-04")["total_time"]) == (20, 15)
    assert user.daily("2026-03-04")["previous_day_total"] == 20
    expect(user.api.put(f"/api/activities/{b}", json={"app_name": "Go", "app_category": "board"}), 200)
    assert [(app["app_name"], app["app_category"], app["sessions"]) for app in user.daily("2026-03-03")["apps"]] == [("Go", "board", 1)]
    expect(user.api.delete(f"/api/activities/{b}"), 200)
    day = user.daily("2026-03-03")
    assert (day["total_time"], day["apps_used"], day["sessions"], day["apps"], day["categories"]) == (0, 0, 0, [], [])


def test_the_same_app_in_another_case_or_with_another_package(user):
    user.record("Instagram", 1, app_package="com.instagram", activity_date="2026-03-03")
    user.record("Instagram", 2, app_package="com.instagram.lite", activity_date="2026-03-03")
    stats = user.daily("2026-03-03")
    assert stats["total_time"] == 3 == sum(app["total_time"] for app in stats["apps"]) and stats["sessions"] == 2


def assert_totals_are_the_sum_of_the_rows(user) -> None:
    by_day = defaultdict(lambda: defaultdict(int))
    for row in everything(user):
        by_day[row["activity_date"]][row["app_name"]] += round(row["duration_minutes"] * 60000)
    for day, apps in by_day.items():
        stats = user.daily(day)
        assert round(stats["total_time"] * 60000) == sum(apps.values()), day
        assert {app["app_name"]: round(app["total_time"] * 60000) for app in stats["apps"]} == dict(apps), day


def test_random_changes_against_the_sum_of_the_rows(user):
    dice = random.Random(42)
    ids = []
    for _ in range(120):
        body = {"app_name": dice.choice("ABCD"), "duration_minutes": dice.randrange(100_000) / 1000, "activity_date": f"2026-03-0{dice.randrange(1, 5)}"}
        action = dice.random()
        if action < 0.6 or not ids:
            ids.append(expect(user.api.post("/api/activities", json=body), 201)["id"])
        elif action < 0.85:
            part = {name: body[name] for name in dice.sample(sorted(body), dice.randrange(1, 4))}
            expect(user.api.put(f"/api/activities/{dice.choice(ids)}", json=part), 200)
        else:
            expect(user.api.delete(f"/api/activities/{ids.pop(dice.randrange(len(ids)))}"), 200)
    assert_totals_are_the_sum_of_the_rows(user)


def test_writers_at_once_lose_nothing(server, user):
    """Twelve devices of one user write, change and delete on the same day and apps."""

    def device(number):
        dice = random.Random(number)
        with server.client(token=user.tokens["access_token"]) as api:
            for _ in range(12):
                made = expect(api.post("/api/activities", json={"app_name": dice.choice("AB"), "duration_minutes": 1.5, "activity_date": "2026-03-03"}), 201)
                if dice.random() < 0.4:
                    expect(api.put(f"/api/activities/{made['id']}", json={"duration_minutes": 2, "app_name": dice.choice("AB")}), 200)
                elif dice.random() < 0.3:
                    expect(api.delete(f"/api/activities/{made['id']}"), 200)

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(device, range(12)))
    assert_totals_are_the_sum_of_the_rows(user)


def test_a_read_that_follows_a_write_sees_it(user):
    total = 0
    for i in range(40):
        user.record("A", i / 8, activity_date="2026-03-03")
        total += i / 8
        assert user.daily("2026-03-03")["total_time"] == total
