"""Authorization: every operation of the OpenAPI document × every kind of caller, by the rules of API.md §1.

The operations come from the document, so that a new one is tested too; the expected answers are defined here by path and
not taken from the declarations."""

import re

import pytest
from support.client import Account, Client, expect
from support.contract import Contract

# Operations that need no sign-in. A new one must be added here.
OPEN = {
    "health", "live", "ready", "service", "metrics", "register", "login", "refresh", "logout", "verifyEmail", "resendVerification",
    "forgotPassword", "resetPassword", "askUnsubscribe", "unsubscribe", "startGoogle", "finishGoogle", "startOidc", "finishOidc",
    "googleToken", "oidcToken", "listProviders", "exchangeOauthCode", "confirmLink", "describeLink", "notMe",
}  # fmt: skip

# The answer to another user for a private object, by the path before its id. A new kind of object must be added here.
PRIVATE = {"/api/activities": 404, "/api/blocked": 404, "/api/notifications": 404, "/api/auth/sessions": 404, "/api/users/me/identities": 404}
# Shared objects: the answer to a user without membership for a private challenge.
CHALLENGE = {
    "getChallenge": (403, "not_a_participant"), "updateChallenge": (403, "not_the_creator"), "deleteChallenge": (403, "not_the_creator"),
    "cancelChallenge": (403, "not_the_creator"), "getLeaderboard": (403, "not_a_participant"),
    "joinChallenge": (403, "invalid_invitation_code"), "leaveChallenge": (400, "not_a_member"),
}  # fmt: skip
# Parameters that name no object of a user.
SHARED = ("/api/users/{id}", "/api/activities/apps/{app_name}", "/api/activities/stats/app/{app_name}", "/api/auth/")

MISSING = 999_999_999  # an id of no object


def needs(operation_id: str, path: str) -> str:
    """"nobody" (no sign-in), "signed_in", "verified", "admin" or "socket_admin" (also unverified): API.md §1, §7 and §8."""
    if operation_id in OPEN:
        return "nobody"
    if path == "/api/ws/stats":
        return "socket_admin"
    if path.startswith("/api/admin/"):
        return "admin"
    if path.startswith(("/api/auth/", "/api/ws/")) or path == "/api/users/me" or path.startswith("/api/users/me/"):
        return "signed_in"
    return "verified"


def operations(contract: Contract) -> list[tuple[str, str, str]]:
    """(method, path, operationId) of all operations."""
    return [(method.upper(), path, operation["operationId"])
            for path, methods in contract.document["paths"].items() for method, operation in methods.items()]  # fmt: skip


class Callers:
    """One server with callers of every kind. Callers whose calls succeed are created again for each call."""

    def __init__(self, server, later) -> None:
        self.server = server
        self.operations = operations(server.contract)
        expired = server.new_account()
        server.set_clock(later)
        inactive = server.new_account()
        self.sql(f"UPDATE users SET is_active = 0 WHERE id = {inactive.id}")
        boss = {"ADMIN_EMAIL": "boss@example.org", "ADMIN_PASSWORD": "Adm1n-password"}
        server.settings |= boss
        made = server.command("admin", "create", "--email", boss["ADMIN_EMAIL"], "--username", "boss")
        assert made.returncode == 0, made.stderr
        credentials = {"email": boss["ADMIN_EMAIL"], "password": boss["ADMIN_PASSWORD"]}
        admin = expect(server.client().post("/api/auth/login", json=credentials), 200)
        self.fixed = {"nobody": server.client(), "expired token": expired.api, "inactive": inactive.api, "bad token": server.client(token="nonsense"),
                      "admin": server.client(token=admin["access_token"])}  # fmt: skip

    def sql(self, statement: str) -> None:
        self.server.database.query(statement)

    def caller(self, kind: str) -> Client:
        if kind in self.fixed:
            return self.fixed[kind]
        return self.account(verified=kind != "unverified").api

    def account(self, *, verified: bool = True) -> Account:
        account = self.server.new_account(verified=False, signed_in=False)
        if verified:
            self.sql(f"UPDATE users SET is_verified = 1 WHERE id = {account.id}")
        account.login()
        return account

    def call(self, client: Client, method: str, path: str, ids: dict[str, object] | None = None):
        filled = re.sub(r"\{(\w+)\}", lambda found: str((ids or {}).get(found[1], MISSING if found[1] == "id" else "x")), path)
        return client.request(method, filled, **({} if method in ("GET", "DELETE") else {"json": {}}))


