"""API.md §2 and §10, docs/oauth.md: signing in through OpenID providers. The ones here are a real provider (`real`, `elliptic`)
and one made by hand (Google, by GOOGLE_ISSUER), which can also lie."""

import concurrent.futures
import contextlib
import threading
import time
import uuid

import httpx
import pytest
from support.client import Client, expect
from support.openid import HandMadeProvider, RealProvider, SigningKey, fragment_of, hs256_token, query_of
from support.processes import eventually
from support.server import FRONTEND_URL, Server

SECRET = "a client secret, with + and / and %"
GOOGLE = "/api/auth/google"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Place:
    """A server with three providers."""

    def __init__(self, server: Server, google: HandMadeProvider, real: RealProvider) -> None:
        self.server, self.google, self.real = server, google, real

    def client(self, **options) -> Client:
        return self.server.client(**options)


def real_client(client_id: str, path: str, **more) -> dict:
    return {"client_id": client_id, "client_secret": SECRET, "redirect_uris": [FRONTEND_URL + path]} | more


def settings(google: HandMadeProvider, real: RealProvider) -> dict[str, str]:
    return {
        "GOOGLE_ISSUER": google.issuer, "GOOGLE_CLIENT_ID": f"{google.client_id},phone-client", "GOOGLE_CLIENT_SECRET": SECRET,
        "OIDC_REAL_ISSUER": real.issuer, "OIDC_REAL_CLIENT_ID": "focus", "OIDC_REAL_CLIENT_SECRET": SECRET,
        "OIDC_ELLIPTIC_ISSUER": real.issuer, "OIDC_ELLIPTIC_CLIENT_ID": "focus-ec", "OIDC_ELLIPTIC_CLIENT_SECRET": SECRET,
        "OIDC_ELLIPTIC_SCOPES": "openid email",
    }  # fmt: skip


@pytest.fixture(scope="module")
def providers():
    with contextlib.ExitStack() as stack:
        google = stack.enter_context(contextlib.closing(HandMadeProvider("web-client", SECRET)))
        real = stack.enter_context(contextlib.closing(RealProvider([
            real_client("focus", "/api/auth/oidc/real/callback"),
            real_client("focus-ec", "/api/auth/oidc/elliptic/callback", id_token_signed_response_alg="ES256"),
        ])))  # fmt: skip
        yield google, real


@pytest.fixture(scope="module", params=["sqlite", "mysql"])
def place(request, world, providers):
    with contextlib.closing(Server(world.database(request.param), world.mail, **settings(*providers))) as server:
        yield Place(server.start(), *providers)


@pytest.fixture
def here(place) -> Place:
    """The place with a provider that behaves again."""
    place.google.broken.clear()
    yield place
    place.google.broken.clear()
    place.server.reset_clock()


def begin(api: Client, path: str = GOOGLE, **params) -> dict:
    return expect(api.get(path, params=params), 200)


def callback(api: Client, state: str, code: str, path: str = GOOGLE, **options) -> httpx.Response:
    return api.get(f"{path}/callback", params={"state": state, "code": code}, **options)


def google_sign_in(here: Place, api: Client | None = None, **claims) -> dict:
    """A whole flow of a program."""
    api = api or here.client()
    start = begin(api)
    code = here.google.grant(start["authorization_url"], **claims)
    return expect(callback(api, start["state"], code), 200)


def signed_in(here: Place, tokens: dict) -> Client:
    return here.client(token=tokens["access_token"])


def native(here: Place, token: str, provider: str = "google", **more) -> httpx.Response:
    path = f"{GOOGLE}/token" if provider == "google" else f"/api/auth/oidc/{provider}/token"
    return here.client().post(path, json={"id_token": token} | more)


def link(api: Client, token: str) -> httpx.Response:
    return api.post("/api/users/me/identities/token", json={"provider": "google", "id_token": token})


def person(**more) -> dict:
    name = uuid.uuid4().hex
    return {"sub": f"sub-{name}", "email": f"{name}@example.com"} | more


def audited(here: Place, user_id: int) -> list[str]:
    return [row[0] for row in here.server.database.query(f"SELECT action FROM audit_log WHERE user_id = {user_id} ORDER BY id")]


def deactivate(here: Place, user_id: int) -> None:
    here.server.database.query(f"UPDATE users SET is_active = 0 WHERE id = {user_id}")


