"""API.md §8: accounts, numbers, challenges, notifications, mails and health, as administrators use them."""

import concurrent.futures
import datetime
import itertools

import pytest
from support.client import expect
from support.processes import eventually

ROUTES = [
    ("GET", "/users"), ("POST", "/users"), ("GET", "/users/1"), ("PUT", "/users/1"), ("DELETE", "/users/1"),
    ("PATCH", "/users/1/activate"), ("PATCH", "/users/1/deactivate"), ("GET", "/stats/overview"), ("GET", "/stats/users-growth"),
    ("GET", "/stats/app-usage"), ("GET", "/challenges"), ("DELETE", "/challenges/1"), ("GET", "/logs"), ("GET", "/logs/stats"),
    ("DELETE", "/logs/cleanup"), ("POST", "/notifications"), ("GET", "/emails"), ("POST", "/emails/1/retry"), ("GET", "/system/health"),
    ("GET", "/email-templates"), ("GET", "/email-templates/welcome"), ("POST", "/jobs/purges/run"),
]  # fmt: skip
USER_FIELDS = {
    "id", "email", "username", "full_name", "avatar_url", "bio", "role", "is_active", "is_verified", "language", "timezone",
    "daily_limit_minutes", "notifications_enabled", "email_reminders", "reminder_time", "created_at", "updated_at", "last_login",
}  # fmt: skip
_names = itertools.count(1)


@pytest.fixture
def admin(server):
    return server.new_admin()


@pytest.fixture
def own(make_server, db):
    """A server with only its administrator."""
    server = make_server(db).start()
    return server.new_admin()


def day(offset: int = 0) -> str:
    return (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=offset)).isoformat()


def at(path: str) -> str:
    return f"/api/admin{path}"


def logged(admin, **query) -> list[dict]:
    return expect(admin.api.get(at("/logs"), params=query), 200)


def new_fields(**fields) -> dict:
    name = f"made{next(_names)}by{datetime.datetime.now().timestamp():.6f}".replace(".", "")
    return {"email": f"{name}@example.org", "username": name, "password": "Secret-passw0rd"} | fields


# --- access ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_administrators(sqlite_server, method, path):
    user = sqlite_server.new_account()
    body = {} if method in ("POST", "PUT") else None
    expect(user.api.request(method, at(path), json=body), 403, "forbidden")
    expect(user.anonymous.request(method, at(path), json=body), 401)


def test_an_unverified_administrator_is_none(server, admin):
    made = new_fields(role="admin")
    expect(admin.api.post(at("/users"), json=made), 201)
    tokens = expect(server.client().post("/api/auth/login", json={"email": made["email"], "password": made["password"]}), 200)
    expect(server.client(token=tokens["access_token"]).get(at("/users")), 403, "email_not_verified")


# --- accounts --------------------------------------------------------------------------------------------------------


def test_making_an_account(server, admin):
    fields = new_fields(full_name="Zoé", language="fr", timezone="Europe/Paris", role="admin", is_verified=True)
    user = expect(admin.api.post(at("/users"), json=fields), 201)
    assert set(user) == USER_FIELDS
    wanted = {key: value for key, value in fields.items() if key != "password"} | {"is_active": True}
    assert {key: user[key] for key in wanted} == wanted
    assert expect(admin.api.get(at(f"/users/{user['id']}")), 200) == user
    expect(server.client().post("/api/auth/login", json={"email": fields["email"], "password": fields["password"]}), 200)
    entry = logged(admin, action="user_created", user_id=admin.id)[0]
    assert (entry["resource_type"], entry["resource_id"]) == ("user", user["id"])
    assert fields["password"] not in str(entry)


def test_an_unverified_account_gets_the_mail(server, admin):
    fields = new_fields()
    user = expect(admin.api.post(at("/users"), json=fields), 201)
    assert not user["is_verified"]
    token = server.mail.wait_for(fields["email"], "/verify-email").token("/verify-email")
    expect(server.client().post("/api/auth/verify-email", json={"token": token}), 200)


def test_an_inactive_account(server, admin):
    fields = new_fields(is_active=False, is_verified=True)
    assert not expect(admin.api.post(at("/users"), json=fields), 201)["is_active"]
    expect(server.client().post("/api/auth/login", json={"email": fields["email"], "password": fields["password"]}), 403, "account_inactive")


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nonsense"), ("username", "a b"), ("password", "weak"), ("role", "king"), ("is_verified", "yes"), ("language", "de"), ("timezone", "Mars")],
)
def test_wrong_fields(sqlite_server, field, value):
    admin = sqlite_server.new_admin()
    problem = expect(admin.api.post(at("/users"), json=new_fields(**{field: value})), 422)
    assert {fault["loc"][1] for fault in problem["errors"]} == {field}
    if field != "password":
        problem = expect(admin.api.put(at(f"/users/{admin.id}"), json={field: value}), 422)
        assert {fault["loc"][1] for fault in problem["errors"]} == {field}


