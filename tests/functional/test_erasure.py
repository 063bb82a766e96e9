"""A deleted account leaves no personal data, in no table and in no byte of the database file."""

import datetime
import threading
import time
import uuid
from pathlib import Path

import pytest
from support.client import expect
from support.engines import TOP
from support.processes import eventually

AGENT = "Unmistakable-Phone/7.31"
ADDRESS = "203.0.113.77"
FULL_NAME = "Ottilie Unmistakable"
BIO = "Unmistakable biography"
SECRETS = {"device_type": "unmistakable-tablet", "session_id": "unmistakable-session", "client_id": "unmistakable-client"}


def tables(server) -> list[str]:
    if server.database.kind == "sqlite":
        return [name for (name,) in server.database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [name for (name,) in server.database.query("SHOW TABLES")]


def traces(server, needles: list[str]) -> list[str]:
    """The places of the needles in the rows of all tables."""
    found = []
    for table in tables(server):
        for row in server.database.query(f"SELECT * FROM {table}"):
            text = "\t".join(map(str, row)).lower()
            found += [f"{table}: {needle} in {row}" for needle in needles if needle.lower() in text]
    return found


def bytes_left(server, needles: list[str]) -> list[str]:
    """The same in the file, once the server has ended."""
    if server.database.kind != "sqlite":
        return []
    content = b"".join(path.read_bytes() for path in Path(server.database.path).parent.glob("focus.db*")).lower()
    return [needle for needle in needles if needle.lower().encode() in content]


def mails_are_sent(server) -> None:
    """Waits for the last mail to a deleted account: the outbox keeps the address until it is sent."""
    eventually(lambda: not server.database.query("SELECT id FROM outbox WHERE sealed IS NOT NULL"), "the mails to be sent")


class Person:
    """A user with data in all places that store some."""

    def __init__(self, server, friend) -> None:
        self.name = f"ottilie{uuid.uuid4().hex[:10]}"
        self.email = f"{self.name}@example.org"
        tag = uuid.uuid4().hex[:10]  # usage stays without a user; a purge deletes it, too
        self.app, self.challenge = f"App {tag}", f"Challenge {tag}"
        headers = {"X-Forwarded-For": ADDRESS, "User-Agent": AGENT}
        self.anonymous = server.client(headers=headers)
        fields = {"email": self.email, "username": self.name, "password": "Secret-passw0rd", "full_name": FULL_NAME}
        self.id = expect(self.anonymous.post("/api/auth/register", json=fields, headers={"Idempotency-Key": uuid.uuid4().hex}), 201)["id"]
        token = server.mail.wait_for(self.email, "/verify-email").token("/verify-email")
        expect(self.anonymous.post("/api/auth/verify-email", json={"token": token}), 200)
        expect(self.anonymous.post("/api/auth/login", json={"email": self.email, "password": "Wrong-passw0rd"}), 401)
        tokens = expect(self.anonymous.post("/api/auth/login", json={"email": self.email, "password": "Secret-passw0rd"}), 200)
        self.api = server.client(token=tokens["access_token"], headers=headers)
        expect(self.api.put("/api/users/me", json={"bio": BIO, "avatar_url": f"https://example.org/{self.name}.png"}), 200)
        batch = [{"app_name": self.app, "duration_minutes": 5, **SECRETS, "client_id": f"{SECRETS['client_id']}-{n}"} for n in range(3)]
        expect(self.api.post("/api/activities/batch", json={"activities": batch}, headers={"Idempotency-Key": uuid.uuid4().hex}), 200)
        expect(self.api.post("/api/activities", json={"app_name": self.app, "duration_minutes": 5}), 201)
        expect(self.api.post("/api/blocked", json={"app_name": self.app, "daily_limit_minutes": 10}), 201)
        day = datetime.datetime.now(datetime.UTC).date()
        dates = {"start_date": day.isoformat(), "end_date": (day + datetime.timedelta(days=3)).isoformat()}
        expect(self.api.post("/api/challenges", json={"name": self.challenge, "target_apps": [self.app], **dates}), 201)
        shared = expect(friend.api.post("/api/challenges", json={"name": "Shared", "target_apps": ["x"], **dates}), 201)["id"]
        expect(self.api.post(f"/api/challenges/{shared}/join"), 200)
        mails_are_sent(server)

    @property
    def needles(self) -> list[str]:
        return [self.email, self.name, FULL_NAME, BIO, ADDRESS, AGENT, *SECRETS.values()]


@pytest.fixture
def server(make_server, db):
    return make_server(db, TRUSTED_PROXIES="127.0.0.1", RATE_LIMIT_ENABLED="true", RATE_LIMIT_AUTH="1000/60").start()


def notified(friend) -> list[dict]:
    return [one for one in expect(friend.api.get("/api/notifications"), 200) if one["notification_type"] == "challenge_update"]


def test_a_deleted_account_leaves_no_trace(server):
    friend = server.new_account()
    person = Person(server, friend)
    assert {needle for needle in person.needles if traces(server, [needle])} == set(person.needles), "there is something to delete"
    [before] = notified(friend)
    assert before["data"]["username"] == person.name and before["title"] == f"Shared: {person.name} takes part"
    expect(person.api.delete("/api/users/me"), 200)
    mails_are_sent(server)
    assert traces(server, [person.email, person.name, FULL_NAME, BIO, *SECRETS.values(), ADDRESS, AGENT]) == []
    [after] = notified(friend)
    assert (after["title"], after["message"]) == ("Shared: deleted user takes part", "deleted user has joined the challenge.")
    assert after["data"]["username"] == "deleted user" and "\x1f" not in str(after)
    expect(friend.api.post(f"/api/notifications/{after['id']}/read"), 200)
    exported = expect(friend.api.get("/api/users/me/export"), 200)
    assert [one["title"] for one in exported["notifications"]] == ["Shared: deleted user takes part"]
    sums = "SELECT SUM(total_ms), SUM(sessions) FROM usage_{} WHERE user_id = " + str(person.id)
    assert [server.database.query(sums.format(table)) for table in ("apps", "totals", "days")] == 3 * [[("1200000", "4")]], "the sums stay"
    assert server.terminate() == 0
    assert bytes_left(server, person.needles) == []


def test_large_accounts_are_forgotten_by_the_job(server):
    friend = server.new_account()
    person = Person(server, friend)
    rows = [{"app_name": "App", "duration_minutes": 1, **SECRETS, "client_id": f"unmistakable-client-{n}x"} for n in range(1000)]
    for start in range(0, 4):
        batch = [row | {"client_id": f"{row['client_id']}{start}"} for row in rows]
        expect(person.api.post("/api/activities/batch", json={"activities": batch}), 200)
    expect(person.api.delete("/api/users/me"), 200)
    mails_are_sent(server)
    assert server.database.query("SELECT user_id, keeps_rows FROM purges") == [(str(person.id), "1")]
    assert server.command("job", "run", "purges").returncode == 0
    assert server.database.query("SELECT user_id FROM purges") == []
    assert traces(server, person.needles) == []


def test_a_purged_account_leaves_no_row(server):
    admin, friend = server.new_admin(), server.new_account()
    person = Person(server, friend)
    needles = [*person.needles, person.app, person.challenge]
    expect(admin.api.delete(f"/api/admin/users/{person.id}?purge=true"), 200)
    eventually(lambda: not server.database.query("SELECT user_id FROM purges"), "the purge to be over")
    mails_are_sent(server)
    assert traces(server, needles) == []
    for table, column in (("service_apps", "activities"), ("service_days", "activities"), ("last_use_days", "users")):
        assert server.database.query(f"SELECT COUNT(*) FROM {table} WHERE {column} = 0") == [("0",)], table
    for table in ("activities", "usage_apps", "usage_totals", "usage_days", "sessions", "challenge_members", "limit_states", "user_totals"):
        assert server.database.query(f"SELECT COUNT(*) FROM {table} WHERE user_id = {person.id}") == [("0",)], table
    assert server.terminate() == 0
    assert bytes_left(server, needles) == []


def test_a_purge_after_a_deletion_goes_as_far(server):
    admin, friend = server.new_admin(), server.new_account()
    person = Person(server, friend)
    expect(person.api.delete("/api/users/me"), 200)
    mails_are_sent(server)
    expect(admin.api.delete(f"/api/admin/users/{person.id}?purge=true"), 200)
    eventually(lambda: not server.database.query("SELECT user_id FROM purges"), "the purge to be over")
    mails_are_sent(server)
    assert traces(server, [*person.needles, person.app, person.challenge]) == []


def test_a_delivery_that_ends_after_the_purge_writes_nothing(make_server, mail_sink, db):
    server = make_server(db, mail=mail_sink).start()
    admin = server.new_admin()
    go_on = threading.Event()

    def answer(recipient: str) -> str:
        go_on.wait(30)
        return f"550 5.1.1 <{recipient}> is unknown"

    mail_sink.answer = answer
    person = server.new_account(verified=False, signed_in=False)
    eventually(lambda: server.database.query("SELECT id FROM outbox WHERE status = 'sending'"), "the attempt")
    expect(admin.api.delete(f"/api/admin/users/{person.id}?purge=true"), 200)
    eventually(lambda: not server.database.query("SELECT user_id FROM purges"), "the purge to be over")
    go_on.set()
    eventually(lambda: [line for line in server.records() if line["event"] == "mail" and line["status"] == "dead"], "the answer")
    time.sleep(0.5)
    assert server.terminate() == 0
    assert traces(server, [person.email, person.username]) == []
    assert server.database.query(f"SELECT id FROM audit_log WHERE user_id = {person.id}") == []


def test_names_in_older_notifications_are_found_by_the_migration(server, db):
    """As earlier versions stored them: the texts contain the name."""
    friend, other = server.new_account(), server.new_account()
    for name in (other.username, "long.gone"):
        server.database.query(
            "INSERT INTO notifications (user_id, notification_type, title, message, data, created_at_ms) VALUES "
            f"({friend.id}, 'challenge_update', 'Run: {name} leads', '{name} has taken the first place from you.', "
            f"""'{{"event":"overtaken","challenge_id":1,"challenge_name":"Run","username":"{name}"}}', 1)""")  # fmt: skip
    folder = "sqlite" if db == "sqlite" else "mysql"
    migration = (TOP / f"migrations/{folder}/0022_erasure_and_clock.sql").read_text()
    server.database.query(migration[migration.index("UPDATE notifications"):])
    assert traces(server, ["long.gone", f"{other.username} has", f"{other.username} leads"]) == []
    texts = {(one["title"], one["message"], one["data"]["username"]) for one in notified(friend)}
    assert texts == {(f"Run: {name} leads", f"{name} has taken the first place from you.", name) for name in (other.username, "deleted user")}