# --- the happy ways --------------------------------------------------------------------------------------------------


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
    answer = google_sign_in(here, email=account.email.upper(), name="Somebody Else")
    assert answer["user"]["id"] == account.id
    assert answer["user"]["full_name"] is None, "his own profile stays"
    expect(account.api.get("/api/users/me"), 200)  # so do his sessions
    account.login()  # and his password
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


# --- attacks on the flow ---------------------------------------------------------------------------------------------


def test_what_a_callback_needs(here):
    api = here.client()
    for params, missing in (({}, ["code", "state"]), ({"code": "x"}, ["state"]), ({"state": "x"}, ["code"])):
        errors = expect(api.get(f"{GOOGLE}/callback", params=params), 422)["errors"]
        assert [error["loc"] for error in errors] == [["query", name] for name in missing]


def test_a_state_is_known_and_good_once(here):
    api = here.client()
    start = begin(api)
    code = here.google.grant(start["authorization_url"])
    expect(callback(api, "x" * 43, code), 400, "invalid_state")
    expect(callback(api, start["state"][:-1] + "~", code), 400, "invalid_state")
    cookies = dict(api.cookies)
    expect(callback(api, start["state"], code), 200)
    replay = here.client(cookies=cookies)
    expect(callback(replay, start["state"], code), 400, "invalid_state")
    expect(callback(replay, start["state"], here.google.grant(start["authorization_url"])), 400, "invalid_state")


def test_a_state_counts_once_when_many_come_at_once(here):
    api = here.client()
    start = begin(api)
    codes = [here.google.grant(start["authorization_url"]) for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        clients = [here.client(cookies=dict(api.cookies)) for _ in codes]
        answers = list(pool.map(lambda pair: callback(pair[0], start["state"], pair[1]).status_code, zip(clients, codes)))
    assert sorted(answers) == [200, 400, 400, 400]


def test_a_state_of_another_browser(here):
    """Login CSRF: the attacker's own code and state in the victim's browser."""
    attacker, victim = here.client(), here.client()
    start = begin(attacker)
    begin(victim)
    code = here.google.grant(start["authorization_url"])
    expect(callback(victim, start["state"], code), 400, "invalid_state")
    forged = here.client(headers={"Cookie": f"focus_oauth_{start['state'][:8]}={'x' * 43}"})
    expect(callback(forged, start["state"], code), 400, "invalid_state")
    expect(callback(attacker, start["state"], code), 200)  # it is still its owner's


def test_a_state_of_another_provider(here):
    api = here.client()
    start = begin(api, "/api/auth/oidc/real")
    expect(callback(api, start["state"], "x"), 400, "invalid_state")


def test_a_state_lives_ten_minutes(here):
    api = here.client()
    start = begin(api)
    cookies = dict(api.cookies)
    here.server.set_clock(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 601)))
    late = here.client(cookies=cookies)
    expect(callback(late, start["state"], here.google.grant(start["authorization_url"])), 400, "invalid_state")


def test_a_person_who_goes_back_sees_a_page(here):
    answer = callback(here.client(), "x" * 43, "x", headers=BROWSER | {"Sec-Fetch-Mode": "navigate"})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{FRONTEND_URL}/oauth/callback#")
    assert fragment_of(answer.headers["location"])["error"] == "invalid_state"


def test_a_code_counts_once(here):
    api = here.client()
    first = begin(api)
    code = here.google.grant(first["authorization_url"])
    expect(callback(api, first["state"], code), 200)
    second = begin(api)
    expect(callback(api, second["state"], code), 401, "oauth_failed")


def test_a_stolen_code_is_of_no_use_in_another_flow(here):
    """PKCE: the code of the victim's flow, brought into the attacker's."""
    victims = begin(here.client())
    code = here.google.grant(victims["authorization_url"])
    attacker = here.client()
    expect(callback(attacker, begin(attacker)["state"], code), 401, "oauth_failed")


def test_the_real_provider_gives_nothing_for_a_stolen_or_used_code(here):
    path = "/api/auth/oidc/real"
    name = here.real.account(f"zoe-{uuid.uuid4().hex}", email=f"{uuid.uuid4().hex}@example.com", email_verified=True)
    victims = begin(here.client(), path)
    stolen = query_of(here.real.visit(victims["authorization_url"], name))["code"]
    attacker = here.client()
    expect(callback(attacker, begin(attacker, path)["state"], stolen, path), 401, "oauth_failed")
    expect(callback(attacker, begin(attacker, path)["state"], "nonsense", path), 401, "oauth_failed")


