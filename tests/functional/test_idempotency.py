"""API.md §1: a request repeated with its Idempotency-Key gets the first answer, on every route that takes one and for any
number of concurrent requests."""

import json
import uuid

import pytest
from support.client import expect
from support.raw import Raw

from .test_challenges import day

AT_ONCE = 150


def all_at_once(servers: list, path: str, body: dict | bytes, token: str | None = None, *headers: str) -> list:
    """The answers to the same request, sent AT_ONCE times before the first answer is read."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Idempotency-Key: {uuid.uuid4().hex}", f"Content-Length: {len(content)}", *headers]
    if token:
        head.append(f"Authorization: Bearer {token}")
    request = "\r\n".join([*head, "", ""]).encode() + content
    connections = [Raw(servers[i % len(servers)], 60) for i in range(AT_ONCE)]
    for raw in connections:
        raw.send(request)
    answers = [raw.answer() for raw in connections]
    for raw in connections:
        raw.socket.close()
    return answers


def all_the_same(answers: list, status: int) -> dict:
    seen = {(answer.status, answer.body) for answer in answers}
    assert len(seen) == 1 and answers[0].status == status, {(code, text[:300]) for code, text in seen}
    first = [answer for answer in answers if "idempotency-replayed" not in answer.headers]
    assert len(first) == 1, len(first)
    return json.loads(answers[0].body)


def requests_of(name: str) -> list[tuple[str, dict | bytes, int]]:
    """Requests whose repetition conflicts by a name, an address or a client id, or not at all."""
    return [
        ("/api/blocked", {"app_name": name, "daily_limit_minutes": 30}, 201),
        ("/api/activities", {"app_name": name, "duration_minutes": 1}, 201),
        ("/api/activities/batch", {"activities": [{"app_name": name, "duration_minutes": 1, "client_id": name}]}, 200),
        ("/api/activities/import", f"app,minutes,day\n{name},5,2026-03-01\n".encode(), 200),
        ("/api/challenges", {"name": name, "challenge_type": "minimize_time", "target_apps": ["Chat"], "target_minutes": 60,
                             "start_date": day(0), "end_date": day(6)}, 201),
    ]


def check_all(servers: list, user, admin) -> None:
    for path, body, status in requests_of(f"n{uuid.uuid4().hex[:8]}"):
        all_the_same(all_at_once(servers, path, body, user.tokens["access_token"]), status)
    assert len(user.api.get("/api/blocked").json()) == 1
    assert user.api.get("/api/activities").headers["x-total-count"] == "3"
    name = f"n{uuid.uuid4().hex[:8]}"
    account = {"email": f"{name}@example.org", "username": name, "password": "Secret-passw0rd"}
    all_the_same(all_at_once(servers, "/api/auth/register", account), 201)
    account = {"email": f"a{name}@example.org", "username": f"a{name}", "password": "Secret-passw0rd"}
    all_the_same(all_at_once(servers, "/api/admin/users", account, admin.tokens["access_token"]), 201)


def test_repeats_at_once(server, user):
    check_all([server], user, server.new_admin())


def test_repeats_at_once_on_two_instances(make_server, world):
    first = make_server("mysql").start()
    second = make_server(database=first.database).start()
    check_all([first, second], first.new_account(), first.new_admin())


def test_a_real_refusal_is_not_held_up(server, user):
    """Concurrent requests that fail in any case each get their own error."""
    body = {"app_name": "Taken", "daily_limit_minutes": 30}
    expect(user.api.post("/api/blocked", json=body), 201)
    answers = all_at_once([server], "/api/blocked", body, user.tokens["access_token"])
    assert {(answer.status, json.loads(answer.body)["code"]) for answer in answers} == {(400, "already_exists")}


def test_keys_of_clients_without_an_account_are_per_network(make_server, db):
    server = make_server(db, TRUSTED_PROXIES="127.0.0.1").start()

    def register(address: str, name: str):
        body = {"email": f"{name}@example.org", "username": name, "password": "Secret-passw0rd"}
        return server.client(headers={"X-Forwarded-For": address}).post("/api/auth/register", json=body, headers={"Idempotency-Key": "1"})

    first = expect(register("203.0.113.9", "anna"), 201)
    assert expect(register("198.51.100.7", "bert"), 201)["username"] == "bert"
    again = register("203.0.113.9", "anna")
    assert expect(again, 201) == first and again.headers["Idempotency-Replayed"] == "true"
    expect(register("203.0.113.9", "carl"), 422, "idempotency_key_reused")
    expect(register("2001:db8::1", "dora"), 201)
    assert register("2001:db8::2", "dora").headers["Idempotency-Replayed"] == "true"
    expect(register("198.51.100.8", "anna"), 400)  # key and body reveal nothing to a client in another network


@pytest.mark.parametrize("key", ["a b", "x" * 256])
def test_a_malformed_key_has_its_code(user, key):
    expect(user.api.post("/api/activities", json={"app_name": "A", "duration_minutes": 1}, headers={"Idempotency-Key": key}), 422, "invalid_idempotency_key")


def test_the_document_names_what_is_answered(server):
    for path, operations in server.contract.document["paths"].items():
        for method, operation in operations.items():
            told = json.dumps(operation)
            assert "idempotency_in_progress" not in told, f"{method} {path}"
            assert ("invalid_idempotency_key" in told) == ("Idempotency-Key" in told or "IdempotencyKey" in told), f"{method} {path}"
