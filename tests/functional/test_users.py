"""API.md §3: profiles, passwords, search and the end of an account."""

import re

import pytest
from support.client import expect
from support.processes import eventually


def change(user, **fields):
    return user.api.patch("/api/users/me", json=fields)


# --- the profile -----------------------------------------------------------------------------------------------------


def test_me(user):
    me = expect(user.api.get("/api/users/me"), 200)
    assert me["id"] == user.id and me["email"] == user.email
    assert not {"password", "password_hash", "hashed_password"} & me.keys() and "$2b$" not in str(me)
    for name in ("created_at", "updated_at", "last_login"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", me[name]), name


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_changing_everything(server, method):
    user = server.new_account()
    wanted = {"username": f"{user.username[:30]}-new", "full_name": "Zoé Ünal", "avatar_url": "https://example.org/a.png", "bio": "Hello\nthere,\u2028you ✨",
              "language": "fr", "timezone": "America/St_Johns", "daily_limit_minutes": 90, "notifications_enabled": False,
              "email_reminders": False, "reminder_time": "07:05"}  # fmt: skip
    before = expect(user.api.get("/api/users/me"), 200)
    changed = expect(user.api.request(method, "/api/users/me", json=wanted), 200)
    assert {key: changed[key] for key in wanted} == wanted
    assert changed["updated_at"] >= before["updated_at"] and changed["created_at"] == before["created_at"]
    assert expect(user.api.get("/api/users/me"), 200) == changed


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_absent_stays(user, method):
    expect(change(user, full_name="Somebody", bio="Something"), 200)
    changed = expect(user.api.request(method, "/api/users/me", json={"bio": "Else"}), 200)
    assert (changed["full_name"], changed["bio"], changed["username"]) == ("Somebody", "Else", user.username)
    assert expect(user.api.request(method, "/api/users/me", json={}), 200)["bio"] == "Else"


def test_null_clears_what_may_be_empty(user):
    expect(change(user, full_name="Somebody", bio="Something", avatar_url="http://example.org/a"), 200)
    changed = expect(change(user, full_name=None, bio=None, avatar_url=None), 200)
    assert (changed["full_name"], changed["bio"], changed["avatar_url"]) == (None, None, None)


def test_what_is_not_the_users_to_change(user):
    changed = expect(change(user, email="other@example.org", role="admin", is_verified=False, is_active=False, id=1, created_at="2000-01-01T00:00:00Z"), 200)
    assert (changed["email"], changed["role"], changed["is_verified"], changed["is_active"], changed["id"]) == (user.email, "user", True, True, user.id)
    assert not changed["created_at"].startswith("2000")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "ab"), ("username", "a b c"), ("username", None), ("username", "x" * 51), ("full_name", "x" * 101), ("full_name", 7),
        ("avatar_url", "ftp://example.org/a"), ("avatar_url", "javascript:alert(1)"), ("avatar_url", "https://example.org/" + "x" * 2048),
        ("avatar_url", "nonsense"), ("avatar_url", "https://"), ("bio", "x" * 501), ("language", "de"), ("language", None), ("timezone", "Mars/Olympus"),
        ("timezone", None), ("daily_limit_minutes", -1), ("daily_limit_minutes", 1441), ("daily_limit_minutes", "90"),
        ("notifications_enabled", "yes"), ("email_reminders", 1), ("reminder_time", "24:00"), ("reminder_time", "7:05"), ("reminder_time", "07:60"),
        ("reminder_time", "07:05:00"), ("bio", "bell\x07"), ("bio", "a\u202eb"), ("full_name", "a\nb"), ("full_name", "\u2066a"), ("full_name", "\u200b"),
    ],
)  # fmt: skip
def test_wrong_values(sqlite_server, user, field, value):
    problem = expect(change(user, **{field: value}), 422)
    assert {tuple(fault["loc"]) for fault in problem["errors"]} == {("body", field)}


