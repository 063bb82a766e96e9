"""API.md §2: registration, sessions, mails and passwords."""

import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import json
import statistics
import time

import pytest
from support.client import Account, expect
from support.processes import eventually
from support.server import FRONTEND_URL, SECRET_KEY

NEVER_SHOWN = ("password", "hash", "token", "secret")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(token: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def signing_key(secret: str = SECRET_KEY) -> bytes:
    """The signing key of access tokens: derived from the secret key by HKDF-SHA256 (RFC 5869, no salt, one block)."""
    extracted = hmac.new(bytes(32), secret.encode(), hashlib.sha256).digest()
    return hmac.new(extracted, b"access token\x01", hashlib.sha256).digest()


def forge(claims: dict, key: bytes = signing_key(), header: dict | None = None) -> str:
    signed = ".".join(b64(json.dumps(part).encode()) for part in (header or {"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{b64(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


_number = iter(range(10**9))


def fresh(**fields) -> dict:
    name = f"fresh-{time.time_ns()}-{next(_number)}"
    return {"email": f"{name}@example.org", "username": name[:50], "password": "Secret-passw0rd"} | fields


# --- register --------------------------------------------------------------------------------------------------------


def test_register(api):
    fields = fresh(full_name="Zoé Ünal", language="fr", timezone="Europe/Paris")
    user = expect(api.post("/api/auth/register", json=fields), 201)
    assert set(user) == {"id", "email", "username", "full_name", "avatar_url", "bio", "role", "is_active", "is_verified", "language", "timezone",
                         "daily_limit_minutes", "notifications_enabled", "email_reminders", "reminder_time", "created_at", "updated_at",
                         "last_login"}  # fmt: skip
    assert {key: user[key] for key in ("email", "username", "full_name", "language", "timezone")} == {
        key: fields[key] for key in ("email", "username", "full_name", "language", "timezone")}  # fmt: skip
    assert (user["role"], user["is_active"], user["is_verified"], user["last_login"]) == ("user", True, False, None)


def test_registering_again_with_its_key(api):
    body = {"email": "again@example.org", "username": "again-and-again", "password": "Secret-passw0rd"}
    headers = {"Idempotency-Key": "registration-1"}
    first = api.post("/api/auth/register", json=body, headers=headers)
    again = api.post("/api/auth/register", json=body, headers=headers)
    assert expect(first, 201) == expect(again, 201) and again.headers["Idempotency-Replayed"] == "true"
    expect(api.post("/api/auth/register", json=body), 400, "email_taken")
    expect(api.post("/api/auth/register", json=body | {"password": "Another-passw0rd"}, headers=headers), 422, "idempotency_key_reused")


def test_register_with_the_least(api):
    user = expect(api.post("/api/auth/register", json=fresh()), 201)
    assert (user["full_name"], user["bio"], user["avatar_url"], user["language"], user["timezone"]) == (None, None, None, "en", "UTC")


def test_the_language_of_a_new_user_is_that_of_the_request(api, server):
    fields = fresh()
    user = expect(api.post("/api/auth/register", json=fields, headers={"Accept-Language": "fr"}), 201)
    assert user["language"] == "fr"


def test_an_answer_never_holds_a_secret(api):
    fields = fresh()
    text = api.post("/api/auth/register", json=fields).text
    assert fields["password"] not in text and "$2b$" not in text
    assert not any(word in key for key in json.loads(text) for word in NEVER_SHOWN)


def test_email_taken_in_any_case(api):
    fields = fresh()
    expect(api.post("/api/auth/register", json=fields), 201)
    problem = expect(api.post("/api/auth/register", json=fresh(email=fields["email"].upper())), 400, "email_taken")
    assert "already registered" in problem["detail"]


def test_username_taken_in_any_case(api):
    fields = fresh()
    expect(api.post("/api/auth/register", json=fields), 201)
    problem = expect(api.post("/api/auth/register", json=fresh(username=fields["username"].upper())), 400, "username_taken")
    assert "already taken" in problem["detail"]


def test_registering_the_same_address_many_times_at_once(server):
    fields = fresh()

    def register(i):
        with server.client() as client:
            return client.post("/api/auth/register", json=fields | {"username": f"{fields['username'][:40]}-{i}"}).status_code

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(register, range(10))) == [201] + [400] * 9


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no-at"), ("email", "@x.org"), ("email", "a@b"), ("email", "a b@x.org"), ("email", "a@x..org"), ("email", "x" * 65 + "@x.org"),
        ("email", "a@" + "x" * 260 + ".org"), ("email", "a@x.org\r\nBcc: b@x.org"), ("email", ""), ("email", None), ("email", 5),
        ("email", "a@-x.org"), ("email", ".a@x.org"), ("email", "a..b@x.org"), ("email", "Some One <a@x.org>"),
        ("username", "ab"), ("username", "x" * 51), ("username", "a b c"), ("username", "é" * 5), ("username", "a/b/c"), ("username", ""),
        ("username", "ab\nc"), ("username", None), ("full_name", "x" * 101), ("full_name", "friend,\nsign in here"), ("language", "de"), ("language", "FR"), ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"), ("timezone", ""),
    ],
)  # fmt: skip
def test_register_with_a_wrong_field(api, field, value):
    problem = expect(api.post("/api/auth/register", json=fresh() | {field: value}), 422)
    assert {tuple(fault["loc"]) for fault in problem["errors"]} == {("body", field)}


@pytest.mark.parametrize(
    ("password", "count"),
    [("Ab1", 1), ("abcdefgh1", 1), ("ABCDEFGH1", 1), ("Abcdefgh", 1), ("abcdefgh", 2), ("12345678", 2), ("--------", 3), ("", 4),
     ("Aa1" + "x" * 70, 1), ("Aa1" + "é" * 35, 1), ("Aa1" + "x" * 98, 1)],
)  # fmt: skip
def test_each_missing_part_of_a_password_is_named(api, password, count):
    problem = expect(api.post("/api/auth/register", json=fresh(password=password)), 422)
    assert {tuple(fault["loc"]) for fault in problem["errors"]} == {("body", "password")}
    assert len({fault["type"] for fault in problem["errors"]}) == len(problem["errors"]) >= count
    assert password not in problem["detail"] or not password


@pytest.mark.parametrize(("language", "words"), [("en", "most common"), ("fr", "plus courants")])
def test_the_most_common_passwords_are_refused(user, language, words):
    for password in ("Password1", "Passw0rd", "qwertY123"):
        problem = expect(user.anonymous.post("/api/auth/register", json=fresh(password=password), headers={"Accept-Language": language}), 422)
        assert [(fault["loc"], fault["type"]) for fault in problem["errors"]] == [(["body", "password"], "password_too_common")]
        assert words in problem["errors"][0]["msg"]
    change = {"current_password": user.password, "new_password": "P@ssw0rd"}
    assert expect(user.api.put("/api/users/me/password", json=change), 422)["errors"][0]["loc"] == ["body", "new_password"]


@pytest.mark.parametrize("password", ["Abcdefg1", "Aa1" + "x" * 69, "Aa1" + "é" * 34, "Aa1 with spaces ", "Aa1\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600"])
def test_passwords_that_do(server, password):
    account = Account(server, fresh(password=password))
    account.register()
    account.login()


def test_the_verification_mail(server):
    """The owner of the address is not known yet: the mail has nothing that the registering client has typed."""
    account = Account(server, fresh(full_name="Zoé <b>Ünal</b>, see https://evil.example", language="fr"))
    account.register()
    mail = server.mail.wait_for(account.email, "/verify-email")
    link = mail.link("/verify-email")
    assert link.startswith(f"{FRONTEND_URL}/verify-email?token=")
    assert len(mail.token("/verify-email")) >= 43, "256 bits"
    assert link in mail.html.replace("&amp;", "&")
    assert not [part for part in (mail.html, mail.text, str(mail.message["To"])) if "Ünal" in part or "evil" in part]
    assert mail.message["To"] and mail.message["Message-ID"] and mail.message["Date"] and mail.subject


def test_the_verification_mail_says_who_asked(server):
    account = Account(server, fresh(language="fr", timezone="Europe/Paris", full_name="x"))
    account.anonymous.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 16) Chrome/140.0 win-a-prize.example"
    account.register()
    mail = server.mail.wait_for(account.email, "/verify-email")
    for text in (mail.text, mail.html):
        assert "Chrome sur Android (adresse 127.0.0.1), le " in " ".join(text.split()) and "(Europe" in text
        assert "win-a-prize" not in text
    other = server.client(headers={"User-Agent": "Claim-500-EUR-at-evil.example/1"})
    expect(other.post("/api/auth/resend-verification", json={"email": account.email}), 200)
    again = server.mail.wait_for(account.email, "/verify-email", count=2)
    assert "un appareil inconnu (adresse 127.0.0.1)" in " ".join(again.text.split()) and "evil.example" not in again.text


