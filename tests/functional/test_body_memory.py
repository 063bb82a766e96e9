"""Request bodies in memory have one budget over all connections, however they are sent; a body that exceeds it gets 503, and
the process stays small."""

import concurrent.futures
import gzip
import json
import socket
import zlib
from pathlib import Path

import pytest
from support.client import expect
from support.processes import eventually
from support.raw import Raw

MIB = 1 << 20
BATCH = "POST /api/activities/batch HTTP/1.1"
MEMORY = 256 * MIB  # the memory of a small container
BOMB = gzip.compress(b'{"activities":[' + b" " * (8 * MIB - 17) + b"]}", 9)


@pytest.fixture
def server(make_server):
    return make_server(WORKERS="2").start()


@pytest.fixture
def user(server):
    return server.new_account()


def peak_bytes(server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def authorization(user) -> str:
    return f"Authorization: Bearer {user.tokens['access_token']}"


def started(server, user, length: int, *headers: str) -> Raw:
    """A request whose body lacks its last byte."""
    raw = Raw(server, 60)
    head = "\r\n".join([BATCH, "Host: localhost", authorization(user), f"Content-Length: {length}", *headers, "", ""])
    raw.send(head.encode() + b" " * (length - 1))
    return raw


def test_many_gzip_bombs_at_once(server, user):
    assert len(BOMB) < 9000
    others = [server.new_account() for _ in range(9)]
    request = "\r\n".join([BATCH, "Host: localhost", "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}"])

    def send(number: int) -> None:
        raw = Raw(server, 60)
        raw.send(f"{request}\r\n{authorization((user, *others)[number % 10])}\r\n\r\n".encode() + BOMB)
        connections.append(raw)

    connections: list[Raw] = []
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(send, range(1000)))
        answers = list(pool.map(lambda raw: raw.answer(), connections))
    for raw in connections:
        raw.socket.close()
    statuses = {answer.status for answer in answers if answer}
    assert statuses <= {422, 503} and 503 in statuses and 422 in statuses, statuses
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer and answer.status == 503)
    assert peak_bytes(server) < MEMORY
    assert user.record()["id"]


def test_many_bodies_without_their_last_byte(server, user):
    bodies = [started(server, user, 8 * MIB) for _ in range(50)]
    neighbours = [started(server, server.new_account(), 8 * MIB) for _ in range(50)]
    others = server.new_account()
    assert others.record()["id"]  # small bodies are accepted
    assert peak_bytes(server) < MEMORY
    first = bodies + neighbours
    refused = [raw for raw in first if is_answered(raw)]
    assert len(refused) >= 90
    answer = refused[0].answer()
    assert answer.status == 503 and json.loads(answer.body)["code"] == "unavailable" and int(answer.headers["retry-after"]) > 0
    for raw in first:
        raw.socket.close()
    # The memory of the closed connections is available again.
    eventually(lambda: user.api.post("/api/activities/batch", content=b" " * (8 * MIB)).status_code == 422, "space for a large body")


def is_answered(raw: Raw) -> bool:
    raw.socket.settimeout(0.2)
    try:
        piece = raw.socket.recv(1, socket.MSG_PEEK)
    except (TimeoutError, BlockingIOError):
        return False
    except ConnectionResetError:
        return True
    finally:
        raw.socket.settimeout(60)
    return bool(piece)


def test_one_user_leaves_room_for_others(server, user):
    held = [started(server, user, 8 * MIB) for _ in range(8)]
    eventually(lambda: sum(map(is_answered, held)) >= 4, "the user's share to be used up")
    other = server.new_account()
    expect(other.api.post("/api/activities/batch", content=b" " * (8 * MIB)), 422)
    for raw in held:
        raw.socket.close()


@pytest.mark.parametrize("how", ["plain", "chunked", "gzip", "chunked gzip"])
def test_what_was_used_is_given_back(server, user, how):
    """Many times the budget in sequence on one connection."""
    body = b'{"activities":[' + b" " * (6 * MIB) + b"]}"
    headers = {"Content-Encoding": "gzip"} if "gzip" in how else {}
    sent = zlib.compress(body, 1, wbits=31) if "gzip" in how else body
    for _ in range(20):
        content = iter([sent[: len(sent) // 2], sent[len(sent) // 2 :]]) if "chunked" in how else sent
        expect(user.api.post("/api/activities/batch", content=content, headers=headers), 422)
    assert peak_bytes(server) < MEMORY


def test_idle_connections_hold_no_bodies(server):
    """Bodies of a megabyte for twice the memory: each connection sends one and stays open."""
    users = [server.new_account() for _ in range(2)]
    connections = []
    for number in range(300):
        raw = Raw(server, 60)
        connections.append(raw)
        answer = raw.request("POST /api/activities HTTP/1.1", authorization(users[number % 2]), f"Content-Length: {MIB}", body=b" " * MIB)
        assert answer.status == 422
    assert server.resident_bytes() < MEMORY
    assert all(raw.is_open() for raw in connections[:3])
    for raw in connections:
        raw.socket.close()


def test_sign_in_takes_small_bodies(server):
    api = server.client()
    for path in ("login", "register", "forgot-password", "reset-password", "refresh", "logout", "verify-email", "resend-verification"):
        problem = expect(api.post(f"/api/auth/{path}", content=b" " * (8 * 1024 + 1)), 413, "body_too_large")
        assert "8 KiB" in problem["detail"], problem
        expect(api.post(f"/api/auth/{path}", content=b"{" + b" " * (8 * 1024 - 2) + b"}"), 422)
    problem = expect(server.new_account().api.post("/api/activities", content=b" " * (MIB + 1)), 413, "body_too_large")
    assert "1 MiB" in problem["detail"]
    large = gzip.compress(b" " * (8 * 1024 + 1))
    expect(api.post("/api/auth/login", content=large, headers={"Content-Encoding": "gzip"}), 413, "body_too_large")


def test_clients_without_an_account_share_a_part(make_server):
    """Many small bodies without their last byte from one network: other clients can still sign in."""
    server = make_server(TRUSTED_PROXIES="127.0.0.1", MAX_BODY_MEMORY="32").start()
    head = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {}\r\nContent-Length: 8192\r\n\r\n"
    connections = []
    for number in range(700):  # 5.6 MB; a sixteenth of the budget is 2 MiB, an eighth for the /48 4 MiB
        raw = Raw(server, 60)
        raw.send(head.format(f"2001:db8:1:{number % 200:x}::1").encode() + b" " * 8191)
        connections.append(raw)
    eventually(lambda: sum(map(is_answered, connections[-100:])) > 50, "refusals")
    other = server.client(headers={"X-Forwarded-For": "203.0.113.9"})
    expect(other.post("/api/auth/forgot-password", json={"email": "x@example.org"}), 200)
    for raw in connections:
        raw.socket.close()