def test_names_that_are_taken(admin, user):
    expect(admin.api.post(at("/users"), json=new_fields(email=user.email.upper())), 400, "email_taken")
    expect(admin.api.post(at("/users"), json=new_fields(username=user.username.upper())), 400, "username_taken")
    expect(admin.api.put(at(f"/users/{admin.id}"), json={"email": user.email}), 400, "email_taken")
    expect(admin.api.put(at(f"/users/{admin.id}"), json={"username": user.username}), 400, "username_taken")


def test_changing_everything(admin, user):
    name = f"{user.username}-x"
    wanted = {"email": f"{name}@example.org", "username": name, "full_name": "New Name", "avatar_url": "https://example.org/a.png", "bio": "Bio",
              "role": "admin", "is_verified": False, "language": "fr", "timezone": "Asia/Tokyo", "daily_limit_minutes": 33,
              "notifications_enabled": False, "email_reminders": False, "reminder_time": "06:30"}  # fmt: skip
    changed = expect(admin.api.put(at(f"/users/{user.id}"), json=wanted), 200)
    assert {key: changed[key] for key in wanted} == wanted and set(changed) == USER_FIELDS
    assert expect(admin.api.get(at(f"/users/{user.id}")), 200) == changed
    entry = logged(admin, action="user_updated", user_id=admin.id)[0]
    assert entry["resource_id"] == user.id and set(entry["details"]["changed"]) == set(wanted)
    assert expect(admin.api.put(at(f"/users/{user.id}"), json={"bio": None}), 200)["bio"] is None


def test_a_new_role_takes_effect_at_once(admin, user):
    expect(user.api.get(at("/users")), 403)
    expect(admin.api.put(at(f"/users/{user.id}"), json={"role": "admin"}), 200)
    eventually(lambda: user.api.get(at("/users")).status_code == 200, "the new rights", 1)
    expect(admin.api.put(at(f"/users/{user.id}"), json={"role": "user"}), 200)
    eventually(lambda: user.api.get(at("/users")).status_code == 403, "the end of the rights", 1)


def test_links_to_an_old_address_are_void(server, admin):
    user = server.new_account(verified=False, signed_in=False)
    token = user.verification_token()
    expect(admin.api.put(at(f"/users/{user.id}"), json={"email": f"moved-{user.email}"}), 200)
    expect(user.anonymous.post("/api/auth/verify-email", json={"token": token}), 400, "invalid_token")


def test_switching_off_and_on(admin, user):
    answer = expect(admin.api.patch(at(f"/users/{user.id}/deactivate")), 200)
    assert set(answer) == {"message", "user"} and set(answer["user"]) == USER_FIELDS and not answer["user"]["is_active"]
    eventually(lambda: user.api.get("/api/users/me").status_code == 401, "the end of the session", 1)
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 401)
    assert logged(admin, action="user_deactivated", user_id=admin.id)[0]["resource_id"] == user.id
    answer = expect(admin.api.patch(at(f"/users/{user.id}/activate")), 200)
    assert answer["user"]["is_active"]
    assert logged(admin, action="user_activated", user_id=admin.id)[0]["resource_id"] == user.id
    user.login()
    expect(admin.api.put(at(f"/users/{user.id}"), json={"is_active": False}), 200)
    eventually(lambda: user.api.get("/api/users/me").status_code == 401, "the end of the session", 1)


def test_nobody_switches_himself_off(server, admin):
    server.new_admin()  # not the last one
    expect(admin.api.patch(at(f"/users/{admin.id}/deactivate")), 403, "last_admin")
    expect(admin.api.put(at(f"/users/{admin.id}"), json={"role": "user"}), 403, "last_admin")
    expect(admin.api.put(at(f"/users/{admin.id}"), json={"is_active": False}), 403, "last_admin")
    expect(admin.api.delete(at(f"/users/{admin.id}")), 403, "last_admin")
    expect(admin.api.delete(at(f"/users/{admin.id}?purge=true")), 403, "last_admin")
    assert expect(admin.api.put(at(f"/users/{admin.id}"), json={"role": "admin", "bio": "Still here"}), 200)["bio"] == "Still here"


