"""API.md §17 and §19: requests that need a recent sign-in, and the mails to the owner about changes."""

import time

import pytest
from support.client import Account, expect
from support.processes import eventually

from .test_auth import everything_stored


def prove(account: Account, password: str):
    return account.api.post("/api/auth/reauthenticate", json={"password": password})


def renew(account: Account) -> None:
    """A new access token of the same session, by its refresh token."""
    account.tokens |= expect(account.anonymous.post("/api/auth/refresh", json={"refresh_token": account.tokens["refresh_token"]}), 200)
    account.api = account.server.client(token=account.tokens["access_token"])


def subjects(account: Account) -> list[str]:
    return [mail.subject for mail in account.server.mail.to(account.email)]


def test_deleting_the_account_needs_a_recent_sign_in(server, clock):
    clock("2031-07-01T12:00:00Z")
    account = server.new_account()
    clock("2031-07-01T12:10:30Z")
    expect(account.api.delete("/api/users/me"), 403, "reauthentication_required")
    renew(account)
    expect(account.api.delete("/api/users/me"), 403, "reauthentication_required")  # refreshing is no sign-in
    expect(prove(account, "Wrong-passw0rd"), 400, "wrong_password")
    expect(account.api.delete("/api/users/me"), 403, "reauthentication_required")
    expect(prove(account, account.password), 204)
    clock("2031-07-01T12:21:00Z")
    expect(account.api.delete("/api/users/me"), 403, "reauthentication_required")
    renew(account)
    expect(prove(account, account.password), 204)
    expect(account.api.delete("/api/users/me"), 200)


def test_a_proof_counts_for_its_session_only(server, clock):
    clock("2031-07-02T12:00:00Z")
    account = server.new_account()
    stolen = account.api
    clock("2031-07-02T12:10:30Z")
    account.login()
    expect(prove(account, account.password), 204)
    expect(stolen.delete("/api/users/me"), 403, "reauthentication_required")
    expect(account.api.delete("/api/users/me"), 200)


def test_identities_need_a_recent_sign_in(make_server, db):
    server = make_server(db, GOOGLE_CLIENT_ID="x", GOOGLE_CLIENT_SECRET="y").start()
    account = server.new_account()
    server.set_clock(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 630)))
    for method, path, body in (("POST", "/api/users/me/identities", {"provider": "google"}),
                               ("POST", "/api/users/me/identities/token", {"provider": "google", "id_token": "x"}),
                               ("DELETE", "/api/users/me/identities/1", None)):  # fmt: skip
        expect(account.api.request(method, path, json=body), 403, "reauthentication_required")
    expect(prove(account, account.password), 204)
    expect(account.api.delete("/api/users/me/identities/1"), 404)


def test_guessing_the_password_waits(make_server, db):
    server = make_server(db, RATE_LIMIT_ENABLED="true", RATE_LIMIT_AUTH="1000000/1").start()
    account = server.new_account()
    answers = [prove(account, "Wrong-passw0rd") for _ in range(12)]
    assert [answer.json()["code"] for answer in answers[:5]] == ["wrong_password"] * 5
    refusal = next(answer for answer in answers if answer.status_code != 400)
    assert expect(refusal, 429, "rate_limited") and int(refusal.headers["Retry-After"]) >= 1


def test_who_is_not_signed_in_proves_nothing(api):
    expect(api.post("/api/auth/reauthenticate", json={"password": "x"}), 401)


# --- mails to the owner ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "subject"), [("en", "Your password was changed"), ("fr", "Votre mot de passe a été changé")])
def test_the_owner_hears_of_a_changed_password(server, language, subject):
    account = server.new_account(language=language)
    change = {"current_password": account.password, "new_password": "Another-passw0rd1"}
    expect(account.api.put("/api/users/me/password", json=change | {"current_password": "Wrong-passw0rd"}), 400, "wrong_password")
    expect(account.api.put("/api/users/me/password", json=change), 200)
    mail = server.mail.wait_for(account.email, "/forgot-password")
    assert mail.subject == subject and account.username in mail.text
    assert subjects(account).count(subject) == 1


def test_the_owner_hears_of_a_reset_password(server):
    account = server.new_account()
    expect(account.anonymous.post("/api/auth/forgot-password", json={"email": account.email}), 200)
    token = server.mail.wait_for(account.email, "/reset-password").token("/reset-password")
    answer = expect(account.anonymous.post("/api/auth/reset-password", json={"token": token, "new_password": "Another-passw0rd1"}), 200)
    assert answer["identities"] == [] and answer["message"]
    assert server.mail.wait_for(account.email, "/forgot-password").subject == "Your password was changed"


def test_the_owner_hears_of_the_end_and_the_address_goes_with_that_mail(server):
    account = server.new_account()
    expect(account.api.delete("/api/users/me"), 200)
    assert server.mail.wait_for(account.email, "/register").subject == "Your account was deleted"
    eventually(lambda: account.email not in everything_stored(server.database).lower(), "the address to go")


def test_an_address_that_nobody_confirmed_gets_no_such_mail(server):
    account = server.new_account(verified=False)
    account.verification_token()
    expect(account.api.delete("/api/users/me"), 200)
    assert account.email not in everything_stored(server.database).lower(), "no mail waits"
