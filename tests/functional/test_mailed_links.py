"""API.md §17 and §19: opening a mailed link changes nothing, and "this was not me"."""

import concurrent.futures
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.client import expect
from support.server import FRONTEND_URL

from .test_auth import everything_stored


def described(api, token: str):
    return api.post("/api/auth/mailed-link", json={"token": token})


def hint(email: str) -> str:
    return f"{email[0]}…{email[email.index('@'):]}"


def is_verified(server, account) -> bool:
    return str(server.database.query(f"SELECT is_verified FROM users WHERE id = {account.id}")[0][0]) == "1"


def test_the_verification_link_is_described_and_changes_nothing(server, api):
    account = server.new_account(verified=False)
    mail = server.mail.wait_for(account.email, "/verify-email")
    for path in ("/verify-email", "/not-me"):
        link = urlsplit(mail.link(path))
        assert httpx.get(f"{server.url}{link.path}?{link.query}", headers={"Accept": "text/html"}).status_code == 200, "a page of ours"
    token = mail.token("/verify-email")
    assert mail.token("/not-me") == token
    for _ in range(2):
        answer = expect(described(api, token), 200)
        assert answer == {"purpose": "verify_email", "email_hint": hint(account.email), "username": account.username, "identities": []}
    assert not is_verified(server, account)
    expect(api.post("/api/auth/verify-email", json={"token": token}), 200)
    assert is_verified(server, account)
    expect(described(api, token), 400, "already_verified")


def test_the_reset_link_is_described(server, api):
    account = server.new_account(signed_in=False)
    expect(api.post("/api/auth/forgot-password", json={"email": account.email}), 200)
    token = server.mail.wait_for(account.email, "/reset-password").token("/reset-password")
    assert expect(described(api, token), 200) == {"purpose": "reset_password", "email_hint": hint(account.email), "username": account.username,
                                                  "identities": []}  # fmt: skip
    expect(api.post("/api/auth/reset-password", json={"token": token, "new_password": "Another-passw0rd1"}), 200)
    expect(described(api, token), 400, "invalid_token")


def test_the_unsubscribe_link_leads_to_a_page_and_is_described(server, api, clock):
    clock("2031-08-01T21:00:00Z")
    account = server.new_account()
    account.record("Instagram", 83)
    clock("2031-08-02T20:00:30Z")
    mail = server.mail.wait_for(account.email, "/unsubscribe")
    link = mail.link("/unsubscribe")
    assert link.startswith(f"{FRONTEND_URL}/unsubscribe?token=")
    assert link.replace("/unsubscribe?", "/api/unsubscribe?") in mail.message["List-Unsubscribe"], "mail programs post to the API"
    token = parse_qs(urlsplit(link).query)["token"][0]
    assert httpx.get(f"{server.url}/unsubscribe?token={token}", headers={"Accept": "text/html"}).status_code == 200
    answer = expect(described(api, token), 200)
    assert (answer["purpose"], answer["email_hint"]) == ("unsubscribe", hint(account.email))
    account.login()
    assert expect(account.api.get("/api/users/me"), 200)["email_reminders"], "nothing has changed"
    expect(api.post(f"/api/unsubscribe?token={token}"), 200)
    assert not expect(account.api.get("/api/users/me"), 200)["email_reminders"]


@pytest.mark.parametrize("path", ["/api/auth/mailed-link", "/api/auth/not-me"])
@pytest.mark.parametrize("token", ["", "x", "x" * 43, "17.x", "x" * 5000, "'; DROP TABLE users; --"])
def test_nonsense(api, path, token):
    expect(api.post(path, json={"token": token}), 400, "invalid_token")


def test_other_tokens_of_the_account_are_no_mailed_links(server, user):
    for token in (user.tokens["access_token"], user.tokens["refresh_token"]):
        expect(described(user.anonymous, token), 400, "invalid_token")
    expect(user.anonymous.post("/api/auth/forgot-password", json={"email": user.email}), 200)
    reset = server.mail.wait_for(user.email, "/reset-password").token("/reset-password")
    expect(user.anonymous.post("/api/auth/not-me", json={"token": reset}), 400, "invalid_token")
    expect(user.api.get("/api/users/me"), 200)


def test_this_was_not_me(server, api):
    account = server.new_account(verified=False, full_name="A Stranger")
    token = account.verification_token()
    expect(api.post("/api/auth/not-me", json={"token": token}), 200)
    expect(account.api.get("/api/users/me"), 401)
    expect(api.post("/api/auth/login", json={"email": account.email, "password": account.password}), 401, "invalid_credentials")
    for path in ("/api/auth/verify-email", "/api/auth/not-me", "/api/auth/mailed-link"):
        expect(api.post(path, json={"token": token}), 400, "invalid_token")
    stored = everything_stored(server.database).lower()
    for trace in (account.email, account.username, "a stranger"):
        assert trace not in stored, trace
    expect(api.post("/api/auth/register", json=account.fields), 201)


def test_a_verified_account_is_not_removed(server, api):
    account = server.new_account()
    expect(api.post("/api/auth/not-me", json={"token": account.verification_token()}), 400, "already_verified")
    expect(account.api.get("/api/users/me"), 200)


def test_it_was_me_and_it_was_not_me_at_once(server):
    """Only one of them happens: a confirmed account is never removed."""
    for _ in range(5):
        account = server.new_account(verified=False, signed_in=False)
        token = account.verification_token()
        clients = [server.client(), server.client()]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            paths = ["/api/auth/verify-email", "/api/auth/not-me"]
            statuses = sorted(pool.map(lambda pair, t=token: pair[0].post(pair[1], json={"token": t}).status_code, zip(clients, paths)))
        assert statuses == [200, 400]