# --- verification ----------------------------------------------------------------------------------------------------


def test_verification(server):
    account = Account(server, fresh())
    account.register()
    token = account.verification_token()
    assert "Email verified" in expect(account.anonymous.post("/api/auth/verify-email", json={"token": token}), 200)["message"]
    account.login()
    assert expect(account.api.get("/api/users/me"), 200)["is_verified"] is True
    welcome = eventually(lambda: [m for m in server.mail.to(account.email) if "/verify-email" not in m.text], "the welcome mail")
    assert len(welcome) == 1
    problem = expect(account.anonymous.post("/api/auth/verify-email", json={"token": token}), 400, "already_verified")
    assert "already verified" in problem["detail"]


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 5000, "../..", "'; DROP TABLE users; --"])
def test_verification_with_nonsense(api, token):
    answer = api.post("/api/auth/verify-email", json={"token": token})
    assert answer.status_code in (400, 422)
    if answer.status_code == 400:
        assert answer.json()["code"] == "invalid_token"


def test_a_verification_token_lasts_a_day(server, clock):
    account = Account(server, fresh())
    clock("2031-05-01T12:00:00Z")
    account.register()
    token = account.verification_token()
    clock("2031-05-02T12:00:01Z")
    expect(account.anonymous.post("/api/auth/verify-email", json={"token": token}), 400, "token_expired")
    expect(account.anonymous.post("/api/auth/mailed-link", json={"token": token}), 400, "token_expired")
    expect(account.anonymous.post("/api/auth/resend-verification", json={"email": account.email}), 200)
    renewed = server.mail.wait_for(account.email, "/verify-email", count=2).token("/verify-email")
    expect(account.anonymous.post("/api/auth/verify-email", json={"token": renewed}), 200)


