"""The automatic mails, the links that stop them, and the commands for jobs and mails."""

import base64
import hashlib
import itertools
import re

import pytest
from support.client import expect
from support.server import FRONTEND_URL

MAILS = ["account_deleted", "challenge_results", "daily_reminder", "identity_linked", "identity_unlinked", "limit_warning", "password_changed",
         "reset_password", "verify_email", "weekly_summary", "welcome"]  # fmt: skip


def link_of(mail) -> str:
    """The path of the mail's List-Unsubscribe link on the server."""
    url = re.fullmatch(r"<(.+)>", mail.message["List-Unsubscribe"]).group(1)
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url.startswith(FRONTEND_URL + "/api/unsubscribe?token=")
    return url[len(FRONTEND_URL) :]


def reminded(server, user, clock):
    """The first daily reminder of a user who has recorded something."""
    user.record("Instagram", 83)
    clock.next_evening()
    return server.mail.wait_for(user.email, "/unsubscribe")


class May:
    """Days in May 2031, each used once: a job that has run at a time does not run again when the clock goes back."""

    days = itertools.count(5)

    def __init__(self, clock):
        self.clock = clock
        self.day = next(self.days)
        clock(f"2031-05-{self.day:02}T21:00:00Z")

    def next_evening(self):
        next(self.days)
        self.clock(f"2031-05-{self.day + 1:02}T20:00:30Z")


@pytest.fixture
def may(clock):
    return May(clock)


def test_the_daily_reminder(server, may):
    user = server.new_account(language="fr", full_name="Zoé")
    mail = reminded(server, user, may)
    assert "1 h 23 min" in mail.subject and "Zoé" in mail.text and "Instagram" in mail.html
    assert len([one for one in server.mail.to(user.email) if one.message["List-Unsubscribe"]]) == 1


def test_one_click_unsubscribe(server, may, api):
    user = server.new_account()
    path = link_of(reminded(server, user, may))
    asked = api.get(path, headers={"Accept": "text/html"})
    assert asked.status_code == 200 and "<form method=post>" in asked.text and asked.headers["Content-Type"].startswith("text/html")
    style = asked.text.split("<style>")[1].split("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{allowed}'" in asked.headers["Content-Security-Policy"] and "unsafe" not in asked.headers["Content-Security-Policy"]
    assert not expect(api.get(path), 200)["unsubscribed"], "programs that follow links change nothing"
    user.login()
    assert expect(user.api.get("/api/users/me"), 200)["email_reminders"]
    done = api.post(path, content="List-Unsubscribe=One-Click", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert expect(done, 200)["unsubscribed"]
    assert not expect(user.api.get("/api/users/me"), 200)["email_reminders"]
    assert expect(api.post(path), 200)["unsubscribed"], "again"
    page = api.post(path, headers={"Accept": "text/html,*/*"})
    assert "<form" not in page.text


def test_the_page_speaks_the_users_language(server, may, api):
    user = server.new_account(language="fr")
    path = link_of(reminded(server, user, may))
    assert "Ne plus les recevoir" in api.get(path, headers={"Accept": "text/html", "Accept-Language": "en"}).text


@pytest.mark.parametrize("token", ["1.AAAA", "1", "x", "1." + "A" * 43, "%00", "0." + "A" * 43])
def test_links_that_are_not_ours(sqlite_server, token):
    with sqlite_server.client() as api:
        for method in ("GET", "POST"):
            assert api.request(method, f"/api/unsubscribe?token={token}").status_code in (400, 422)
        expect(api.get("/api/unsubscribe"), 422)


def test_jobs_by_name(sqlite_server):
    listed = sqlite_server.command("job", "list")
    assert listed.returncode == 0
    for name in ("challenges", "daily_reminders", "weekly_summaries", "expired_sessions", "old_notifications", "old_audit_entries", "old_mails"):
        assert re.search(rf"^{name}\b", listed.stdout, re.MULTILINE), listed.stdout
        run = sqlite_server.command("job", "run", name)
        assert run.returncode == 0 and run.stdout.startswith(f"{name}: done"), run.stdout + run.stderr
    unknown = sqlite_server.command("job", "run", "gardening")
    assert unknown.returncode == 2 and "gardening" in unknown.stderr


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", MAILS)
def test_previews(sqlite_server, name, language):
    preview = sqlite_server.command("mail", "preview", name, "--lang", language)
    assert preview.returncode == 0 and preview.stdout.lstrip().lower().startswith("<!doctype html"), preview.stderr
    assert f'lang="{language}"' in preview.stdout and "{{" not in preview.stdout
