"""API.md §17 and §19: a provider is linked to an account with a password only with that password; an ID token is valid once."""

import concurrent.futures
import time

import pytest
from support.client import expect
from support.openid import fragment_of, query_of
from support.server import FRONTEND_URL

from .scene import BROWSER, GOOGLE, Place, audited, begin, callback, google_sign_in, link, native, person, settings, signed_in


def later(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def token_of(here, **claims) -> str:
    return here.google.key.token(here.google.claims(**claims))


def refused(here, **claims) -> str:
    """The link token of a sign-in that the account's owner has to confirm."""
    return expect(native(here, token_of(here, **claims)), 409, "link_confirmation_required")["link_token"]


def confirm(here, link_token: str, password: str):
    return here.client().post("/api/auth/oidc/link", json={"link_token": link_token, "password": password})


def reset(here, account, **more) -> dict:
    api = here.client()
    expect(api.post("/api/auth/forgot-password", json={"email": account.email}), 200)
    token = here.server.mail.wait_for(account.email, "/reset-password").token("/reset-password")
    account.fields["password"] = "Another-passw0rd1"
    return expect(api.post("/api/auth/reset-password", json={"token": token, "new_password": account.password} | more), 200)


def test_an_account_with_a_password_is_linked_by_its_password(here):
    account = here.server.new_account()
    who = person(email=account.email)
    link_token = refused(here, **who)
    assert expect(account.api.get("/api/users/me/identities"), 200) == []
    expect(confirm(here, link_token, "Wrong-passw0rd"), 401, "invalid_credentials")
    answer = expect(confirm(here, link_token, account.password), 200)  # a wrong password does not use it up
    assert answer["user"]["id"] == account.id
    assert [one["provider"] for one in expect(signed_in(here, answer).get("/api/users/me/identities"), 200)] == ["google"]
    assert here.server.mail.wait_for(account.email, "/settings").subject == "A new way to sign in to your account"
    expect(confirm(here, link_token, account.password), 400, "invalid_token")
    assert expect(native(here, token_of(here, **who)), 200)["user"]["id"] == account.id, "linked for good"
    assert audited(here, account.id).count("identity_linked") == 1
    expect(account.api.get("/api/users/me"), 200)  # the other sessions stay valid


def test_a_program_in_a_flow_is_asked_too(here):
    account = here.server.new_account()
    api = here.client()
    start = begin(api)
    problem = expect(callback(api, start["state"], here.google.grant(start["authorization_url"], email=account.email)), 409,
                     "link_confirmation_required")  # fmt: skip
    assert expect(confirm(here, problem["link_token"], account.password), 200)["user"]["id"] == account.id


def test_a_browser_is_led_to_a_page_that_asks(here):
    account = here.server.new_account()
    browser = here.client(headers=BROWSER)
    location = browser.get(GOOGLE, params={"redirect_to": "/trends"}).headers["location"]
    answer = callback(browser, query_of(location)["state"], here.google.grant(location, email=account.email))
    assert answer.status_code == 302 and answer.headers["location"].startswith(f"{FRONTEND_URL}/oauth/callback#")
    told = fragment_of(answer.headers["location"])
    assert told.keys() == {"link_token", "provider", "redirect_to"}
    assert (told["provider"], told["redirect_to"]) == ("google", "/trends")
    assert expect(confirm(here, told["link_token"], account.password), 200)["user"]["id"] == account.id


def test_a_link_token_lives_ten_minutes(here):
    account = here.server.new_account()
    link_token = refused(here, email=account.email)
    here.server.set_clock(later(601))
    expect(confirm(here, link_token, account.password), 400, "invalid_token")


@pytest.mark.parametrize("token", ["x", "x" * 43, "17.x"])
def test_a_link_token_that_was_made_up(here, token):
    expect(confirm(here, token, "Secret-passw0rd"), 400, "invalid_token")


def test_a_link_token_is_of_one_account_and_one_identity(here):
    account, attacker = here.server.new_account(), here.server.new_account()
    expect(confirm(here, refused(here, email=account.email), attacker.password + "x"), 401, "invalid_credentials")
    who = person(email=attacker.email)
    expect(confirm(here, refused(here, **who), attacker.password), 200)
    assert expect(account.api.get("/api/users/me/identities"), 200) == []
    assert expect(native(here, token_of(here, **who)), 200)["user"]["id"] == attacker.id


def test_a_link_token_counts_once_when_many_come_at_once(here):
    account = here.server.new_account()
    link_token = refused(here, email=account.email)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(lambda _: confirm(here, link_token, account.password).status_code, range(4)))
    assert statuses == [200, 400, 400, 400]


