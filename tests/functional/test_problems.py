"""Problems that follow from an operation's declaration (a body, parameters, Idempotency-Key): each operation gives each of them.

The operations come from the document, so that a new one is tested too."""

import json
import re
from datetime import UTC, datetime

import pytest
from support.client import Client, expect
from support.server import Server

MISSING = 999_999_999  # an id of no object
TODAY = str(datetime.now(UTC).date())


@pytest.fixture(scope="module")
def server(world):
    settings = {"ADMIN_EMAIL": "boss@example.org", "ADMIN_PASSWORD": "Adm1n-password"}
    server = Server(world.database("sqlite"), world.mail, **settings).start()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def admin(server) -> Client:
    """A client with all rights; not of a fixture, since those are closed after each test."""
    made = server.command("admin", "create", "--email", "boss@example.org", "--username", "boss")
    assert made.returncode == 0, made.stderr
    credentials = {"email": "boss@example.org", "password": "Adm1n-password"}
    return server.client(token=expect(server.client().post("/api/auth/login", json=credentials), 200)["access_token"])


def operations(server: Server) -> list[tuple[str, str, dict]]:
    return [(method.upper(), re.sub(r"\{(\w+)\}", lambda found: str(MISSING) if found[1] == "id" else "x", path), operation)
            for path, methods in server.contract.document["paths"].items() for method, operation in methods.items()]  # fmt: skip


def with_body(server: Server) -> list[tuple[str, str, dict]]:
    return [(method, path, operation) for method, path, operation in operations(server) if "requestBody" in operation]


def idempotent(server: Server) -> list[tuple[str, str, dict]]:
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    return [(method, path, operation) for method, path, operation in operations(server) if key in operation.get("parameters", [])]


def test_a_body_that_is_no_json(server, admin):
    for method, path, _ in with_body(server):
        expect(admin.request(method, path, content=b"{"), 422, "validation_error")


def test_a_body_that_is_too_long(server, admin):
    for method, path, operation in with_body(server):
        kibibytes = int(re.search(r"longer than (\d+) KiB", operation["responses"]["413"]["description"])[1])
        expect(admin.request(method, path, content=b" " * ((kibibytes << 10) + 1)), 413, "body_too_large")


def test_a_body_in_an_unknown_coding(server, admin):
    for method, path, _ in with_body(server):
        expect(admin.request(method, path, content=b"{}", headers={"Content-Encoding": "br"}), 415, "unsupported_encoding")


def wrong_value(schema: dict) -> str:
    """A text longer than any limit, and no number, day or value of an enumeration."""
    return "x" * (schema.get("maxLength", 0) + 1)


def test_parameters_with_wrong_values(server, admin):
    for method, path, operation in operations(server):
        query = {p["name"]: wrong_value(p["schema"]) for p in operation.get("parameters", []) if p.get("in") == "query"}
        if query and "requestBody" not in operation and "101" not in operation["responses"]:
            expect(admin.request(method, path, params=query), 422, "validation_error")


def test_an_idempotency_key_that_is_none(server, admin):
    for method, path, _ in idempotent(server):
        expect(admin.request(method, path, json={}, headers={"Idempotency-Key": "a b"}), 422, "invalid_idempotency_key")


BODIES = {
    "register": {"email": "anna@example.org", "username": "anna", "password": "Secret-passw0rd"},
    "adminCreateUser": {"email": "bert@example.org", "username": "bert", "password": "Secret-passw0rd"},
    "createActivity": {"app_name": "A", "duration_minutes": 1},
    "createActivities": {"activities": [{"app_name": "A", "duration_minutes": 1}]},
    "importActivities": "app,minutes,date\nA,1,2026-03-01\n",
    "createBlockedApp": {"app_name": "A", "daily_limit_minutes": 1},
    "createChallenge": {"name": "Day", "target_apps": ["A"], "start_date": TODAY, "end_date": TODAY},
    "sendNotification": {"title": "T", "message": "M"},
}


def test_an_idempotency_key_for_two_requests(server, admin):
    for method, path, operation in idempotent(server):
        key = {"Idempotency-Key": operation["operationId"]}
        body = BODIES[operation["operationId"]]
        first = admin.request(method, path, content=body if isinstance(body, str) else json.dumps(body), headers=key)
        assert first.is_success, first.text
        expect(admin.request(method, path, json={}, headers=key), 422, "idempotency_key_reused")
