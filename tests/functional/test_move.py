"""focus migrate-from-fastapi: the older service's real tables, and the data of its users afterwards."""

import datetime

import pytest
from support.client import Account, expect
from support.engines import TOP

FIXTURE = (TOP / "tests/fixtures/fastapi.sql").read_text()
LEFT_OUT = {
    "users 5: its e-mail address is another account's, but for upper and lower case",
    "activities 5: app_name is empty or has control characters",
    "activities 6: duration_minutes is more than a day",
    "activities 7: its user 5 was not moved",
    "blocked_apps 3: the user has a limit for this app already",
    "challenge_participants 4: its user 5 was not moved",
    "challenges 2: it is not over (active): let it end, or make it again",
    "challenges 3: it was cancelled",
}


@pytest.fixture
def source(world):
    database = world.database("mysql")
    database.query(FIXTURE)
    return database


def move(server, source, *more: str):
    return server.command("migrate-from-fastapi", "--source", source.url, *more)


def person(server, email: str) -> Account:
    account = Account(server, {"email": email, "username": email.split("@")[0], "password": "Secret-passw0rd"})
    account.id = account.login()["user"]["id"]
    return account


def section(report: str, title: str) -> set[str]:
    """The lines under a title."""
    _, _, rest = report.partition(f"\n{title}\n")
    return set(rest.partition("\n\n")[0].splitlines())


def test_everything_arrives(make_server, source, db):
    server = make_server(db, METRICS_ENABLED="false")
    dry = move(server, source, "--dry-run")
    assert dry.returncode == 1, dry.stderr
    assert dry.stdout.endswith("\ndry run: nothing was written\n")
    if db == "mysql":
        assert server.database.query("SHOW TABLES") == []
    else:
        assert not server.database.path.exists()

    done = move(server, source)
    assert done.returncode == 1, done.stderr  # some were left out
    assert done.stdout.removesuffix("\nmoved\n") == dry.stdout.removesuffix("\ndry run: nothing was written\n")
    assert section(done.stdout, "not moved:") == LEFT_OUT
    changed = section(done.stdout, "moved with a change:")
    assert "users 4: the username is d__da now: it had characters or a length that usernames don't have" in changed
    assert "users 4: the password is not bcrypt: a new one has to be asked for by mail" in changed
    assert "users 4: avatar_url is left out: it is not valid" in changed
    assert "users 4: daily_limit_minutes is 1440 instead of 5000" in changed
    assert "activities 4: start_time and end_time are left out: they contradict each other" in changed
    assert ["users", "5", "4"] in [line.split() for line in done.stdout.splitlines()]
    assert "\r" not in done.stderr  # no progress bar without a terminal

    server.start()
    ada = person(server, "ada@EXAMPLE.org")
    me = expect(ada.api.get("/api/users/me"), 200)
    assert (me["id"], me["email"], me["username"], me["full_name"], me["avatar_url"]) == (2, "Ada@Example.org", "Ada", "Ada L.", "https://pictures.example/ada.png")
    assert (me["role"], me["is_verified"], me["daily_limit_minutes"], me["notifications_enabled"], me["email_reminders"]) == ("user", True, 90, False, True)
    assert me["created_at"] == "2025-01-02T10:00:00.000Z"
    day = ada.daily("2025-03-01")
    assert (day["total_time"], day["sessions"], day["most_used_app"], day["hourly"][10]) == (19.83, 2, "Chess", 12.5)
    rows = expect(ada.api.get("/api/activities", params={"sort": "created_at"}), 200)
    assert [(row["id"], row["app_name"], row["duration_minutes"], row["start_time"]) for row in rows[:2]] == [
        (1, "Chess", 12.5, "2025-03-01T10:00:00.000Z"), (2, "Maps", 7.33, None)]  # fmt: skip
    assert server.database.query("SELECT duration_ms FROM activities WHERE id = 4") == [("36007380",)]  # 600.123 minutes
    assert ada.record("New", 1)["id"] > 4  # new ids are higher than the old ones