@pytest.fixture(scope="module")
def callers(world):
    from support.server import Server

    server = Server(world.database("sqlite"), world.mail).start()
    try:
        yield Callers(server, "2099-01-01T00:00:00Z")
    finally:
        server.close()


def judge(callers: Callers, kind: str, wanted) -> None:
    """Calls all operations as one kind of caller; `wanted(needed)` is the expected status and code, or None if access is granted."""
    wrong = []
    for method, path, operation_id in callers.operations:
        answer = callers.call(callers.caller(kind), method, path)
        code = answer.json().get("code", "") if answer.headers.get("content-type", "").startswith("application/problem+json") else ""
        got = (answer.status_code, code)
        right = wanted(needs(operation_id, path))
        refused = answer.status_code == 401 and code in ("not_authenticated", "invalid_token") or code in ("email_not_verified", "forbidden")
        if got != right if right else refused:
            wrong.append(f"{method} {path} as {kind}: {got}, not {right or 'let in'}")
    assert not wrong, "\n".join(wrong)


def test_nobody(callers):
    judge(callers, "nobody", lambda needed: None if needed == "nobody" else (401, "not_authenticated"))


@pytest.mark.parametrize("kind", ["expired token", "inactive", "bad token"])
def test_a_token_that_is_good_no_more(callers, kind):
    judge(callers, kind, lambda needed: None if needed == "nobody" else (401, "invalid_token"))


def test_unverified(callers):
    right = {"nobody": None, "signed_in": None, "socket_admin": (403, "forbidden")}
    judge(callers, "unverified", lambda needed: right.get(needed, (403, "email_not_verified")))


def test_user(callers):
    judge(callers, "user", lambda needed: (403, "forbidden") if needed in ("admin", "socket_admin") else None)


def test_admin(callers):
    judge(callers, "admin", lambda needed: None)


@pytest.fixture(scope="module")
def things(callers):
    """A user's objects: by the path before an id, the id."""
    owner = callers.account()
    day = expect(owner.api.get("/api/activities/stats/daily"), 200)["date"]
    challenge = {"name": "Private", "target_apps": ["A"], "is_public": False, "start_date": day, "end_date": day}
    ids = {
        "/api/activities": owner.record()["id"],
        "/api/blocked": expect(owner.api.post("/api/blocked", json={"app_name": "A", "daily_limit_minutes": 1}), 201)["id"],
        "/api/challenges": expect(owner.api.post("/api/challenges", json=challenge), 201)["id"],
        "/api/auth/sessions": expect(owner.api.get("/api/auth/sessions"), 200)[0]["id"],
    }
    owner.record("A", 2)
    ids["/api/notifications"] = expect(owner.api.get("/api/notifications"), 200)[0]["id"]
    return owner, ids


def test_other_user(callers, things):
    """To other users a private object does not exist; for a shared one the answer is the missing right."""
    _, ids = things
    wrong, seen = [], set()
    for method, path, operation_id in callers.operations:
        before, parameter, _ = path.partition("/{")
        if not parameter or needs(operation_id, path) == "admin" or path.startswith(SHARED) and before not in PRIVATE:
            continue
        answer = callers.call(callers.caller("other user"), method, path, {"id": ids.get(before, MISSING)})
        code = answer.json()["code"] if answer.status_code >= 400 else ""
        if before == "/api/challenges":
            right, got = CHALLENGE.get(operation_id), (answer.status_code, code)
        else:
            right, got = PRIVATE.get(before), answer.status_code
        seen.add(before)
        if got != right:
            wrong.append(f"{method} {path}: {got}, not {right}")
    assert not wrong, "\n".join(wrong)
    assert seen >= ids.keys()


def test_the_owner_still_has_everything(callers, things):
    owner, ids = things
    for before in ("/api/activities", "/api/blocked", "/api/challenges"):
        expect(owner.api.get(f"{before}/{ids[before]}"), 200)
    assert ids["/api/auth/sessions"] in [session["id"] for session in expect(owner.api.get("/api/auth/sessions"), 200)]