REDIRECTS = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "https://focus.example.evil.example/",
             "https://focus.example@evil.example/", "/\tx", "stats", "/" + "x" * 1100]  # fmt: skip


@pytest.mark.parametrize("where", REDIRECTS)
def test_no_open_redirect(here, where):
    for headers in ({}, BROWSER):
        answer = here.client().get(GOOGLE, params={"redirect_to": where}, headers=headers)
        assert expect(answer, 422)["errors"][0]["loc"] == ["query", "redirect_to"]


def test_a_way_back_within_the_page(here):
    browser = here.client(headers=BROWSER)
    answer = browser.get(GOOGLE, params={"redirect_to": f"{FRONTEND_URL}/challenges/7"})
    state = query_of(answer.headers["location"])["state"]
    answer = callback(browser, state, here.google.grant(answer.headers["location"]))
    assert fragment_of(answer.headers["location"])["redirect_to"] == "/challenges/7"


def test_the_person_says_no(here):
    refusal = {"error": "access_denied", "error_description": "<script>"}
    api = here.client()
    expect(api.get(f"{GOOGLE}/callback", params=refusal | {"state": begin(api)["state"]}), 401, "oauth_failed")
    browser = here.client(headers=BROWSER)
    state = query_of(browser.get(GOOGLE).headers["location"])["state"]
    answer = browser.get(f"{GOOGLE}/callback", params=refusal | {"state": state})
    assert fragment_of(answer.headers["location"]) == {"error": "access_denied", "redirect_to": "/"}
    expect(api.get(f"{GOOGLE}/callback", params=refusal | {"state": "unknown"}), 400, "invalid_state")


# --- attacks on the ID token -----------------------------------------------------------------------------------------


def bad_tokens(google: HandMadeProvider) -> dict:
    """name -> how the ID token is made of good claims."""
    sign, stranger, now = google.key.token, SigningKey(), int(time.time())
    return {
        "alg none": lambda claims: sign(claims, alg="none").rpartition(".")[0] + ".",
        "alg none, signed": lambda claims: sign(claims, alg="none"),
        "HS256 with the public key": lambda claims: hs256_token(claims, google.key.pem(), kid=google.key.id),
        "HS256 with the client secret": lambda claims: hs256_token(claims, SECRET.encode()),
        "another RSA algorithm": lambda claims: sign(claims, alg="RS512"),
        "another's key": lambda claims: stranger.token(claims, kid=google.key.id),
        "an unknown key": stranger.token,
        "its own key in the header": lambda claims: stranger.token(claims, jwk=stranger.jwk(), kid=google.key.id),
        "another header type": lambda claims: sign(claims, typ="at+jwt"),
        "a changed claim": lambda claims: replace_claims(sign(claims), sign(claims | {"sub": "another"})),
        "no signature": lambda claims: sign(claims).rpartition(".")[0] + ".",
        "another issuer": lambda claims: sign(claims | {"iss": "https://evil.example"}),
        "another audience": lambda claims: sign(claims | {"aud": "somebody-else"}),
        "two audiences without azp": lambda claims: sign(claims | {"aud": ["web-client", "somebody-else"]}),
        "issued to another party": lambda claims: sign(claims | {"azp": "somebody-else"}),
        "expired": lambda claims: sign(claims | {"iat": now - 4000, "exp": now - 70}),
        "from the future": lambda claims: sign(claims | {"iat": now + 120, "exp": now + 720}),
        "without an end": lambda claims: sign({k: v for k, v in claims.items() if k != "exp"}),
        "without a subject": lambda claims: sign({k: v for k, v in claims.items() if k != "sub"}),
        "not a token": lambda claims: "nonsense",
        "empty": lambda claims: "",
        "very long": lambda claims: sign(claims | {"more": "x" * 20000}),
    }  # fmt: skip


def replace_claims(token: str, by: str) -> str:
    return ".".join((token.split(".")[0], by.split(".")[1], token.split(".")[2]))


BAD_TOKENS = list(bad_tokens(type("Names", (), {"key": SigningKey("ec")})()))


