"""docs/api-guide.md: signing in through OpenID providers, in browsers and in apps."""

import concurrent.futures
import contextlib
import time
import uuid

import httpx
import pytest
from support.client import expect
from support.openid import fragment_of, query_of
from support.server import FRONTEND_URL, Server

from .scene import BROWSER, GOOGLE, SECRET, audited, begin, callback, google_sign_in, native, person, settings, signed_in


# --- the happy ways ---------------------------------------------------------------------------------------------------


def test_a_new_person_gets_a_verified_account(here):
    who = person(name="Zoé Ünal", picture="https://pictures.example/zoe.png")
    answer = google_sign_in(here, **who)
    user = answer["user"]
    assert (user["email"], user["full_name"], user["avatar_url"]) == (who["email"], "Zoé Ünal", who["picture"])
    assert user["is_verified"] and user["is_active"] and user["role"] == "user" and user["last_login"]
    assert user["username"].startswith("Zoe_Unal")
    assert answer["token_type"] == "bearer" and answer["expires_in"] == 1800
    api = signed_in(here, answer)
    assert expect(api.get("/api/users/me"), 200) == user
    expect(api.get("/api/activities"), 200)  # needs a verified address
    expect(api.post("/api/auth/refresh", json={"refresh_token": answer["refresh_token"]}), 200)
    assert audited(here, user["id"])[:2] == ["register", "oauth_login"]
    here.server.mail.wait_for(who["email"])  # welcome

    again = google_sign_in(here, **who)["user"]
    assert again["id"] == user["id"]


def test_two_people_of_one_name_get_two_usernames(here):
    names = [google_sign_in(here, name="Jane Doe")["user"]["username"] for _ in range(2)]
    assert len({name.lower() for name in names}) == 2 and all(name.startswith("Jane_Doe") for name in names)


def test_odd_claims_become_sound_accounts(here):
    user = google_sign_in(here, name="x" * 300, picture="javascript:alert(1)")["user"]
    assert user["full_name"] == "x" * 100 and user["avatar_url"] is None
    user = google_sign_in(here, name="bell\a", picture="http://pictures.example/not-tls.png")["user"]
    assert user["full_name"] is None and user["avatar_url"] is None
    expect(native(here, here.google.key.token(here.google.claims(email="not an address"))), 401, "oauth_failed")


def test_an_account_of_the_same_verified_address_is_linked(here):
    account = here.server.new_account()
    api = here.client()
    start = begin(api)
    code = here.google.grant(start["authorization_url"], email=account.email.upper(), name="Somebody Else")
    waiting = expect(callback(api, start["state"], code), 409, "link_confirmation_required")["link_token"]
    answer = expect(api.post("/api/auth/oidc/link", json={"link_token": waiting, "password": account.password}), 200)
    assert answer["user"]["id"] == account.id
    assert answer["user"]["full_name"] is None, "the profile of the account stays"
    expect(account.api.get("/api/users/me"), 200)  # its sessions stay valid
    account.login()  # and so does its password
    assert [(i["provider"], i["email"]) for i in expect(account.api.get("/api/users/me/identities"), 200)] == [("google", account.email.upper())]


def test_the_subject_counts_not_the_address(here):
    who = person()
    first = google_sign_in(here, **who)["user"]
    moved = google_sign_in(here, **who | {"email": f"new-{who['email']}"})["user"]
    assert moved["id"] == first["id"] and moved["email"] == who["email"]


@pytest.mark.parametrize("provider", ["real", "elliptic"])
def test_a_real_provider(here, provider):
    path = f"/api/auth/oidc/{provider}"
    name = here.real.account(f"zoe-{uuid.uuid4().hex}", email=f"{uuid.uuid4().hex}@example.com", email_verified=True, name="Zoé")
    api = here.client()
    start = begin(api, path)
    back = query_of(here.real.visit(start["authorization_url"], name))
    assert back["state"] == start["state"] and back["iss"] == here.real.issuer
    user = expect(api.get(f"{path}/callback", params=back), 200)["user"]
    assert user["full_name"] == ("Zoé" if provider == "real" else None), "the scopes are the configured ones"

    start = begin(api, path)
    back = query_of(here.real.visit(start["authorization_url"], name))
    assert expect(api.get(f"{path}/callback", params=back), 200)["user"]["id"] == user["id"]

    start = begin(api, path)
    back = query_of(here.real.visit(start["authorization_url"], name)) | {"iss": "https://evil.example"}
    expect(api.get(f"{path}/callback", params=back), 401, "oauth_failed")


