"""docs/api-guide.md: identities are listed, linked and unlinked."""

import concurrent.futures
import uuid

from support.client import expect
from support.openid import fragment_of, query_of

from .scene import audited, callback, google_sign_in, link, native, person, signed_in


# --- identities -------------------------------------------------------------------------------------------------------


def test_identities_are_linked_listed_and_unlinked(here):
    account = here.server.new_account()
    api = account.api
    assert expect(api.get("/api/users/me/identities"), 200) == []
    who = person()
    token = here.google.key.token(here.google.claims(**who))
    linked = expect(link(api, token), 201)
    assert (linked["provider"], linked["email"]) == ("google", who["email"])
    assert expect(api.get("/api/users/me/identities"), 200) == [linked]
    assert expect(native(here, here.google.key.token(here.google.claims(**who))), 200)["user"]["id"] == account.id
    other = here.server.new_account()
    expect(link(other.api, token), 400, "identity_taken")
    assert expect(link(api, token), 201)["id"] == linked["id"]
    expect(api.post("/api/users/me/identities", json={"provider": "nobody"}), 404)
    expect(other.api.delete(f"/api/users/me/identities/{linked['id']}"), 404)
    expect(api.delete(f"/api/users/me/identities/{linked['id']}"), 204)
    expect(api.delete(f"/api/users/me/identities/{linked['id']}"), 404)
    assert expect(native(here, here.google.key.token(here.google.claims(**who))), 200)["user"]["id"] != account.id
    assert here.server.mail.wait_for(account.email, "/settings", count=2).subject == "A way to sign in to your account was removed"
    assert [action for action in audited(here, account.id) if action.startswith("identity")] == ["identity_linked", "identity_unlinked"]


def test_an_identity_is_linked_in_the_browser(here):
    account = here.server.new_account()
    start = expect(account.api.post("/api/users/me/identities", json={"provider": "real", "redirect_to": "/settings"}), 200)
    name = here.real.account(f"zoe-{uuid.uuid4().hex}", email=f"{uuid.uuid4().hex}@example.com", email_verified=True)
    back = query_of(here.real.visit(start["authorization_url"], name))
    victim = here.client()  # an attacker would link the identity of this browser's user
    expect(victim.get("/api/auth/oidc/real/callback", params=back), 400, "invalid_state")
    browser = here.client(cookies=dict(account.api.cookies))
    answer = browser.get("/api/auth/oidc/real/callback", params=back)
    assert answer.status_code == 302
    assert fragment_of(answer.headers["location"]) == {"linked": "real", "redirect_to": "/settings"}
    assert [one["provider"] for one in expect(account.api.get("/api/users/me/identities"), 200)] == ["real"]


def test_a_link_dies_with_its_session(here):
    account = here.server.new_account()
    start = expect(account.api.post("/api/users/me/identities", json={"provider": "google"}), 200)
    expect(account.anonymous.post("/api/auth/logout", json={"refresh_token": account.tokens["refresh_token"]}), 204)
    browser = here.client(cookies=dict(account.api.cookies))
    answer = callback(browser, start["state"], here.google.grant(start["authorization_url"]))
    assert fragment_of(answer.headers["location"])["error"] == "oauth_failed"
    account.login()
    assert expect(account.api.get("/api/users/me/identities"), 200) == []


def test_the_last_way_to_sign_in_stays(here):
    who = person()
    answer = google_sign_in(here, **who)
    api = signed_in(here, answer)
    (first,) = expect(api.get("/api/users/me/identities"), 200)
    expect(api.delete(f"/api/users/me/identities/{first['id']}"), 400, "last_sign_in_method")
    second = expect(link(api, here.google.key.token(here.google.claims())), 201)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        ids = [first["id"], second["id"]]
        clients = [signed_in(here, answer) for _ in ids]
        statuses = sorted(pool.map(lambda pair: pair[0].delete(f"/api/users/me/identities/{pair[1]}").status_code, zip(clients, ids)))
    assert statuses == [204, 400]
    (left,) = expect(api.get("/api/users/me/identities"), 200)
    expect(api.delete(f"/api/users/me/identities/{left['id']}"), 400, "last_sign_in_method")


def test_an_account_without_a_password(here):
    who = person()
    answer = google_sign_in(here, **who)
    api, nobody = signed_in(here, answer), here.client()
    for password in ("", "Secret-passw0rd"):
        expect(nobody.post("/api/auth/login", json={"email": who["email"], "password": password}), 401, "invalid_credentials")
        change = {"current_password": password, "new_password": "Secret-passw0rd"}
        expect(api.put("/api/users/me/password", json=change), 400, "wrong_password")
    expect(nobody.post("/api/auth/forgot-password", json={"email": who["email"]}), 200)
    token = here.server.mail.wait_for(who["email"], "/reset-password").token("/reset-password")
    expect(nobody.post("/api/auth/reset-password", json={"token": token, "new_password": "Secret-passw0rd"}), 200)
    tokens = expect(nobody.post("/api/auth/login", json={"email": who["email"], "password": "Secret-passw0rd"}), 200)
    api = signed_in(here, tokens)
    (identity,) = expect(api.get("/api/users/me/identities"), 200)
    expect(api.delete(f"/api/users/me/identities/{identity['id']}"), 204)


def test_export_and_deletion(here):
    who = person()
    answer = google_sign_in(here, **who)
    api = signed_in(here, answer)
    exported = expect(api.get("/api/users/me/export"), 200)["identities"]
    assert [(one["provider"], one["subject"], one["email"]) for one in exported] == [("google", who["sub"], who["email"])]
    expect(api.post("/api/users/me/identities", json={"provider": "google"}), 200)
    expect(api.delete("/api/users/me"), 200)
    for table in ("identities", "oauth_flows"):
        assert here.server.database.query(f"SELECT user_id FROM {table} WHERE user_id = {answer['user']['id']}") == []
    assert google_sign_in(here, **who)["user"]["id"] != answer["user"]["id"]