def test_lengths_count_characters(user):
    expect(change(user, bio="é" * 500), 200)
    expect(change(user, full_name="日" * 100), 200)


def test_somebody_elses_username(user, other):
    expect(change(user, username=other.username.upper()), 400, "username_taken")
    expect(user.api.put("/api/users/me", json={"username": other.username}), 400, "username_taken")
    expect(change(user, username=user.username), 200)
    expect(change(user, username=user.username.upper()), 200)


def test_the_language_takes_effect_at_once(user):
    english = expect(user.api.get("/api/activities/987654321"), 404)["detail"]
    expect(change(user, language="fr"), 200)
    assert expect(user.api.get("/api/activities/987654321"), 404)["detail"] != english


def test_profile_needs_a_token(api):
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        expect(api.request(method, "/api/users/me", json={} if method.startswith("P") else None), 401)


# --- the password ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("PUT", "/api/users/me/password"), ("POST", "/api/users/me/change-password")])
def test_changing_the_password(server, method, path):
    user = server.new_account()
    elsewhere = user.api
    elsewhere_tokens = user.tokens
    user.login()
    body = {"current_password": user.password, "new_password": "Another-passw0rd"}
    expect(user.api.request(method, path, json=body), 200)
    expect(user.api.get("/api/users/me"), 200)
    eventually(lambda: elsewhere.get("/api/users/me").status_code == 401, "the end of the other session", 1)
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": elsewhere_tokens["refresh_token"]}), 401)
    expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": user.password}), 401)
    expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": "Another-passw0rd"}), 200)


def test_a_wrong_current_password(user):
    body = {"current_password": "Wrong-passw0rd", "new_password": "Another-passw0rd"}
    expect(user.api.put("/api/users/me/password", json=body), 400, "wrong_password")
    expect(user.api.post("/api/users/me/change-password", json=body), 400, "wrong_password")
    expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": user.password}), 200)


def test_a_weak_new_password(user):
    problem = expect(user.api.put("/api/users/me/password", json={"current_password": user.password, "new_password": "weak"}), 422)
    assert {tuple(fault["loc"]) for fault in problem["errors"]} == {("body", "new_password")}


# --- others ----------------------------------------------------------------------------------------------------------


def test_the_public_profile(user, other):
    expect(change(other, full_name="Other", bio="Hi"), 200)
    shown = expect(user.api.get(f"/api/users/{other.id}"), 200)
    assert shown == {"id": other.id, "username": other.username, "full_name": "Other", "avatar_url": None, "bio": "Hi"}


@pytest.mark.parametrize("id_", ["0", "-1", "999999999", "me2", "9223372036854775807", "9223372036854775808"])
def test_no_such_profile(user, id_):
    expect(user.api.get(f"/api/users/{id_}"), 404)


def test_others_need_a_token(api, user):
    expect(api.get(f"/api/users/{user.id}"), 401)
    expect(api.get("/api/users/search?q=abc"), 401)


def test_search(server, user):
    stem = f"needle{user.id}"
    for i in range(22):
        server.new_account(signed_in=False, username=f"{stem}-{i:02}")
    inside = server.new_account(signed_in=False, username=f"in-{stem}")
    server.new_account(signed_in=False, verified=False, username=f"{stem}-unverified")
    found = expect(user.api.get("/api/users/search", params={"q": stem}), 200)
    assert len(found) == 20
    assert all(set(hit) == {"id", "username", "full_name", "avatar_url", "bio"} for hit in found)
    assert all(hit["username"].startswith(stem) for hit in found), "prefixes come first"
    assert not [hit for hit in found if "unverified" in hit["username"]]
    assert [hit["id"] for hit in expect(user.api.get("/api/users/search", params={"q": inside.username.upper()}), 200)] == [inside.id]
    assert expect(user.api.get("/api/users/search", params={"q": f"{stem}%"}), 200) == []
    assert expect(user.api.get("/api/users/search", params={"q": f"{stem}_0"}), 200) == []