def test_a_browser_ends_at_the_web_page(here):
    browser = here.client(headers=BROWSER)
    answer = browser.get("/api/auth/oidc/real", params={"redirect_to": "/stats?week=1"})
    assert answer.status_code == 302 and answer.headers["cache-control"] == "no-store"
    name = here.real.account(f"zoe-{uuid.uuid4().hex}", email=f"{uuid.uuid4().hex}@example.com", email_verified=True)
    back = query_of(here.real.visit(answer.headers["location"], name))
    answer = browser.get("/api/auth/oidc/real/callback", params=back)
    assert answer.status_code == 302 and answer.headers["location"].startswith(f"{FRONTEND_URL}/oauth/callback#")
    told = fragment_of(answer.headers["location"])
    assert told.keys() == {"code", "redirect_to"} and told["redirect_to"] == "/stats?week=1"

    expect(here.client().post("/api/auth/oauth/exchange", json={"code": told["code"]}), 401, "oauth_failed")  # another browser
    tokens = expect(browser.post("/api/auth/oauth/exchange", json={"code": told["code"]}), 200)
    assert expect(signed_in(here, tokens).get("/api/users/me"), 200) == tokens["user"]
    assert not browser.cookies, "the flow's cookie is gone"


def test_an_exchange_code_works_once_and_for_a_minute(here):
    def code_and_cookies() -> tuple[str, dict]:
        browser = here.client(headers=BROWSER)
        answer = browser.get(GOOGLE)
        code = here.google.grant(answer.headers["location"])
        answer = callback(browser, query_of(answer.headers["location"])["state"], code)
        return fragment_of(answer.headers["location"])["code"], dict(browser.cookies)

    def exchange(code: str, cookies: dict) -> httpx.Response:
        return here.client(cookies=cookies).post("/api/auth/oauth/exchange", json={"code": code})

    code, cookies = code_and_cookies()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = [answer.status_code for answer in pool.map(lambda _: exchange(code, cookies), range(4))]
    assert sorted(answers) == [200, 401, 401, 401]
    code, cookies = code_and_cookies()
    here.server.set_clock(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 61)))
    expect(exchange(code, cookies), 401, "oauth_failed")
    for nonsense in ("x", "x" * 51, code[:-1] + "x"):
        expect(exchange(nonsense, cookies), 401, "oauth_failed")


def test_a_flow_may_end_at_another_instance(here, world):
    other = Server(here.server.database, world.mail, **settings(here.google, here.real))
    with contextlib.closing(other.start()):
        start = begin(api := here.client())
        code = here.google.grant(start["authorization_url"])
        with other.client(cookies=dict(api.cookies)) as elsewhere:
            expect(callback(elsewhere, start["state"], code), 200)
        expect(callback(api, start["state"], code), 400, "invalid_state")


def test_the_flow_is_what_it_should_be(here):
    api = here.client()
    answer = api.get(GOOGLE)
    asked = query_of(answer.json()["authorization_url"])
    assert asked["redirect_uri"] == f"{FRONTEND_URL}{GOOGLE}/callback" and asked["state"] == answer.json()["state"]
    assert asked["client_id"] == "web-client" and asked["scope"] == "openid email profile"
    assert all(len(asked[name]) == 43 for name in ("state", "nonce", "code_challenge"))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("focus_oauth_") and "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=600" in cookie
    assert "Secure" not in cookie
    second = query_of(api.get(GOOGLE).json()["authorization_url"])
    assert all(second[name] != asked[name] for name in ("state", "nonce", "code_challenge"))
    assert len(api.cookies) == 2, "two tabs do not disturb each other"