def test_resending_tells_nobody_who_is_registered(server, user):
    answers = [user.anonymous.post("/api/auth/resend-verification", json={"email": email}) for email in (user.email, "nobody@example.org")]
    unverified = Account(server, fresh())
    unverified.register()
    answers.append(user.anonymous.post("/api/auth/resend-verification", json={"email": unverified.email}))
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert answers[0].status_code == 200
    server.mail.wait_for(unverified.email, "/verify-email", count=2)
    assert len([m for m in server.mail.to(user.email) if "/verify-email" in m.text]) == 1
    assert server.mail.to("nobody@example.org") == []


def test_without_a_verified_address(server):
    account = server.new_account(verified=False)
    expect(account.api.get("/api/users/me"), 200)
    expect(account.api.patch("/api/users/me", json={"bio": "x"}), 200)
    expect(account.api.get("/api/auth/sessions"), 200)
    for method, path in (("GET", "/api/activities"), ("POST", "/api/activities"), ("GET", "/api/activities/today"), ("GET", "/api/activities/stats/daily"),
                         ("GET", f"/api/users/{account.id}"), ("GET", "/api/users/search?q=abc")):  # fmt: skip
        expect(account.api.request(method, path, json={"app_name": "x", "duration_minutes": 1} if method == "POST" else None), 403, "email_not_verified")