def test_two_administrators_cannot_demote_each_other(own):
    from concurrent.futures import ThreadPoolExecutor

    other = own.server.new_admin()
    pairs = [(own, other), (other, own)]
    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(lambda pair: pair[0].api.put(at(f"/users/{pair[1].id}"), json={"role": "user"}).status_code, pairs))
    assert codes in ([200, 403], [403, 403]), codes


@pytest.mark.parametrize("path", ["/users/999999999", "/users/0", "/users/x", "/users/9223372036854775808"])
def test_no_such_account(admin, path):
    expect(admin.api.get(at(path)), 404)
    expect(admin.api.put(at(path), json={"bio": "x"}), 404)
    expect(admin.api.delete(at(path)), 404)
    expect(admin.api.patch(at(f"{path}/activate")), 404)
    expect(admin.api.patch(at(f"{path}/deactivate")), 404)


def test_deleting(server, admin, user):
    user.record("Instagram", 10)
    assert expect(admin.api.delete(at(f"/users/{user.id}")), 200)["message"]
    expect(admin.api.get(at(f"/users/{user.id}")), 404)
    eventually(lambda: user.api.get("/api/users/me").status_code == 401, "the end of the session", 1)
    entry = logged(admin, action="user_deleted", user_id=admin.id)[0]
    assert (entry["resource_type"], entry["resource_id"], entry["level"]) == ("user", user.id, "warning")
    expect(user.anonymous.post("/api/auth/register", json=user.fields), 201)


def rows_about(database, user_id: int) -> dict[str, int]:
    """The number of rows with this user_id, by table."""
    if database.kind == "sqlite":
        sql = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'user_id' WHERE m.type = 'table'"
    else:
        sql = f"SELECT table_name FROM information_schema.columns WHERE column_name = 'user_id' AND table_schema = '{database.name}'"
    counts = {table: int(database.query(f"SELECT COUNT(*) FROM {table} WHERE user_id = {user_id}")[0][0]) for (table,) in database.query(sql)}
    return {table: count for table, count in counts.items() if count}


def test_purging(own):
    server = own.server
    user = server.new_account()
    for i in range(3):
        user.record(f"App {i}", 10 + i)
    expect(user.api.post("/api/activities/batch", json={"activities": [{"app_name": f"B{i % 7}", "duration_minutes": 1, "client_id": f"c{i}"} for i in range(450)]}), 200)

    def all_delivered():
        to_him = [mail for mail in mails(own) if mail["recipient"] == user.email]
        return to_him and len(logged(own, action="email_sent", user_id=user.id)) == len(to_him)

    eventually(all_delivered, "the deliveries, which are logged when they are over")
    before = expect(own.api.get(at("/stats/overview")), 200)
    assert (before["total_activities"], before["daily_active_users"], before["monthly_active_users"]) == (453, 1, 1)
    assert before["top_users"][0]["id"] == user.id
    assert {"activities", "audit_log", "last_uses", "sessions"} <= rows_about(server.database, user.id).keys()
    expect(own.api.delete(at(f"/users/{user.id}?purge=true")), 200)
    assert rows_about(server.database, user.id).keys() <= {"notification_turns"}
    overview = expect(own.api.get(at("/stats/overview")), 200)
    empty = {"total_users": 1, "total_activities": 0, "activities_today": 0, "total_time_minutes": 0, "daily_active_users": 0,
             "weekly_active_users": 0, "monthly_active_users": 0, "top_users": []}  # fmt: skip
    assert {key: overview[key] for key in empty} == empty
    assert expect(own.api.get(at("/stats/app-usage")), 200) == []
    assert logged(own, user_id=user.id) == []
    expect(own.api.delete(at(f"/users/{user.id}?purge=true")), 404)


def test_who_is_purged_is_no_participant_any_more(own):
    server = own.server
    maker, user = server.new_account(), server.new_account()
    today = datetime.datetime.now(datetime.UTC).date()
    body = {"name": "Quiet days", "target_apps": ["Chess"], "start_date": day(), "end_date": day(1)}
    challenge = expect(maker.api.post("/api/challenges", json=body), 201)["id"]
    user.record("Chess", 5)
    expect(user.api.post(f"/api/challenges/{challenge}/join", json={}), 200)
    server.set_clock(f"{today + datetime.timedelta(5)}T12:00:00Z")
    maker.login()
    own.login()

    def seen():
        return expect(maker.api.get(f"/api/challenges/{challenge}"), 200)

    eventually(lambda: seen()["status"] == "completed" and seen()["winner"], "the end")
    assert seen()["participants_count"] == 2
    expect(own.api.delete(at(f"/users/{user.id}?purge=true")), 200)
    assert seen()["participants_count"] == 1
    ranking = maker.api.get(f"/api/challenges/{challenge}/leaderboard")
    assert len(expect(ranking, 200)) == 1 and ranking.headers["X-Total-Count"] == "1"