def test_guessing_the_password_waits_as_signing_in_does(here, make_server):
    server = make_server(RATE_LIMIT_ENABLED="true", RATE_LIMIT_AUTH="1000000/1", **settings(here.google, here.real)).start()
    here = Place(server, here.google, here.real)
    account = here.server.new_account()
    link_token = refused(here, email=account.email)
    answers = [confirm(here, link_token, "Wrong-passw0rd") for _ in range(12)]
    assert [answer.json()["code"] for answer in answers[:5]] == ["invalid_credentials"] * 5
    assert "rate_limited" in {answer.json()["code"] for answer in answers}


def test_who_has_just_reset_the_password_is_linked(here):
    account = here.server.new_account()
    who = person(email=account.email)
    refused(here, **who)
    reset(here, account)
    assert expect(native(here, token_of(here, **who)), 200)["user"]["id"] == account.id
    here.server.mail.wait_for(account.email, "/settings")


def test_a_reset_password_counts_for_ten_minutes(here):
    account = here.server.new_account()
    reset(here, account)
    here.server.set_clock(later(601))
    expect(native(here, token_of(here, email=account.email)), 409, "link_confirmation_required")


def test_a_reset_lists_and_drops_identities(here):
    account = here.server.new_account()
    thief = person()
    linked = expect(link(account.api, token_of(here, **thief)), 201)
    assert here.server.mail.wait_for(account.email, "/settings").subject == "A new way to sign in to your account"
    api = here.client()
    expect(api.post("/api/auth/forgot-password", json={"email": account.email}), 200)
    token = here.server.mail.wait_for(account.email, "/reset-password").token("/reset-password")
    assert expect(api.post("/api/auth/mailed-link", json={"token": token}), 200)["identities"] == [linked]
    body = {"token": token, "new_password": "Another-passw0rd1"}
    assert expect(api.post("/api/auth/reset-password", json=body), 200)["identities"] == [linked], "it says who can still sign in"
    assert expect(native(here, token_of(here, **thief)), 200)["user"]["id"] == account.id
    expect(api.post("/api/auth/forgot-password", json={"email": account.email}), 200)
    token = here.server.mail.wait_for(account.email, "/reset-password", count=2).token("/reset-password")
    answer = expect(api.post("/api/auth/reset-password", json=body | {"token": token, "drop_identities": True}), 200)
    assert answer["identities"] == []
    assert here.server.mail.wait_for(account.email, "/settings", count=2).subject == "A way to sign in to your account was removed"
    assert expect(native(here, token_of(here, **thief)), 200)["user"]["id"] != account.id


def test_a_provider_sign_in_is_a_proof(here):
    """For an account without a password: a proof older than ten minutes is renewed by signing in again."""
    who = person()
    api = signed_in(here, google_sign_in(here, **who))
    expect(api.post("/api/auth/reauthenticate", json={"password": ""}), 400, "wrong_password")
    here.server.set_clock(later(601))
    expect(api.delete("/api/users/me"), 403, "reauthentication_required")
    now = int(time.time()) + 601
    fresh = signed_in(here, google_sign_in(here, **who, iat=now, exp=now + 600))
    expect(fresh.delete("/api/users/me"), 200)


def test_what_waits_goes_with_the_account(here):
    account = here.server.new_account()
    refused(here, email=account.email)
    expect(account.api.delete("/api/users/me"), 200)
    assert here.server.database.query(f"SELECT user_id FROM pending_links WHERE user_id = {account.id}") == []


# --- ID tokens without a nonce -----------------------------------------------------------------------------------------


def test_an_id_token_without_a_nonce_serves_once(here):
    who = person()
    token = token_of(here, **who)
    expect(native(here, token), 200)
    expect(native(here, token), 401, "oauth_failed")
    head, claims, signature = token.split(".")
    expect(native(here, f"{head}.{claims}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}"), 401, "oauth_failed")
    expect(native(here, token_of(here, **who)), 200)
    account = here.server.new_account()
    spare = token_of(here)
    expect(link(account.api, spare), 201)
    expect(native(here, spare), 401, "oauth_failed")


def test_an_id_token_with_the_apps_nonce_is_the_apps_business(here):
    token = token_of(here, **person(nonce="of the app"))
    for _ in range(2):
        expect(native(here, token, nonce="of the app"), 200)


def test_many_presentations_at_once_count_once(here):
    token = token_of(here)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(lambda _: native(here, token).status_code, range(6)))
    assert statuses == [200, 401, 401, 401, 401, 401]
