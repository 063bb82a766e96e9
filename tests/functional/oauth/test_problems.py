"""Routes of one provider and the ones for all providers give the same problems; each problem is tested on each route."""

import time

import pytest
from support.client import Client, expect
from support.openid import fragment_of, query_of

from .scene import BROWSER, GOOGLE, Place, begin, callback, deactivate, google_sign_in, link, native, person

PATHS = (GOOGLE, "/api/auth/oidc/google")


def token_of(here: Place, **claims) -> str:
    return here.google.key.token(here.google.claims(**claims))


def flow(here: Place, path: str, **claims):
    """The last step of a sign-in without a browser."""
    api = here.client()
    start = begin(api, path)
    return callback(api, start["state"], here.google.grant(start["authorization_url"], **claims), path)


def stale_account(here: Place) -> Client:
    """A client whose sign-in is eleven minutes old."""
    account = here.server.new_account()
    here.server.set_clock(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 660)))
    return account.api


@pytest.mark.parametrize("path", PATHS)
def test_a_flow(here, path):
    expect(callback(here.client(), "x" * 43, "code", path), 400, "invalid_state")
    api = here.client()
    expect(callback(api, begin(api, path)["state"], "nonsense", path), 401, "oauth_failed")
    expect(flow(here, path, **person(email=here.server.new_account().email)), 409, "link_confirmation_required")
    who = person()
    deactivate(here, google_sign_in(here, **who)["user"]["id"])
    expect(flow(here, path, **who), 403, "account_inactive")


@pytest.mark.parametrize("path", PATHS)
def test_an_id_token(here, path):
    def sign_in(token: str):
        return here.client().post(f"{path}/token", json={"id_token": token})

    expect(sign_in("nonsense"), 401, "oauth_failed")
    expect(sign_in(token_of(here, email=here.server.new_account().email)), 409, "link_confirmation_required")
    who = person()
    deactivate(here, google_sign_in(here, **who)["user"]["id"])
    expect(sign_in(token_of(here, **who)), 403, "account_inactive")


def test_an_exchange_for_an_account_that_was_deactivated(here):
    who = person()
    user = google_sign_in(here, **who)["user"]
    browser = here.client(headers=BROWSER)
    location = browser.get(GOOGLE).headers["location"]
    answer = callback(browser, query_of(location)["state"], here.google.grant(location, **who))
    code = fragment_of(answer.headers["location"])["code"]
    deactivate(here, user["id"])
    expect(browser.post("/api/auth/oauth/exchange", json={"code": code}), 403, "account_inactive")


def test_a_confirmation_that_comes_too_late(here):
    def link_token(account, **who) -> str:
        return expect(native(here, token_of(here, email=account.email, **who)), 409, "link_confirmation_required")["link_token"]

    def confirm(account, token: str):
        return here.client().post("/api/auth/oidc/link", json={"link_token": token, "password": account.password})

    account, other, subject = here.server.new_account(), here.server.new_account(), person()["sub"]
    token = link_token(account, sub=subject)
    expect(link(other.api, token_of(here, sub=subject)), 201)
    expect(confirm(account, token), 400, "identity_taken")
    token = link_token(account)
    deactivate(here, account.id)
    expect(confirm(account, token), 403, "account_inactive")


def test_changing_identities_asks_for_a_recent_sign_in(here):
    api = stale_account(here)
    expect(api.post("/api/users/me/identities", json={"provider": "google"}), 403, "reauthentication_required")
    expect(link(api, token_of(here)), 403, "reauthentication_required")
    expect(api.delete("/api/users/me/identities/1"), 403, "reauthentication_required")


def test_linking_by_an_id_token(here):
    api = here.server.new_account().api
    expect(link(api, "nonsense"), 401, "oauth_failed")

    def link_while_deactivated() -> str:
        """The session stays cached for a moment; writes check the account itself."""
        account = here.server.new_account()
        expect(account.api.get("/api/users/me"), 200)
        deactivate(here, account.id)
        answer = link(account.api, token_of(here))
        return expect(answer, answer.status_code)["code"]

    assert "account_inactive" in (link_while_deactivated() for _ in range(20))
    expect(api.post("/api/users/me/identities/token", json={"provider": "nobody", "id_token": "x"}), 404, "not_found")


@pytest.mark.parametrize("path", PATHS)
def test_a_provider_that_is_not_set_up(sqlite_server, path):
    api = sqlite_server.client()
    expect(api.get(path), 501, "oauth_not_configured")
    expect(callback(api, "x" * 43, "code", path), 501, "oauth_not_configured")
    expect(api.post(f"{path}/token", json={"id_token": "x"}), 501, "oauth_not_configured")
    user = sqlite_server.new_account().api
    expect(user.post("/api/users/me/identities", json={"provider": "google"}), 501, "oauth_not_configured")
    expect(user.post("/api/users/me/identities/token", json={"provider": "google", "id_token": "x"}), 501, "oauth_not_configured")


def test_a_provider_that_there_is_not(sqlite_server):
    api, path = sqlite_server.client(), "/api/auth/oidc/nobody"
    expect(api.get(path), 404, "not_found")
    expect(callback(api, "x" * 43, "code", path), 404, "not_found")
    expect(api.post(f"{path}/token", json={"id_token": "x"}), 404, "not_found")