def test_purging_what_was_deleted_before(own):
    user = own.server.new_account()
    user.record("App", 5)
    expect(own.api.delete(at(f"/users/{user.id}")), 200)
    assert expect(own.api.get(at("/stats/overview")), 200)["total_activities"] == 1
    expect(own.api.delete(at(f"/users/{user.id}?purge=true")), 200)
    assert expect(own.api.get(at("/stats/overview")), 200)["total_activities"] == 0


# --- finding accounts ------------------------------------------------------------------------------------------------


def ids(admin, **query) -> list[int]:
    return [user["id"] for user in expect(admin.api.get(at("/users"), params=query), 200)]


def test_listing(own):
    server = own.server
    users = [server.new_account(signed_in=False, full_name=f"Élodie Number{i}") for i in range(3)]
    answer = own.api.get(at("/users"), params={"limit": 2})
    assert [set(user) for user in expect(answer, 200)] == [USER_FIELDS] * 2
    assert answer.headers["x-total-count"] == "4" and 'rel="next"' in answer.headers["link"]
    newest = [users[2].id, users[1].id, users[0].id, own.id]
    assert ids(own) == newest == ids(own, sort="-created_at")
    assert ids(own, sort="created_at") == newest[::-1]
    assert ids(own, skip=1, limit=2) == newest[1:3]
    by_name = sorted([own, *users], key=lambda one: one.username.lower())
    assert ids(own, sort="username") == [one.id for one in by_name]
    assert ids(own, sort="-username") == [one.id for one in by_name[::-1]]
    users[0].login()
    assert ids(own, sort="-last_login")[:2] == [users[0].id, own.id]
    answer = own.api.get(at("/users"), params={"search": "ÉLODIE", "limit": 1})
    assert len(expect(answer, 200)) == 1 and answer.headers["x-total-count"] == "3"


def test_filters(own):
    server = own.server
    plain, unverified = server.new_account(signed_in=False), server.new_account(signed_in=False, verified=False)
    expect(own.api.patch(at(f"/users/{plain.id}/deactivate")), 200)
    assert ids(own, role="admin") == [own.id] and set(ids(own, role="user")) == {plain.id, unverified.id}
    assert ids(own, is_active="false") == [plain.id] and ids(own, is_verified="false") == [unverified.id]
    assert ids(own, is_active="true", role="user") == [unverified.id]
    for text in (plain.username.upper(), plain.email[:14], plain.username[2:]):
        assert plain.id in ids(own, search=text)
    assert ids(own, search="%") == [] and ids(own, search="nobody-has-this") == []
    assert len(ids(own, created_after=day())) == 3 and ids(own, created_before=day()) == []
    assert ids(own, created_after=day(1)) == [] and len(ids(own, created_before=f"{day(1)}T00:00:00Z")) == 3
    assert len(ids(own, created_after=f"{day(-1)}T12:00:00+02:00")) == 3
    expect(own.api.delete(at(f"/users/{plain.id}")), 200)
    assert plain.id not in ids(own)


@pytest.mark.parametrize("query", ["sort=email", "sort=+username", "limit=501", "limit=0", "skip=-1", "role=king", "is_active=perhaps", "created_after=soon", "created_before=2026-02-30"])
def test_wrong_queries(sqlite_server, query):
    admin = sqlite_server.new_admin()
    problem = expect(admin.api.get(at(f"/users?{query}")), 422)
    assert problem["errors"][0]["loc"] == ["query", query.split("=")[0]]


# --- numbers ---------------------------------------------------------------------------------------------------------


def overview(admin) -> dict:
    return expect(admin.api.get(at("/stats/overview")), 200)