def test_limits_and_challenges(make_server, source, db):
    server = make_server(db)
    assert move(server, source).returncode == 1
    server.start()
    ada = person(server, "ada@example.org")
    chess, maps = expect(ada.api.get("/api/blocked"), 200)
    weekdays = ["mon", "tue", "wed", "thu", "fri"]
    assert (chess["app_name"], chess["daily_limit_minutes"], chess["is_active"], chess["notify_at_percentage"]) == ("Chess", 60, True, 80)
    assert chess["schedules"] == [{"days": weekdays, "start_time": "22:00", "end_time": "08:00"}]
    assert (chess["time_used_today"], chess["last_reset_at"]) == (30, "2025-01-06T00:00:00.000Z")
    assert maps["schedules"] == [{"days": [*weekdays, "sat", "sun"], "start_time": "12:30", "end_time": "13:00"}]
    expect(ada.api.post("/api/blocked", json={"app_name": "CHESS", "daily_limit_minutes": 5}), 400, "already_exists")

    server.database.query("UPDATE users SET is_verified = 1 WHERE id = 3")
    server.restart()
    bob = person(server, "bob@example.org")
    (tiktok,) = expect(bob.api.get("/api/blocked"), 200)  # blocked today by minutes that are no activities
    assert (tiktok["is_blocked"], tiktok["block_reason"], tiktok["time_used_today"]) == (True, "limit", 25)

    ada = person(server, "ada@example.org")
    (challenge,) = expect(ada.api.get("/api/challenges/my-challenges"), 200)
    assert (challenge["id"], challenge["name"], challenge["status"], challenge["target_minutes"]) == (1, "Quiet week", "completed", 60)
    assert (challenge["start_date"], challenge["end_date"], challenge["winner"]["id"], challenge["my_rank"]) == ("2025-03-01", "2025-03-07", 2, 1)
    assert challenge["participants_count"] == 2  # a user who has left is no participant
    lines = expect(ada.api.get("/api/challenges/1/leaderboard"), 200)
    lines = lines if isinstance(lines, list) else lines["entries"]
    assert [(line["rank"], line["user_id"], line["score"], line["total_time_minutes"]) for line in lines] == [(1, 2, 300.17, 119.83), (2, 3, 20, 400)]


def test_sums_are_right_and_nobody_is_told(make_server, source, db):
    server = make_server(db)
    assert move(server, source).returncode == 1
    assert "nothing differed" in server.command("recount", "--dry-run").stdout
    assert server.database.query("SELECT id FROM users WHERE was_verified = 1 ORDER BY id") == [("1",), ("2",), ("4",)]
    assert server.command("job", "run", "unverified_accounts").returncode == 0  # an account with activities stays
    assert server.database.query("SELECT COUNT(*) FROM users WHERE deleted_at_ms IS NULL") == [("4",)]
    server.start()
    admin = person(server, "admin@example.org")
    overview = expect(admin.api.get("/api/admin/stats/overview"), 200)
    assert (overview["total_users"], overview["active_users"], overview["total_activities"], overview["activities_today"]) == (4, 3, 4, 1)
    assert overview["total_time_minutes"] == 649.953
    listed = admin.api.get("/api/admin/users")
    assert (len(expect(listed, 200)), listed.headers["X-Total-Count"]) == (4, "4")
    assert expect(admin.api.get("/api/admin/stats/app-usage", params={"days": 365}), 200) != []
    assert server.database.query("SELECT COUNT(*) FROM outbox") == [("0",)]
    assert server.database.query("SELECT COUNT(*) FROM notifications") == [("0",)]

    expect(admin.api.delete("/api/admin/users/3"), 200)
    overview = expect(admin.api.get("/api/admin/stats/overview"), 200)
    assert (overview["total_users"], overview["active_users"], overview["total_activities"]) == (3, 2, 4)
    assert admin.api.get("/api/admin/users").headers["X-Total-Count"] == "3"
    growth = expect(admin.api.get("/api/admin/stats/users-growth"), 200)
    assert not [value for day in growth for value in day.values() if isinstance(value, int | float) and value < 0]
    recounted = server.command("recount")
    assert (recounted.returncode, "nothing differed" in recounted.stdout) == (0, True), recounted.stdout