def test_under_tls_the_cookie_is_secure(here, make_server):
    server = make_server(TRUSTED_PROXIES="127.0.0.1", **settings(here.google, here.real)).start()
    answer = server.client().get(GOOGLE, headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["set-cookie"].startswith("__Host-focus_oauth_")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(answer.headers["set-cookie"].split("; "))


def test_what_can_be_signed_in_with(here):
    assert expect(here.client().get("/api/auth/providers"), 200) == [
        {"name": "google", "title": "Google", "url": "/api/auth/google"},
        {"name": "elliptic", "title": "Elliptic", "url": "/api/auth/oidc/elliptic"},
        {"name": "real", "title": "Real", "url": "/api/auth/oidc/real"},
    ]


def test_without_providers(sqlite_server):
    api = sqlite_server.client()
    assert expect(api.get("/api/auth/providers"), 200) == []
    for path in (GOOGLE, "/api/auth/oidc/google"):
        expect(api.get(path), 501, "oauth_not_configured")
        expect(api.get(f"{path}/callback", params={"code": "x", "state": "y"}), 501, "oauth_not_configured")
        expect(api.post(f"{path}/token", json={"id_token": "x"}), 501, "oauth_not_configured")
    expect(api.get("/api/auth/oidc/nobody"), 404, "not_found")
    expect(api.get("/api/auth/oidc/nobody/callback", params={"code": "x", "state": "y"}), 404, "not_found")
    expect(api.post("/api/auth/oidc/nobody/token", json={"id_token": "x"}), 404, "not_found")


# --- native apps ------------------------------------------------------------------------------------------------------


def test_an_app_signs_in_with_an_id_token(here):
    who = person()
    for audience in ("web-client", "phone-client"):
        answer = expect(native(here, here.google.key.token(here.google.claims(aud=audience, **who))), 200)
        assert answer["user"]["email"] == who["email"]
    expect(native(here, here.google.key.token(here.google.claims(aud="other-client", **who))), 401, "oauth_failed")
    with_nonce = here.google.key.token(here.google.claims(nonce="of the app", **who))
    expect(native(here, with_nonce, nonce="of the app"), 200)
    expect(native(here, with_nonce), 401, "oauth_failed")
    expect(native(here, with_nonce, nonce="another"), 401, "oauth_failed")
    expect(here.client().post(f"{GOOGLE}/token", json={}), 422)


def test_a_token_of_a_web_flow_is_none_of_an_app(here):
    start = begin(here.client())
    stolen = here.google.key.token(here.google.claims(nonce=query_of(start["authorization_url"])["nonce"]))
    expect(native(here, stolen), 401, "oauth_failed")


def test_another_providers_token(here):
    expect(native(here, here.google.key.token(here.google.claims()), "real"), 401, "oauth_failed")


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_a_provider_that_is_down(here, make_server):
    server = make_server(**settings(here.google, here.real)).start()
    api = server.client()
    here.google.broken.add("/.well-known/openid-configuration")
    expect(api.get(GOOGLE), 503, "unavailable")
    page = api.get(GOOGLE, headers=BROWSER | {"Sec-Fetch-Mode": "navigate"})
    assert fragment_of(page.headers["location"])["error"] == "unavailable"
    here.google.broken.clear()
    start = begin(api)
    browser = server.client(headers=BROWSER)
    location = browser.get(GOOGLE).headers["location"]
    here.google.broken.add("/token")
    expect(callback(api, start["state"], here.google.grant(start["authorization_url"])), 503, "unavailable")
    answer = callback(browser, query_of(location)["state"], here.google.grant(location))
    assert fragment_of(answer.headers["location"])["error"] == "unavailable"
    here.google.broken.clear()
    here.google.broken.add("/keys")
    start = begin(api)
    expect(callback(api, start["state"], here.google.grant(start["authorization_url"])), 503, "unavailable")
    here.google.broken.clear()
    start = begin(api)
    expect(callback(api, start["state"], here.google.grant(start["authorization_url"])), 200)


def test_no_secret_in_log_or_tables(here):
    browser = here.client(headers=BROWSER)
    location = browser.get(GOOGLE).headers["location"]
    code = here.google.grant(location)
    cookies = list(dict(browser.cookies).values())
    answer = callback(browser, query_of(location)["state"], code)
    exchange = fragment_of(answer.headers["location"])["code"]
    tokens = expect(browser.post("/api/auth/oauth/exchange", json={"code": exchange}), 200)
    bad = here.google.key.token(here.google.claims(email_verified=False))
    expect(native(here, bad), 401)
    database = here.server.database
    stored = str([database.query(f"SELECT * FROM {table}") for table in ("oauth_flows", "link_tokens", "identities", "audit_log", "sessions")])
    logged = "\n".join(here.server.lines)
    for secret in (query_of(location)["state"], query_of(location)["nonce"], exchange, tokens["access_token"], tokens["refresh_token"], bad,
                   SECRET, *cookies):  # fmt: skip
        assert secret not in logged and secret not in stored
    assert f"code={code}" not in logged


@pytest.mark.parametrize(("wrong", "word"), [
    ({"GOOGLE_ISSUER": "http://id.example"}, "GOOGLE_ISSUER"),
    ({"GOOGLE_ISSUER": "http://127.0.0.1:9", "ENVIRONMENT": "production", "BCRYPT_COST": "12"}, "GOOGLE_ISSUER"),
    ({"GOOGLE_CLIENT_ID": ""}, "GOOGLE_CLIENT_SECRET"),
    ({"OIDC_SCHOOL_ISSUER": "https://id.example"}, "OIDC_SCHOOL_CLIENT_ID"),
    ({"OIDC_SCHOOL_CLIENT_ID": "focus"}, "OIDC_SCHOOL_ISSUER"),
    ({"OIDC_SCHOOL_ISSUER": "https://id.example", "OIDC_SCHOOL_CLIENT_ID": "focus", "OIDC_SCHOOL_SCOPES": "email"}, "OIDC_SCHOOL_SCOPES"),
    ({"OIDC_GOOGLE_ISSUER": "https://id.example"}, "OIDC_GOOGLE_"),
    ({"OIDC_SCHOOL_CLIENT_SECRET_FILE": "/nowhere"}, "OIDC_SCHOOL_CLIENT_SECRET_FILE"),
    ({"OIDC_SCHOOL_CLIENT_SECRET_FILE": "/nowhere", "OIDC_SCHOOL_CLIENT_SECRET": "x"}, "both set"),
])  # fmt: skip
def test_wrong_settings_stop_the_start(make_server, wrong, word):
    server = make_server(**{"GOOGLE_CLIENT_ID": "x", "GOOGLE_CLIENT_SECRET": "y"} | wrong)
    ended = server.command("serve")
    assert ended.returncode == 2 and word in ended.stderr and ended.stderr.count("\n") == 1, ended.stderr


def test_settings_are_shown_without_secrets(make_server, tmp_path):
    (tmp_path / "secret").write_text("from a file\n")
    server = make_server(OIDC_SCHOOL_ISSUER="https://id.example", OIDC_SCHOOL_CLIENT_ID="focus",
                         OIDC_SCHOOL_CLIENT_SECRET_FILE=str(tmp_path / "secret"), GOOGLE_CLIENT_ID="a,b", GOOGLE_CLIENT_SECRET=SECRET)  # fmt: skip
    printed = server.command("config", "print").stdout
    assert 'OIDC_SCHOOL_ISSUER = "https://id.example"' in printed and 'OIDC_SCHOOL_CLIENT_SECRET = "***"' in printed
    assert 'GOOGLE_CLIENT_ID = "a,b"' in printed and SECRET not in printed and "from a file" not in printed


def test_settings_from_a_file(make_server, providers):
    google, _ = providers
    server = make_server(OIDC_SCHOOL_CLIENT_ID="web-client")  # the environment overrides the file, per field
    (server.folder / "focus.toml").write_text(
        f'oidc_school_issuer = "{google.issuer}"\noidc_school_client_id = "other"\noidc_school_client_secret = "{SECRET}"\n')
    server.start()
    assert expect(server.client().get("/api/auth/providers"), 200)[0]["name"] == "school"
    api = server.client()
    start = begin(api, "/api/auth/oidc/school")
    expect(callback(api, start["state"], google.grant(start["authorization_url"]), "/api/auth/oidc/school"), 200)