def test_the_overview(own):
    server = own.server
    start = overview(own)
    zero = {key: 0 for key in start if key != "top_users"} | {"total_users": 1, "active_users": 1, "verified_users": 1, "new_users_week": 1}
    assert {key: start[key] for key in zero} == zero and start["top_users"] == []

    one, two = server.new_account(full_name="One"), server.new_account()
    server.new_account(verified=False, signed_in=False)
    one.record("Instagram", 30.5)
    one.record("Instagram", 10, activity_date=day(-3))
    two.record("YouTube", 5, activity_date=day(-10))
    kept = expect(one.api.post("/api/blocked", json={"app_name": "Instagram", "daily_limit_minutes": 20}), 201)
    expect(one.api.post("/api/blocked", json={"app_name": "Never", "daily_limit_minutes": 0}), 201)
    expect(one.api.post("/api/challenges", json={"name": "Running", "target_apps": ["Instagram"], "start_date": day(), "end_date": day(3)}), 201)
    expect(one.api.post("/api/challenges", json={"name": "Coming", "target_apps": ["X"], "start_date": day(2), "end_date": day(3), "is_public": False}), 201)
    now = overview(own)
    wanted = {"total_users": 4, "active_users": 4, "verified_users": 3, "new_users_week": 4, "daily_active_users": 1, "weekly_active_users": 1,
              "monthly_active_users": 2, "total_activities": 3, "activities_today": 1, "total_time_minutes": 45.5, "total_challenges": 2,
              "active_challenges": 1, "completed_challenges": 0, "total_blocked_apps": 2, "blocked_now": 2}  # fmt: skip
    assert {key: now[key] for key in wanted} == wanted
    assert now["top_users"][0] == {"id": one.id, "username": one.username, "full_name": "One", "total_time_minutes": 40.5, "activities_count": 2}
    assert [user["id"] for user in now["top_users"]] == [one.id, two.id]
    eventually(lambda: overview(own)["emails_sent_today"] >= 4, "the mails")

    expect(one.api.delete(f"/api/blocked/{kept['id']}"), 200)
    expect(own.api.patch(at(f"/users/{two.id}/deactivate")), 200)
    now = overview(own)
    assert (now["active_users"], now["total_users"], now["total_blocked_apps"], now["blocked_now"]) == (3, 4, 1, 1)
    expect(own.api.delete(at(f"/users/{one.id}")), 200)
    now = overview(own)
    assert (now["active_users"], now["total_users"], now["verified_users"], now["total_blocked_apps"]) == (2, 3, 2, 0)
    assert now["total_activities"] == 3 and [user["id"] for user in now["top_users"]] == [two.id]


@pytest.mark.parametrize("cache", ["true", "false"])
def test_how_many_limits_block_is_remembered_where_they_are_many(make_server, db, cache):
    server = make_server(db, CACHE_ENABLED=cache).start()
    admin, user = server.new_admin(), server.new_account()

    def block(first: int, count: int) -> None:
        rows = ", ".join(f"({user.id}, 'a{n}', 'a{n}', 'n:a{n}', 0, 1, 80, '[]', 0, 0)" for n in range(first, first + count))
        server.database.query("INSERT INTO blocked_apps (user_id, app_name, app_key, identity, limit_ms, is_active, notify_at, schedules, created_at_ms, "
                 f"updated_at_ms) VALUES {rows}")  # fmt: skip

    block(0, 999)
    assert overview(admin)["blocked_now"] == 999
    block(999, 1)
    assert overview(admin)["blocked_now"] == 1000, "few are counted each time"
    block(1000, 1)
    assert overview(admin)["blocked_now"] == (1000 if cache == "true" else 1001)


def test_the_overview_follows_changes_and_deletions(own):
    user = own.server.new_account()
    first = user.record("A", 10)
    second = user.record("B", 20)
    expect(user.api.put(f"/api/activities/{first['id']}", json={"duration_minutes": 15, "app_name": "B"}), 200)
    now = overview(own)
    assert (now["total_activities"], now["total_time_minutes"], now["daily_active_users"]) == (2, 35, 1)
    assert expect(own.api.get(at("/stats/app-usage")), 200) == [
        {"app_name": "B", "app_category": "other", "total_time_minutes": 35, "activity_count": 2, "unique_users": 1, "change_percent": None}
    ]
    for activity in (first, second):
        expect(user.api.delete(f"/api/activities/{activity['id']}"), 200)
    now = overview(own)
    assert (now["total_activities"], now["total_time_minutes"], now["daily_active_users"], now["top_users"]) == (0, 0, 0, [])
    assert expect(own.api.get(at("/stats/app-usage")), 200) == []


def test_growth(own):
    server = own.server
    users = [server.new_account() for _ in range(3)]
    users[0].record("A", 1)
    users[1].record("A", 1)
    users[1].record("A", 1, activity_date=day(-2))
    expect(own.api.delete(at(f"/users/{users[2].id}")), 200)
    days = expect(own.api.get(at("/stats/users-growth"), params={"days": 5}), 200)
    assert [entry["date"] for entry in days] == [day(offset) for offset in range(-4, 1)]
    assert [entry["active_users"] for entry in days] == [0, 0, 1, 0, 2]
    assert [entry["new_users"] for entry in days] == [0, 0, 0, 0, 4]
    assert [entry["total_users"] for entry in days] == [0, 0, 0, 0, 3]
    assert all(set(entry) == {"date", "new_users", "total_users", "active_users"} for entry in days)
    assert len(expect(own.api.get(at("/stats/users-growth")), 200)) == 30