def test_search_wants_something_to_look_for(user):
    problem = expect(user.api.get("/api/users/search"), 422)
    assert problem["errors"][0]["loc"] == ["query", "q"]
    expect(user.api.get("/api/users/search", params={"q": "x" * 5000}), 422)
    for odd in ("'", '"; --', "\\", "☃", "%", "_"):
        expect(user.api.get("/api/users/search", params={"q": odd * 3}), 200)


# --- the end of an account -------------------------------------------------------------------------------------------


def test_deleting_the_account(server, user):
    expect(change(user, full_name="Zoé Unforgettable", bio="Unforgettable bio", avatar_url="https://example.org/unforgettable.png"), 200)
    user.record("Instagram", 10)
    answer = expect(user.api.delete("/api/users/me"), 200)
    assert "Account deleted" in answer["message"]
    eventually(lambda: user.api.get("/api/users/me").status_code == 401, "the end of the session", 1)
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 401)
    expect(user.anonymous.post("/api/auth/login", json={"email": user.email, "password": user.password}), 401, "invalid_credentials")

    from .test_auth import everything_stored

    # The outbox keeps the address until the mail about it is sent.
    eventually(lambda: user.email.lower() not in everything_stored(server.database).lower(), "the last mail")
    stored = everything_stored(server.database).lower()
    for trace in (user.email, user.username, "Unforgettable"):
        assert trace.lower() not in stored, trace


def test_a_deleted_user_is_nowhere(user, other):
    expect(other.api.delete("/api/users/me"), 200)
    expect(user.api.get(f"/api/users/{other.id}"), 404)
    assert expect(user.api.get("/api/users/search", params={"q": other.username}), 200) == []


def test_the_address_can_register_again(server, user):
    expect(user.api.delete("/api/users/me"), 200)
    again = expect(user.anonymous.post("/api/auth/register", json=user.fields), 201)
    assert again["id"] != user.id
    token = server.mail.wait_for(user.email, "/verify-email", count=2).token("/verify-email")
    expect(user.anonymous.post("/api/auth/verify-email", json={"token": token}), 200)
    user.login()
    assert expect(user.api.get("/api/activities"), 200) == []


def test_the_last_admin_stays(make_server, db):
    server = make_server(db, ADMIN_EMAIL="root@example.org", ADMIN_PASSWORD="Adm1n-password", ADMIN_USERNAME="root-user").start()
    tokens = expect(server.client().post("/api/auth/login", json={"email": "root@example.org", "password": "Adm1n-password"}), 200)
    assert tokens["user"]["role"] == "admin" and tokens["user"]["is_verified"]
    expect(server.client(token=tokens["access_token"]).delete("/api/users/me"), 403, "last_admin")


def test_the_admin_is_made_once(make_server):
    settings = {"ADMIN_EMAIL": "root@example.org", "ADMIN_PASSWORD": "Adm1n-password", "ADMIN_USERNAME": "root-user"}
    server = make_server(**settings).start()
    admin = server.client().post("/api/auth/login", json={"email": "root@example.org", "password": "Adm1n-password"}).json()
    token = admin["access_token"]
    changed = {"current_password": "Adm1n-password", "new_password": "Chang3d-password"}
    expect(server.client(token=token).put("/api/users/me/password", json=changed), 200)
    server.restart()
    expect(server.client().post("/api/auth/login", json={"email": "root@example.org", "password": "Chang3d-password"}), 200)


def test_defaults_of_new_users(make_server):
    server = make_server(DEFAULT_DAILY_LIMIT="77", REMINDER_TIME="06:45").start()
    user = server.new_account()
    me = expect(user.api.get("/api/users/me"), 200)
    assert (me["daily_limit_minutes"], me["reminder_time"]) == (77, "06:45")