@pytest.mark.parametrize("what", BAD_TOKENS)
def test_a_bad_id_token(here, what):
    forge = bad_tokens(here.google)[what]
    api = here.client()
    start = begin(api)
    problem = expect(callback(api, start["state"], here.google.grant(start["authorization_url"], forge)), 401, "oauth_failed")
    assert what not in problem["detail"] and "token" not in problem["detail"].lower()
    if what != "empty":
        answer = native(here, forge(here.google.claims()))
        assert answer.status_code in (401, 422) and (answer.status_code == 401 or what == "very long"), answer.text


def test_a_nonce_of_another_flow(here):
    api = here.client()
    for nonce in ("x" * 43, query_of(begin(api)["authorization_url"])["nonce"], None, ""):
        start = begin(api)
        expect(callback(api, start["state"], here.google.grant(start["authorization_url"], nonce=nonce)), 401, "oauth_failed")


def test_a_minute_of_skew_is_fine(here):
    now = int(time.time())
    google_sign_in(here, iat=now - 600, exp=now - 30)
    google_sign_in(here, iat=now + 45, exp=now + 645)


def test_the_web_flow_takes_only_the_web_clients_tokens(here):
    api = here.client()
    start = begin(api)
    expect(callback(api, start["state"], here.google.grant(start["authorization_url"], aud="phone-client")), 401, "oauth_failed")


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": None}, {"email_verified": "false"}, {"email": None}])
def test_an_unverified_address_is_refused(here, claims):
    account = here.server.new_account()
    asked = {"email": account.email} | claims
    api = here.client()
    start = begin(api)
    expect(callback(api, start["state"], here.google.grant(start["authorization_url"], **asked)), 401, "oauth_failed")
    expect(native(here, here.google.key.token(here.google.claims(**asked))), 401, "oauth_failed")
    assert expect(account.api.get("/api/users/me/identities"), 200) == []


def test_the_user_info_must_be_of_the_same_person(here):
    who = person()
    api = here.client()
    for subject, status in (("somebody-else", 401), (who["sub"], 200)):
        start = begin(api)
        told = {"sub": subject, "email": who["email"], "email_verified": True}
        code = here.google.grant(start["authorization_url"], sub=who["sub"], email=None, email_verified=None, userinfo=told)
        expect(callback(api, start["state"], code), status)


def test_keys_change_and_nobody_storms_the_provider(here, make_server):
    here = Place(make_server(**settings(here.google, here.real)).start(), here.google, here.real)  # which has seen no unknown key yet
    google_sign_in(here)
    old, here.google.key = here.google.key, SigningKey("ec")
    here.google.keys.append(here.google.key)
    asked = here.google.hits["/keys"]
    google_sign_in(here)  # a key that is newer than what the server knows
    assert here.google.hits["/keys"] == asked + 1
    stranger = SigningKey()
    for _ in range(30):
        expect(native(here, stranger.token(here.google.claims())), 401, "oauth_failed")
    here.google.keys.remove(here.google.key)
    here.google.key = old
    assert here.google.hits["/keys"] <= asked + 2


# --- attacks on accounts ---------------------------------------------------------------------------------------------


def test_a_trap_on_the_victims_address(here):
    """The attacker registers the victim's address and waits for him to sign in with Google."""
    trap = here.server.new_account(verified=False, full_name="The Attacker")
    expect(trap.api.patch("/api/users/me", json={"bio": "mine"}), 200)
    mailed = trap.verification_token()
    expect(trap.api.post("/api/users/me/identities", json={"provider": "google"}), 403, "email_not_verified")
    expect(link(trap.api, here.google.key.token(here.google.claims())), 403, "email_not_verified")

    victim = google_sign_in(here, email=trap.email, name="The Victim")
    assert victim["user"]["id"] == trap.id and victim["user"]["is_verified"]
    assert (victim["user"]["full_name"], victim["user"]["bio"]) == ("The Victim", None)
    expect(trap.api.get("/api/users/me"), 401)
    expect(trap.anonymous.post("/api/auth/refresh", json={"refresh_token": trap.tokens["refresh_token"]}), 401)
    expect(trap.anonymous.post("/api/auth/login", json={"email": trap.email, "password": trap.password}), 401, "invalid_credentials")
    expect(trap.anonymous.post("/api/auth/verify-email", json={"token": mailed}), 400, "invalid_token")
    assert len(expect(signed_in(here, victim).get("/api/auth/sessions"), 200)) == 1
    assert "account_taken_over" in audited(here, trap.id)