def test_app_usage(own):
    server = own.server
    one, two = server.new_account(), server.new_account()
    one.record("Instagram", 30, app_category="social")
    one.record("instagram", 10, activity_date=day(-6), app_category="social")
    two.record("Instagram", 20, activity_date=day(-7))
    two.record("YouTube", 50, app_category="video")
    two.record("Maps", 1)
    usage = expect(own.api.get(at("/stats/app-usage")), 200)
    assert [(app["app_name"], app["app_category"], app["total_time_minutes"], app["activity_count"], app["unique_users"], app["change_percent"]) for app in usage] == [
        ("YouTube", "video", 50, 1, 1, None), ("Instagram", "social", 40, 2, 1, 100), ("Maps", "other", 1, 1, 1, None),
    ]  # fmt: skip
    usage = expect(own.api.get(at("/stats/app-usage"), params={"days": 30, "limit": 1}), 200)
    assert [(app["app_name"], app["unique_users"], app["activity_count"]) for app in usage] == [("Instagram", 2, 3)]


@pytest.mark.parametrize("query", ["/stats/users-growth?days=0", "/stats/users-growth?days=367", "/stats/app-usage?days=x", "/stats/app-usage?limit=101", "/logs/stats?days=0"])
def test_wrong_periods(sqlite_server, query):
    expect(sqlite_server.new_admin().api.get(at(query)), 422)


