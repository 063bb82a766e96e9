"""Automatic work of two servers on one MariaDB: a month with a set clock, then the same with killed processes and without
the mail server. Everything that is due happens exactly once.

The month is later than the machine's clock: a restarted server has the machine's clock until the test sets it, and by that
clock nothing is due."""

import collections
import datetime
import random
import time
from zoneinfo import ZoneInfo

from support.client import expect
from support.mail import MailSink
from support.processes import eventually
from support.server import Server

START = datetime.datetime(2031, 3, 3, 10, tzinfo=datetime.UTC)  # a Monday; summer time begins on the 9th or the 30th, by zone
DAYS = 30
PEOPLE = [("UTC", "20:00"), ("Europe/Paris", "07:30"), ("America/New_York", "20:00"), ("Australia/Lord_Howe", "12:00"),
          ("Pacific/Kiritimati", "23:59"), ("Asia/Kathmandu", "00:00")]  # fmt: skip
SETTINGS = {"BCRYPT_COST": "4", "MAIL_RETRY_SECONDS": "1", "MAIL_RATE_PER_SECOND": "1000", "ACCESS_TOKEN_EXPIRE_MINUTES": "1440",
            "REFRESH_TOKEN_EXPIRE_DAYS": "365"}  # fmt: skip


class Month:
    """Two servers, six users, two challenges."""

    def __init__(self, make_server, sink: MailSink) -> None:
        self.sink, self.now = sink, START
        first = make_server("mysql", mail=sink, **SETTINGS).start()
        self.servers: list[Server] = [first, make_server(mail=sink, database=first.database, **SETTINGS).start()]
        self.database = first.database
        self.set_clocks()
        self.people = [first.new_account(timezone=zone) for zone, _ in PEOPLE]
        for person, (_, at) in zip(self.people, PEOPLE, strict=True):
            expect(person.api.patch("/api/users/me", json={"reminder_time": at}), 200)
            person.record("Instagram", 5)
        self.challenges = [self.make("Week", 1, 7), self.make("Fortnight", 3, 16)]
        eventually(lambda: not self.unsent(), "the first mails to be sent")
        self.before = len(sink.mails)

    def make(self, name: str, first: int, last: int) -> int:
        fields = {"name": name, "target_apps": ["Instagram"], "challenge_type": "daily_goal", "start_date": str((START + datetime.timedelta(first)).date()),
                  "end_date": str((START + datetime.timedelta(last)).date())}  # fmt: skip
        made = expect(self.people[0].api.post("/api/challenges", json=fields), 201)
        for person in self.people[1:]:
            expect(person.api.post(f"/api/challenges/{made['id']}/join"), 200)
        return made["id"]

    def set_clocks(self) -> None:
        for server in self.servers:
            server.set_clock(self.now.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def advance(self, by: datetime.timedelta) -> None:
        self.now += by
        self.set_clocks()

    def count(self, sql: str) -> int:
        return int(self.database.query(sql)[0][0])

    def undone(self) -> int:
        now = int(self.now.timestamp() * 1000)
        return self.count(f"SELECT (SELECT COUNT(*) FROM reminders WHERE next_reminder_ms <= {now} OR next_summary_ms <= {now}) + "
                          f"(SELECT COUNT(*) FROM challenges WHERE next_step_at_ms <= {now})")  # fmt: skip

    def unsent(self) -> int:
        return self.count("SELECT COUNT(*) FROM outbox WHERE status NOT IN ('sent', 'dead')")

    def settle(self) -> None:
        eventually(lambda: not self.undone(), "everything that is due to be done", 60)

    def drain(self) -> None:
        """Waits for all mails; advances the clock by minutes for those that are due for another attempt."""

        def step() -> bool:
            self.advance(datetime.timedelta(minutes=1))
            return not self.undone() and not self.unsent()

        eventually(step, "all mails to be sent", 120)

    def record(self, server: Server) -> None:
        """Every user has recorded something; on every third day more than the limit."""
        for person in self.people:
            minutes = 90 if (self.now - START).days % 3 == 0 and person is not self.people[0] else 10
            with server.client(token=person.tokens["access_token"]) as api:
                expect(api.post("/api/activities", json={"app_name": "Instagram", "duration_minutes": minutes}), 201)

    def sign_in(self, server: Server) -> None:
        for person in self.people:
            with server.client() as api:
                person.tokens = expect(api.post("/api/auth/login", json={"email": person.email, "password": person.password}), 200)

    # --- expected results ---------------------------------------------------------------------------------------

    def expected(self) -> collections.Counter:
        """The keys of all automatic mails between the start and now."""
        due = collections.Counter()
        for person, (zone, at) in zip(self.people, PEOPLE, strict=True):
            local = ZoneInfo(zone)
            for offset in range(-1, DAYS + 3):
                day = START.astimezone(local).date() + datetime.timedelta(offset)
                reminder = datetime.datetime.combine(day, datetime.time.fromisoformat(at), local)
                if START < reminder.astimezone(datetime.UTC) <= self.now:
                    due[f"daily_reminder:{person.id}:{day}"] += 1
                summary = datetime.datetime.combine(day, datetime.time(8), local)
                if day.weekday() == 0 and START < summary.astimezone(datetime.UTC) <= self.now:
                    due[f"weekly_summary:{person.id}:{day}"] += 1
            for challenge in self.challenges:
                due[f"challenge_results:{challenge}:{person.id}"] += 1
        return due

    def check(self) -> None:
        rows = self.database.query("SELECT id, dedup_key, status FROM outbox WHERE type IN ('daily_reminder', 'weekly_summary', 'challenge_results')")
        assert collections.Counter(key for _, key, _ in rows) == self.expected()
        assert {status for _, _, status in rows} == {"sent"}
        told = self.database.query("SELECT user_id, data FROM notifications WHERE notification_type = 'challenge_update'")
        for event in ("started", "ended"):
            whom = collections.Counter(int(user) for user, data in told if f'"event":"{event}"' in data)
            assert whom == {person.id: len(self.challenges) for person in self.people}, event
        winners = {self.count(f"SELECT winner_id FROM challenges WHERE id = {challenge}") for challenge in self.challenges}
        assert winners == {self.people[0].id}
        assert self.count("SELECT COUNT(*) FROM audit_log WHERE action = 'challenge_completed'") == len(self.challenges)

    def arrived(self) -> collections.Counter:
        """The number of arrivals of each mail, by Message-ID."""
        return collections.Counter(str(mail.message["Message-ID"]) for mail in self.sink.mails[self.before :])


def test_a_month_with_two_servers(make_server, mail_sink):
    month = Month(make_server, mail_sink)
    for step in range(DAYS * 3):
        month.advance(datetime.timedelta(hours=8))
        month.settle()
        if step % 3 == 0:
            month.sign_in(month.servers[step % 2])
            month.record(month.servers[step % 2])
    month.drain()
    month.check()
    assert set(month.arrived().values()) == {1}
    assert len(month.arrived()) == sum(month.expected().values())


def test_a_month_with_crashes_and_the_mail_server_away(make_server, mail_sink):
    month = Month(make_server, mail_sink)
    chance = random.Random(5)
    kills = 0
    for step in range(DAYS * 2):
        if step % 15 == 7:
            mail_sink.go_down()
        if step % 15 == 9:
            mail_sink.come_up()
        month.advance(datetime.timedelta(hours=12))
        if step % 3 == 0:
            victim = month.servers[chance.randrange(2)]
            time.sleep(chance.uniform(0, 2))  # during the work that is due
            victim.kill()
            kills += 1
            victim.lines.clear()
            victim.start()
            month.set_clocks()
        month.settle()
        if step % 2 == 0:
            month.sign_in(month.servers[0])
            month.record(month.servers[1])
    month.drain()
    assert kills == 20
    month.check()
    arrived = month.arrived()
    assert len(arrived) == sum(month.expected().values()), "nothing is lost"
    # A process killed between the mail server's answer and its commit cannot know it: the same mail is sent again.
    assert sum(arrived.values()) - len(arrived) <= 4 * kills