def test_a_trap_is_not_saved_by_being_fast(here):
    """Sign-ins and password changes that were on their way when the account was taken over."""
    trap = here.server.new_account(verified=False)
    credentials = {"email": trap.email, "password": trap.password}
    stop = threading.Event()

    def attack(_) -> list[str]:
        tokens = []
        with here.server.client() as api:
            while not stop.is_set():
                answer = api.post("/api/auth/login", json=credentials)
                if answer.status_code == 200:
                    tokens.append(answer.json()["access_token"])
                    renewed = {"current_password": trap.password, "new_password": trap.password}
                    api.put("/api/users/me/password", json=renewed, headers={"Authorization": f"Bearer {tokens[-1]}"})
        return tokens

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        attackers = [pool.submit(attack, n) for n in range(4)]
        try:
            eventually(lambda: audited(here, trap.id).count("login") > 8, "the attack to be on its way")
            google_sign_in(here, email=trap.email)
        finally:
            stop.set()
        tokens = [token for attacker in attackers for token in attacker.result()[-20:]]
    assert trap.anonymous.post("/api/auth/login", json=credentials).status_code != 200
    with here.server.client() as api:

        def is_out(token: str) -> bool:
            return api.get("/api/users/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401

        eventually(lambda: all(map(is_out, tokens)), "the attacker's sessions to end", 5)


def test_an_address_that_belongs_to_somebody_else_now(here):
    """Providers give addresses to new people: another subject with it does not get the account."""
    who = person()
    google_sign_in(here, **who)
    expect(native(here, here.google.key.token(here.google.claims(email=who["email"]))), 401, "oauth_failed")


def test_inactive_accounts_stay_out(here):
    who = person()
    user = google_sign_in(here, **who)["user"]
    deactivate(here, user["id"])
    expect(native(here, here.google.key.token(here.google.claims(**who))), 403, "account_inactive")
    trap = here.server.new_account(verified=False)
    deactivate(here, trap.id)
    api = here.client()
    start = begin(api)
    expect(callback(api, start["state"], here.google.grant(start["authorization_url"], email=trap.email)), 403, "account_inactive")
    browser = here.client(headers=BROWSER)
    location = browser.get(GOOGLE).headers["location"]
    answer = callback(browser, query_of(location)["state"], here.google.grant(location, **who))
    assert fragment_of(answer.headers["location"])["error"] == "account_inactive"


def test_many_first_sign_ins_of_one_person_make_one_account(here):
    token = here.google.key.token(here.google.claims())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [expect(answer, 200) for answer in pool.map(lambda _: native(here, token), range(8))]
    assert len({answer["user"]["id"] for answer in answers}) == 1


# --- native apps -----------------------------------------------------------------------------------------------------


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


# --- identities ------------------------------------------------------------------------------------------------------


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
    assert [action for action in audited(here, account.id) if action.startswith("identity")] == ["identity_linked", "identity_unlinked"]


def test_an_identity_is_linked_in_the_browser(here):
    account = here.server.new_account()
    start = expect(account.api.post("/api/users/me/identities", json={"provider": "real", "redirect_to": "/settings"}), 200)
    name = here.real.account(f"zoe-{uuid.uuid4().hex}", email=f"{uuid.uuid4().hex}@example.com", email_verified=True)
    back = query_of(here.real.visit(start["authorization_url"], name))
    stranger = here.client()  # the victim of an attacker who wants his identity
    expect(stranger.get("/api/auth/oidc/real/callback", params=back), 400, "invalid_state")
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


# --- trouble ---------------------------------------------------------------------------------------------------------


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
    server = make_server(OIDC_SCHOOL_CLIENT_ID="web-client")  # the environment wins over the file, per field
    (server.folder / "focus.toml").write_text(
        f'oidc_school_issuer = "{google.issuer}"\noidc_school_client_id = "other"\noidc_school_client_secret = "{SECRET}"\n')
    server.start()
    assert expect(server.client().get("/api/auth/providers"), 200)[0]["name"] == "school"
    api = server.client()
    start = begin(api, "/api/auth/oidc/school")
    expect(callback(api, start["state"], google.grant(start["authorization_url"]), "/api/auth/oidc/school"), 200)