def test_statistics_are_conditional(own):
    answer = own.api.get(at("/stats/overview"))
    again = own.api.get(at("/stats/overview"), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


# --- challenges ------------------------------------------------------------------------------------------------------


def test_challenges(server, admin, user):
    body = {"name": f"Secret {user.id}", "target_apps": ["X"], "start_date": day(), "end_date": day(3), "is_public": False}
    made = expect(user.api.post("/api/challenges", json=body), 201)
    listed = expect(admin.api.get(at("/challenges"), params={"q": f"secret {user.id}"}), 200)
    assert [(one["id"], one["invitation_code"]) for one in listed] == [(made["id"], None)]
    assert expect(admin.api.get(at("/challenges"), params={"q": f"secret {user.id}", "status": "completed"}), 200) == []
    assert expect(admin.api.delete(at(f"/challenges/{made['id']}")), 200)["message"]
    expect(user.api.get(f"/api/challenges/{made['id']}"), 404)
    entry = logged(admin, action="challenge_deleted", user_id=admin.id)[0]
    assert (entry["resource_id"], entry["user_id"]) == (made["id"], admin.id)
    expect(admin.api.delete(at(f"/challenges/{made['id']}")), 404)
    eventually(lambda: expect(user.api.get("/api/notifications"), 200), "the participant's notification")


# --- notifications ---------------------------------------------------------------------------------------------------


def notified(user) -> list[str]:
    return [one["title"] for one in expect(user.api.get("/api/notifications"), 200) if one["notification_type"] == "custom"]


def test_telling_some(admin, user, other):
    answer = expect(admin.api.post(at("/notifications"), json={"title": "To some", "message": "Text", "user_ids": [user.id, user.id, 987654321]}), 200)
    assert (answer["recipients"], answer["status"]) == (1, "sent")
    assert notified(user) == ["To some"] and notified(other) == []
    assert logged(admin, action="notification_sent", user_id=admin.id)


def test_telling_everybody(own):
    users = [own.server.new_account() for _ in range(3)]
    gone = own.server.new_account()
    expect(own.api.patch(at(f"/users/{gone.id}/deactivate")), 200)
    answer = expect(own.api.post(at("/notifications"), json={"title": "To all", "message": "Text"}), 200)
    assert answer["recipients"] == 4
    assert [notified(user) for user in (*users, own)] == [["To all"]] * 4


@pytest.mark.parametrize("body", [{}, {"title": "x"}, {"title": "", "message": "x"}, {"title": "x" * 201, "message": "x"}, {"title": "x", "message": "x" * 2001}, {"title": "x", "message": "y", "user_ids": []}, {"title": "x", "message": "y", "user_ids": ["a"]}])
def test_wrong_notifications(sqlite_server, body):
    expect(sqlite_server.new_admin().api.post(at("/notifications"), json=body), 422)


# --- mails -----------------------------------------------------------------------------------------------------------


def mails(admin, **query) -> list[dict]:
    return expect(admin.api.get(at("/emails"), params=query), 200)


def test_the_outbox(make_server, mail_sink, db):
    server = make_server(db, mail=mail_sink, MAIL_RETRY_SECONDS="3600").start()
    admin = server.new_admin()
    mail_sink.answer = lambda recipient: "451 Come back later"
    user = server.new_account(verified=False, signed_in=False)
    eventually(lambda: mails(admin, status="failed"), "the failure")
    mail = mails(admin)[0]
    assert set(mail) == {"id", "type", "recipient", "language", "status", "attempts", "last_error", "created_at", "sent_at", "next_attempt_at"}
    assert (mail["type"], mail["recipient"], mail["language"], mail["status"], mail["attempts"]) == ("verify_email", user.email, "en", "failed", 1)
    assert "451" in mail["last_error"] and mail["sent_at"] is None and mail["next_attempt_at"]
    assert mails(admin, status="sent") == []
    assert logged(admin, action="email_failed")[0]["resource_id"] == mail["id"]

    mail_sink.answer = lambda recipient: "250 OK"
    again = expect(admin.api.post(at(f"/emails/{mail['id']}/retry")), 200)
    assert (again["id"], again["status"]) == (mail["id"], "failed")
    eventually(lambda: mails(admin, status="sent"), "the delivery")
    mail = mails(admin, status="sent")[0]
    assert mail["sent_at"] and mail["next_attempt_at"] is None and mail["last_error"] is None and mail["attempts"] == 2
    expect(admin.api.post(at(f"/emails/{mail['id']}/retry")), 400, "not_retryable")
    expect(admin.api.post(at("/emails/999999/retry")), 404)
    assert logged(admin, action="email_retried")[0]["resource_id"] == mail["id"]
    expect(admin.api.get(at("/emails?status=lost")), 422)


def test_previews_of_mails(own):
    names = expect(own.api.get(at("/email-templates")), 200)
    assert {"welcome", "verify_email", "reset_password", "daily_reminder", "weekly_summary", "challenge_results", "limit_warning"} <= set(names)
    seen = set()
    for name in names:
        for language in ("en", "fr"):
            mail = expect(own.api.get(at(f"/email-templates/{name}?language={language}")), 200)
            assert set(mail) == {"subject", "text", "html"} and all(mail.values())
            assert f'<html lang="{language}"' in mail["html"] and "{{" not in mail["text"] + mail["html"]
            seen.add(mail["subject"])
    assert len(seen) == 2 * len(names)
    expect(own.api.get(at("/email-templates/nothing")), 404)
    expect(own.api.get(at("/email-templates/..%2Flayout")), 404)
    expect(own.api.get(at("/email-templates/welcome?language=de")), 422)


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_a_job_is_run_when_an_administrator_says_so(own):
    def job():
        found = expect(own.api.get(at("/system/health")), 200)["scheduler"]["jobs"]
        return next(one for one in found if one["name"] == "old_mails")

    before = job()
    assert before["runs"] == 0, "it runs once a day"
    expect(own.api.post(at("/jobs/old_mails/run")), 202)
    after = eventually(lambda: job() if job()["runs"] == 1 else None, "the run")
    assert after["last_run"] and after["last_error"] is None and after["next_run"] > after["last_run"]
    [entry] = logged(own, action="job_started")
    assert (entry["level"], entry["resource_type"]) == ("warning", "job") and "old_mails" in entry["message"]
    expect(own.api.post(at("/jobs/nothing/run")), 404)
    own.server.database.query("UPDATE jobs SET lease = 'of another instance', lease_until_ms = 99999999999999 WHERE name = 'old_mails'")
    expect(own.api.post(at("/jobs/old_mails/run")), 409, "job_running")
    assert len(logged(own, action="job_started")) == 1


def test_an_announcement_with_a_key_is_made_once(own):
    user = own.server.new_account()
    for body in ({"title": "To all", "message": "Text"}, {"title": "To one", "message": "Text", "user_ids": [user.id]}):
        headers = {"Idempotency-Key": "news-" + body["title"].replace(" ", "-")}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, body=body, headers=headers: own.server.client(token=own.tokens["access_token"]).post(at("/notifications"), json=body, headers=headers), range(8)))
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
        assert eventually(lambda body=body: notified(user).count(body["title"]), "the notification") == 1
    assert len(logged(own, action="notification_sent")) == 2


# --- health ----------------------------------------------------------------------------------------------------------