def test_it_is_refused_the_second_time(make_server, source):
    server = make_server()
    assert move(server, source).returncode == 1
    again = move(server, source)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "focus: the target has accounts already: move into a new, empty database\n"


def test_an_interrupted_move_leaves_nothing(make_server, source, db):
    """It fails at a row of the last table: everything is rolled back, and the next attempt starts from nothing."""
    server = make_server(db, LOG_LEVEL="error")
    source.query("ALTER TABLE challenges MODIFY created_at DATETIME NULL; UPDATE challenges SET created_at = NULL WHERE id = 1")
    failed = move(server, source)
    assert (failed.returncode, failed.stdout, failed.stderr.count("\n")) == (1, "", 1)
    assert server.database.query("SELECT COUNT(*) FROM users") == [("0",)]
    source.query("UPDATE challenges SET created_at = now() WHERE id = 1")
    assert section(move(server, source).stdout, "not moved:") == LEFT_OUT


def test_another_database_is_no_source(make_server, source):
    source.query("ALTER TABLE challenges DROP COLUMN is_private")
    answer = move(make_server(), source)
    assert answer.returncode == 1
    assert answer.stderr.startswith("focus: --source is not the FastAPI service's database: table challenges: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(("url", "line"), [
    ("sqlite:///old.db", "--source is the MySQL database of the FastAPI service: mysql://user:password@host:3306/database"),
    ("postgres://x", "--source: it begins with sqlite: or mysql:"),
])  # fmt: skip
def test_a_source_that_is_none(make_server, url, line):
    answer = make_server().command("migrate-from-fastapi", "--source", url)
    assert (answer.returncode, answer.stderr) == (2, f"focus: {line}\n")


def test_many_rows(make_server, world, db):
    """More than a page of each table, and more sums to repair than one step does."""
    database = world.database("mysql")
    database.query(FIXTURE.partition("INSERT INTO users")[0])
    people = ", ".join(f"({n}, 'user{n}', 'user{n}@example.org', '{'$2b$12$AbCdEfGhIjKlMnOpQrStUucNjzVFDc0Qy.Z3/sY4I9S6a1x6SZ4mu'}', 1, 1, 'USER', 60, 1, 1)" for n in range(1, 1201))
    database.query(f"INSERT INTO users (id, username, email, hashed_password, is_active, is_verified, role, daily_limit_minutes, notifications_enabled, email_reminders) VALUES {people}")
    rows = ", ".join(f"({1 + n % 1200}, 'App {n % 7}', 'other', 1.25, '2025-03-{1 + n % 28:02}')" for n in range(2500))
    database.query(f"INSERT INTO activities (user_id, app_name, app_category, duration_minutes, activity_date) VALUES {rows}")
    server = make_server(db)
    done = move(server, database)
    assert done.returncode == 0, done.stderr
    assert {("users", "1200", "1200"), ("activities", "2500", "2500")} <= {tuple(line.split()) for line in done.stdout.splitlines()}
    assert server.database.query("SELECT SUM(total_ms), SUM(activities) FROM service_days") == [(str(2500 * 75_000), "2500")]
    joined = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert server.database.query("SELECT SUM(value), MAX(day) FROM counters WHERE name = 'users.joined'") == [("1200", joined)]
    for table in ("user_totals", "last_uses"):
        ((rows,),) = server.database.query(f"SELECT COUNT(*) FROM {table}")
        server.database.query(f"DELETE FROM {table}")
        for arguments in (["--dry-run"], []):
            report = server.command("recount", *arguments).stdout
            assert (table, rows) in {tuple(line.split()) for line in report.splitlines()}, report
        assert server.command("recount").returncode == 0