# --- login -----------------------------------------------------------------------------------------------------------


def test_login(server):
    account = server.new_account()
    tokens = account.tokens
    assert tokens["token_type"] == "bearer" and tokens["expires_in"] == 30 * 60
    assert tokens["user"]["id"] == account.id and tokens["user"]["last_login"]
    claims = claims_of(tokens["access_token"])
    assert claims["sub"] == str(account.id) and claims["type"] == "access" and claims["role"] == "user"
    assert claims["exp"] - claims["iat"] == 30 * 60 and claims["jti"] and claims["sid"]
    assert tokens["refresh_token"] != tokens["access_token"]


def test_login_with_another_case_of_the_address(user):
    expect(user.anonymous.post("/api/auth/login", json={"email": user.email.upper(), "password": user.password}), 200)


def test_wrong_credentials_look_all_the_same(user):
    wrong = user.anonymous.post("/api/auth/login", json={"email": user.email, "password": "Wrong-passw0rd"})
    unknown = user.anonymous.post("/api/auth/login", json={"email": "nobody@example.org", "password": "Wrong-passw0rd"})
    assert "Incorrect email or password" in expect(wrong, 401, "invalid_credentials")["detail"]
    assert {**wrong.json(), "request_id": ""} == {**expect(unknown, 401), "request_id": ""}


@pytest.mark.parametrize("body", [{}, {"email": "a@x.org"}, {"password": "x"}, {"email": 1, "password": 2}, {"email": "not an address", "password": "x" * 5}])
def test_login_with_half_a_body(api, body):
    assert api.post("/api/auth/login", json=body).status_code in (401, 422)


def test_a_very_long_password_is_just_wrong(user):
    def attempt(length: int) -> int:
        return user.anonymous.post("/api/auth/login", json={"email": user.email, "password": user.password + "x" * length}).status_code

    assert attempt(7_000) in (401, 422)
    assert attempt(100_000) == 413, "the body of a sign-in is short"


# --- access tokens ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic dTpw", "bearer", "Token abc", "Bearer  two  parts",
                                    "Bearer " + "x" * 5000])  # fmt: skip