def test_health(own, db):
    health = expect(own.api.get(at("/system/health")), 200)
    assert set(health) == {"status", "version", "uptime_seconds", "database", "cache", "email", "scheduler", "websocket", "instances"}
    assert health["status"] == "healthy" and health["uptime_seconds"] > 0
    assert health["database"]["dialect"] == db and health["database"]["status"] == "healthy" and health["database"]["latency_ms"] > 0
    assert set(health["database"]["pool"]) == {"size", "active", "waiting"}
    assert {"status", "backend", "version", "used_memory", "clients", "hit_ratio"} <= set(health["cache"])
    assert {"pending", "failed", "dead"} <= set(health["email"])
    jobs = {job["name"]: job for job in health["scheduler"]["jobs"]}
    assert {"usage_sums", "purges", "announcements", "audit_summary"} <= set(jobs)
    assert all({"name", "last_run", "last_duration_ms", "next_run", "last_error"} <= set(job) for job in jobs.values())
    assert {"active_users", "connections"} <= set(health["websocket"])

    def instance():
        found = expect(own.api.get(at("/system/health")), 200)["instances"]
        return [one for one in found if one["is_this"]]

    assert eventually(instance, "this instance")[0]["version"] == health["version"]


def test_mails_that_all_fail_degrade(make_server, mail_sink, db):
    server = make_server(db, mail=mail_sink, MAIL_RETRY_SECONDS="86400").start()
    admin = server.new_admin()

    def state():
        health = expect(admin.api.get(at("/system/health")), 200)
        return health["status"], health["email"]["status"]

    server.new_account(signed_in=False)
    eventually(lambda: not mails(admin, status="pending"), "the first mails")
    assert state() == ("healthy", "healthy")
    mail_sink.answer = lambda recipient: "451 Come back later"
    server.new_account(verified=False, signed_in=False)
    eventually(lambda: mails(admin, status="failed"), "the failure")
    assert state() == ("degraded", "degraded")
    mail_sink.answer = lambda recipient: "250 OK"
    server.new_account(signed_in=False)
    assert state() == ("healthy", "healthy"), "others get theirs"


def test_old_mail_degrades(make_server, mail_sink, db):
    server = make_server(db, mail=mail_sink, MAIL_RETRY_SECONDS="86400").start()
    admin = server.new_admin()
    mail_sink.answer = lambda recipient: "451 Come back later"
    server.new_account(verified=False, signed_in=False)
    eventually(lambda: mails(admin, status="failed"), "the failure")
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=20)
    server.set_clock(later.strftime("%Y-%m-%dT%H:%M:%SZ"))
    health = expect(admin.api.get(at("/system/health")), 200)
    assert (health["status"], health["email"]["status"], health["email"]["failed"]) == ("degraded", "degraded", 1)
    assert health["email"]["oldest_seconds"] > 900


# --- accounts left unverified ----------------------------------------------------------------------------------------


def _made_days_ago(server, account, days: int) -> None:
    server.database.query(f"UPDATE users SET created_at_ms = created_at_ms - {days * 86_400_000} WHERE id = {account.id}")


def test_accounts_left_unverified_are_deleted(own):
    server = own.server
    left, fresh, verified = (server.new_account(verified=verified) for verified in (False, False, True))
    switched_off = server.new_account()
    expect(own.api.put(at(f"/users/{switched_off.id}"), json={"is_verified": False}), 200)
    second_admin = server.new_admin()
    server.database.query(f"UPDATE users SET was_verified = 0, is_verified = 0 WHERE id = {second_admin.id}")
    active = server.new_account()
    active.record()
    server.database.query(f"UPDATE users SET was_verified = 0, is_verified = 0 WHERE id = {active.id}")
    for account in (left, verified, switched_off, second_admin, active):
        _made_days_ago(server, account, 31)
    _made_days_ago(server, fresh, 29)
    assert server.command("job", "run", "unverified_accounts").returncode == 0
    found = {row[0] for row in server.database.query("SELECT email FROM users WHERE deleted_at_ms IS NULL")}
    assert left.email not in found
    assert {one.email for one in (fresh, verified, switched_off, second_admin, active, own)} <= found
    entry = next(one for one in logged(own, action="user_deleted") if one["resource_id"] == left.id)
    assert entry["user_id"] in (None, 0) and "never verified" in entry["message"]
    expect(left.anonymous.get("/api/users/me", headers={"Authorization": f"Bearer {left.tokens['access_token']}"}), 401)
    again = server.new_account(email=left.email, username=left.username, verified=False)  # both are available again
    assert again.id != left.id
    assert server.command("job", "run", "purges").returncode == 0
    assert server.database.query(f"SELECT COUNT(*) FROM users WHERE id = {left.id}") == [("0",)]


def test_accounts_left_unverified_may_stay(make_server):
    server = make_server(UNVERIFIED_ACCOUNT_DAYS="0").start()
    assert "unverified_accounts" not in server.command("job", "list").stdout
