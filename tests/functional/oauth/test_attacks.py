"""docs/api-guide.md: every attack of its table, on the flow, on ID tokens and on accounts."""

import concurrent.futures
import threading
import time
import uuid

import pytest
from support.client import expect
from support.openid import HandMadeProvider, SigningKey, fragment_of, hs256_token, query_of
from support.processes import eventually
from support.server import FRONTEND_URL

from .scene import BROWSER, GOOGLE, SECRET, Place, audited, begin, callback, deactivate, google_sign_in, link, native, person, settings, signed_in


# --- attacks on the flow ----------------------------------------------------------------------------------------------


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
    expect(callback(attacker, start["state"], code), 200)  # it is still valid for its owner


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
    """PKCE: the code of the victim's flow, used in the attacker's flow."""
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


# --- attacks on the ID token ------------------------------------------------------------------------------------------


def bad_tokens(google: HandMadeProvider) -> dict:
    """name -> function that makes the ID token from valid claims."""
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
    here = Place(make_server(**settings(here.google, here.real)).start(), here.google, here.real)  # has seen no unknown key yet
    google_sign_in(here)
    old, here.google.key = here.google.key, SigningKey("ec")
    here.google.keys.append(here.google.key)
    asked = here.google.hits["/keys"]
    google_sign_in(here)  # with a key that the server does not know yet
    assert here.google.hits["/keys"] == asked + 1
    stranger = SigningKey()
    for _ in range(30):
        expect(native(here, stranger.token(here.google.claims())), 401, "oauth_failed")
    here.google.keys.remove(here.google.key)
    here.google.key = old
    assert here.google.hits["/keys"] <= asked + 2


# --- attacks on accounts ----------------------------------------------------------------------------------------------


def test_a_trap_on_the_victims_address(here):
    """The attacker registers the victim's address and waits until the victim signs in with Google."""
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
    """Sign-ins and password changes that had begun before the account was taken over."""
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
    """Providers reassign addresses: another subject with the address does not get the account."""
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
    who = person()
    tokens = [here.google.key.token(here.google.claims(**who)) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [expect(answer, 200) for answer in pool.map(lambda token: native(here, token), tokens)]
    assert len({answer["user"]["id"] for answer in answers}) == 1