def test_a_malformed_authorization(api, header):
    answer = api.get("/api/users/me", headers={"Authorization": header})
    expect(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_no_authorization(api):
    expect(api.get("/api/users/me"), 401)


def test_the_scheme_has_no_case(user):
    expect(user.anonymous.get("/api/users/me", headers={"Authorization": f"bEARER {user.tokens['access_token']}"}), 200)


def test_forged_tokens(user, other):
    token = user.tokens["access_token"]
    good = claims_of(token)
    now = int(time.time())
    head, body, signature = token.split(".")
    genuine = user.anonymous.get("/api/users/me", headers={"Authorization": f"Bearer {forge(good)}"})
    expect(genuine, 200)  # signed as by the server, so the tokens below are refused for their claims
    forged = {
        "another secret": forge(good, signing_key("another-secret-key-of-somebody-else-99")),
        "the secret key itself": forge(good, SECRET_KEY.encode()),
        "another algorithm": forge(good, header={"alg": "HS512", "typ": "JWT"}),
        "alg none": f"{b64(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{body}.",
        "alg none with a signature": f"{b64(json.dumps({'alg': 'none'}).encode())}.{body}.{signature}",
        "no signature": f"{head}.{body}.",
        "a changed claim": f"{head}.{b64(json.dumps(good | {'sub': '1'}).encode())}.{signature}",
        "expired": forge(good | {"iat": now - 4000, "exp": now - 10}),
        "of another type": forge(good | {"type": "refresh"}),
        "without a type": forge({k: v for k, v in good.items() if k != "type"}),
        "without an end": forge({k: v for k, v in good.items() if k != "exp"}),
        "of no session": forge(good | {"sid": 10**12}),
        "of another's session": forge(good | {"sub": str(other.id)}),
        "not JSON": f"{head}.{b64(b'nonsense')}.{signature}",
        "the refresh token": user.tokens["refresh_token"],
    }
    for what, value in forged.items():
        answer = user.anonymous.get("/api/users/me", headers={"Authorization": f"Bearer {value}"})
        assert answer.status_code == 401, what


def test_a_role_in_the_token_alone_makes_no_admin(user):
    claims = claims_of(user.tokens["access_token"])
    assert claims["role"] == "user"
    promoted = {"Authorization": f"Bearer {forge(claims | {'role': 'admin'})}"}
    expect(user.anonymous.get("/api/users/me", headers=promoted), 200)
    expect(user.anonymous.get("/api/ws/stats", headers=promoted), 403, "forbidden")


def test_an_access_token_ends_after_half_an_hour(server, clock):
    clock("2031-06-01T12:00:00Z")
    account = server.new_account()
    clock("2031-06-01T12:29:50Z")
    expect(account.api.get("/api/users/me"), 200)
    clock("2031-06-01T12:30:01Z")
    expect(account.api.get("/api/users/me"), 401)


# --- refresh and sessions --------------------------------------------------------------------------------------------


def refresh(account: Account, token: str):
    return account.anonymous.post("/api/auth/refresh", json={"refresh_token": token})


def test_refresh_rotates(user):
    first = user.tokens
    second = expect(refresh(user, first["refresh_token"]), 200)
    assert second.keys() >= {"access_token", "refresh_token", "token_type", "expires_in"}
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    expect(user.anonymous.get("/api/users/me", headers={"Authorization": f"Bearer {second['access_token']}"}), 200)
    third = expect(refresh(user, second["refresh_token"]), 200)
    assert claims_of(third["access_token"])["sid"] == claims_of(first["access_token"])["sid"]


def test_every_presentation_gives_the_same_successor(user):
    spent = user.tokens["refresh_token"]
    answers = [expect(refresh(user, spent), 200) for _ in range(3)]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert len({answer["access_token"] for answer in answers}) == 3
    expect(refresh(user, answers[0]["refresh_token"]), 200)
    # within half a minute of its first presentation also after the successor was used
    assert expect(refresh(user, spent), 200)["refresh_token"] == answers[0]["refresh_token"]


@pytest.mark.parametrize("tabs", [2, 3])
def test_tabs_that_refresh_at_once_all_go_on(server, user, tabs):
    def again(token):
        with server.client() as client:
            return expect(client.post("/api/auth/refresh", json={"refresh_token": token}), 200)["refresh_token"]

    tokens = [user.tokens["refresh_token"]] * tabs
    with concurrent.futures.ThreadPoolExecutor(tabs) as pool:
        for _ in range(4):
            tokens = list(pool.map(again, tokens))
            assert len(set(tokens)) == 1


def test_the_parent_of_an_unused_successor_is_always_good(server, clock):
    clock("2031-07-01T12:00:00Z")
    account = server.new_account()
    spent = account.tokens["refresh_token"]
    clock("2031-07-07T12:00:00Z")
    successor = expect(refresh(account, spent), 200)
    clock("2031-07-13T12:00:00Z")  # the parent itself expires on the 8th
    kept = "SELECT COUNT(*) FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.expires_at_ms = s.expires_at_ms"
    assert server.database.query(f"{kept} AND s.user_id = {account.id}") == [("2",)]
    assert expect(refresh(account, spent), 200)["refresh_token"] == successor["refresh_token"]
    expect(refresh(account, successor["refresh_token"]), 200)


def test_a_spent_token_ends_the_session(server, clock):
    clock("2031-07-02T12:00:00Z")
    user = server.new_account()
    spent = user.tokens["refresh_token"]
    successor = expect(refresh(user, spent), 200)
    newest = expect(refresh(user, successor["refresh_token"]), 200)
    clock("2031-07-02T12:00:31Z")
    expect(refresh(user, spent), 401, "token_reused")
    expect(refresh(user, newest["refresh_token"]), 401)
    for tokens in (user.tokens, successor, newest):
        expect(user.anonymous.get("/api/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}), 401)


def test_a_successor_of_another_key_is_replaced_and_void(server, user):
    """As after an update from a version with random successors, or with another SECRET_KEY."""
    spent = user.tokens["refresh_token"]
    expect(refresh(user, spent), 200)
    foreign = "x" * 43
    server.database.query(f"UPDATE refresh_tokens SET token_hash = '{hashlib.sha256(foreign.encode()).hexdigest()}' WHERE id = "
                          f"(SELECT current_token_id FROM sessions WHERE user_id = {user.id})")  # fmt: skip
    expect(refresh(user, spent), 200)
    expect(refresh(user, foreign), 401, "token_reused")


def test_a_session_has_a_greatest_age(server, clock):
    begun = datetime.datetime(2031, 1, 1, 12, tzinfo=datetime.UTC)
    clock(begun.strftime("%Y-%m-%dT%H:%M:%SZ"))
    account = server.new_account()
    for day in (*range(6, 90, 6), 89):
        clock((begun + datetime.timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ"))
        account.tokens |= expect(refresh(account, account.tokens["refresh_token"]), 200)
    api = server.client(token=account.tokens["access_token"])
    assert expect(api.get("/api/auth/sessions"), 200)[0]["expires_at"].startswith("2031-04-01T12:00:0")
    clock("2031-04-01T11:59:59Z")
    account.tokens |= expect(refresh(account, account.tokens["refresh_token"]), 200)
    api = server.client(token=account.tokens["access_token"])
    expect(api.get("/api/users/me"), 200)
    clock("2031-04-01T12:00:10Z")  # the session began a moment after noon
    expect(refresh(account, account.tokens["refresh_token"]), 401, "invalid_refresh_token")
    eventually(lambda: api.get("/api/users/me").status_code == 401, "the end of the session", 1)


def test_a_refresh_token_ends_after_a_week(server, clock):
    clock("2031-08-01T12:00:00Z")
    account = server.new_account()
    clock("2031-08-08T11:59:00Z")
    renewed = expect(refresh(account, account.tokens["refresh_token"]), 200)
    clock("2031-08-15T12:00:01Z")
    expect(refresh(account, renewed["refresh_token"]), 401)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "a.b.c", "x" * 10_000])
def test_refresh_with_nonsense(api, token):
    assert api.post("/api/auth/refresh", json={"refresh_token": token}).status_code in (401, 413, 422)


def test_an_access_token_does_not_refresh(user):
    expect(refresh(user, user.tokens["access_token"]), 401)


def test_one_refresh_token_sent_ten_times_at_once(server, user):
    def again(_):
        with server.client() as client:
            return expect(client.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 200)["refresh_token"]

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        successors = set(pool.map(again, range(10)))
    assert len(successors) == 1
    expect(refresh(user, successors.pop()), 200)


def test_sessions(server):
    account = server.new_account()
    account.login(**{"User-Agent": "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/130"})
    sessions = expect(account.api.get("/api/auth/sessions"), 200)
    assert len(sessions) == 2 and [s["current"] for s in sessions].count(True) == 1
    current = next(s for s in sessions if s["current"])
    assert set(current) == {"id", "device", "user_agent", "ip_address", "created_at", "last_used_at", "expires_at", "current"}
    assert "Pixel 9" in current["user_agent"] and current["ip_address"] == "127.0.0.1" and current["device"]
    foreign = next(s for s in sessions if not s["current"])
    assert account.api.delete(f"/api/auth/sessions/{foreign['id']}").status_code in (200, 204)
    assert [s["id"] for s in expect(account.api.get("/api/auth/sessions"), 200)] == [current["id"]]


def test_a_deleted_session_is_over_at_once(server):
    account = server.new_account()
    first, first_tokens = account.api, account.tokens
    account.login()
    sid = next(s["id"] for s in expect(first.get("/api/auth/sessions"), 200) if s["current"])
    account.api.delete(f"/api/auth/sessions/{sid}")
    eventually(lambda: first.get("/api/users/me").status_code == 401, "the end of the session", 1)
    expect(refresh(account, first_tokens["refresh_token"]), 401)


def test_nobody_ends_anothers_session(user, other):
    sid = expect(other.api.get("/api/auth/sessions"), 200)[0]["id"]
    expect(user.api.delete(f"/api/auth/sessions/{sid}"), 404)
    expect(user.api.delete("/api/auth/sessions/999999999"), 404)
    expect(other.api.get("/api/users/me"), 200)


def test_sessions_need_a_token(api):
    expect(api.get("/api/auth/sessions"), 401)


def test_logout(user):
    assert user.anonymous.post("/api/auth/logout", json={"refresh_token": user.tokens["refresh_token"]}).status_code == 204
    expect(refresh(user, user.tokens["refresh_token"]), 401)
    eventually(lambda: user.api.get("/api/users/me").status_code == 401, "the end of the session", 1)
    assert user.anonymous.post("/api/auth/logout", json={"refresh_token": user.tokens["refresh_token"]}).status_code == 204
    assert user.anonymous.post("/api/auth/logout", json={"refresh_token": "unknown"}).status_code == 204


def test_logout_of_one_session_leaves_the_others(server):
    account = server.new_account()
    first = account.tokens
    account.login()
    assert account.anonymous.post("/api/auth/logout", json={"refresh_token": first["refresh_token"]}).status_code == 204
    expect(account.api.get("/api/users/me"), 200)


def test_a_token_of_an_ended_session_ends_no_other(server):
    account = server.new_account()
    ended = account.tokens["refresh_token"]
    assert account.anonymous.post("/api/auth/logout", json={"refresh_token": ended}).status_code == 204
    account.login()
    assert account.anonymous.post("/api/auth/logout", json={"refresh_token": ended, "all": True}).status_code == 204
    expect(account.anonymous.post("/api/auth/refresh", json={"refresh_token": account.tokens["refresh_token"]}), 200)


def test_logout_everywhere(server):
    account = server.new_account()
    first = account.api
    account.login()
    assert account.anonymous.post("/api/auth/logout", json={"refresh_token": account.tokens["refresh_token"], "all": True}).status_code == 204
    eventually(lambda: {c.get("/api/users/me").status_code for c in (first, account.api)} == {401}, "the end of all sessions", 1)


# --- forgotten passwords ---------------------------------------------------------------------------------------------


def forgot(account: Account, count: int = 1) -> str:
    expect(account.anonymous.post("/api/auth/forgot-password", json={"email": account.email}), 200)
    return account.server.mail.wait_for(account.email, "/reset-password", count).token("/reset-password")


def reset(account: Account, token: str, password: str = "Another-passw0rd"):
    return account.anonymous.post("/api/auth/reset-password", json={"token": token, "new_password": password})


def test_forgot_password_tells_nobody_who_is_registered(user):
    known = user.anonymous.post("/api/auth/forgot-password", json={"email": user.email})
    unknown = user.anonymous.post("/api/auth/forgot-password", json={"email": "nobody@example.org"})
    assert expect(known, 200) == expect(unknown, 200)
    assert "sent" in known.json()["message"]


def test_reset_password(server):
    account = server.new_account()
    token = forgot(account)
    mail = server.mail.wait_for(account.email, "/reset-password")
    assert mail.link("/reset-password").startswith(f"{FRONTEND_URL}/reset-password?token=")
    expect(reset(account, token), 200)
    eventually(lambda: account.api.get("/api/users/me").status_code == 401, "the end of every session", 1)
    expect(refresh(account, account.tokens["refresh_token"]), 401)
    expect(account.anonymous.post("/api/auth/login", json={"email": account.email, "password": account.password}), 401)
    account.fields["password"] = "Another-passw0rd"
    account.login()
    expect(reset(account, token, "Third-passw0rd"), 400, "invalid_token")


def test_the_reset_mail_names_only_those_whose_address_is_verified(server):
    known = server.new_account(full_name="Zoe Unal")
    forgot(known)
    assert "Hello Zoe Unal," in server.mail.wait_for(known.email, "/reset-password").text
    unknown = Account(server, fresh(full_name="friend, see https://evil.example"))
    unknown.register()
    token = forgot(unknown)
    expect(reset(unknown, token), 200)
    for path in ("/reset-password", "/forgot-password"):  # the second one is in the mail about the changed password
        mail = server.mail.wait_for(unknown.email, path)
        assert "Hello," in mail.text and "evil" not in mail.text + mail.html + str(mail.message["To"])


def test_a_reset_voids_every_other_link(user):
    first = forgot(user)
    second = forgot(user, 2)
    expect(reset(user, second), 200)
    expect(reset(user, first, "Third-passw0rd"), 400, "invalid_token")


def test_a_weak_new_password_does_not_spend_the_token(user):
    token = forgot(user)
    expect(reset(user, token, "weak"), 422)
    expect(reset(user, token), 200)


def test_a_reset_token_lasts_an_hour(server, clock):
    clock("2031-09-01T12:00:00Z")
    account = server.new_account()
    token = forgot(account)
    clock("2031-09-01T13:00:01Z")
    expect(reset(account, token), 400, "token_expired")
    expect(reset(account, "x" * 43), 400, "invalid_token")


def test_one_reset_token_used_ten_times_at_once(server, user):
    token = forgot(user)

    def use(i):
        with server.client() as client:
            return client.post("/api/auth/reset-password", json={"token": token, "new_password": f"Another-passw0rd{i}"}).status_code

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(use, range(10))) == [200] + [400] * 9


def test_a_verification_token_resets_nothing(server):
    account = Account(server, fresh())
    account.register()
    expect(reset(account, account.verification_token()), 400, "invalid_token")


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_is_stored_or_logged(server):
    account = server.new_account()
    reset_token = forgot(account)
    verification = account.verification_token()
    secrets = [account.password, account.tokens["refresh_token"], reset_token, verification, account.tokens["access_token"]]
    log = "\n".join(server.lines)
    assert not [secret for secret in secrets if secret in log]
    stored = everything_stored(server.database)
    assert account.email.lower() in stored.lower(), "the search looks at the right place"
    assert not [secret for secret in secrets if secret in stored]
    assert "$2b$" in stored


def test_passwords_cost_what_they_should(make_server):
    server = make_server(BCRYPT_COST="12").start()
    account = server.new_account(signed_in=False)
    assert [row[0][:7] for row in server.database.query("SELECT password_hash FROM users")] == ["$2b$12$"]

    def seconds(email):
        begun = time.perf_counter()
        expect(account.anonymous.post("/api/auth/login", json={"email": email, "password": "Wrong-passw0rd"}), 401)
        return time.perf_counter() - begun

    known = statistics.median(seconds(account.email) for _ in range(5))
    unknown = statistics.median(seconds("nobody@example.org") for _ in range(5))
    assert 0.5 < unknown / known < 2, "an unknown address takes as long as a wrong password"


def everything_stored(database) -> str:
    if database.kind == "sqlite":
        tables = [row[0] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    else:
        tables = [row[0] for row in database.query(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{database.name}'")]
    return "\n".join(" ".join(row) for table in tables for row in database.query(f"SELECT * FROM {table}"))
