"""Malformed requests: each is answered with 4xx or closed, nothing is stored, the server stays healthy."""

import concurrent.futures
import json
import random
import socket
import time

import pytest
from support.client import expect
from support.raw import Raw

BODY = json.dumps({"app_name": "Raw", "duration_minutes": 1}).encode()


@pytest.fixture
def server(sqlite_server):
    return sqlite_server


@pytest.fixture(autouse=True)
def the_server_stays_healthy(server):
    yield
    expect(server.client().get("/api/health"), 200)


@pytest.fixture(scope="module")
def writer(world):
    """A user for whom malformed requests must not store an activity."""
    return world.server("sqlite").new_account()


@pytest.fixture
def stored_nothing(writer):
    before = writer.api.get("/api/activities").headers["x-total-count"]
    yield
    assert writer.api.get("/api/activities").headers["x-total-count"] == before


def post(writer, *headers: str, body: bytes = BODY, host: str = "Host: localhost") -> bytes:
    lines = ["POST /api/activities HTTP/1.1", *([host] if host else []), f"Authorization: Bearer {writer.tokens['access_token']}",
             "Content-Type: application/json", *headers, "", ""]  # fmt: skip
    return "\r\n".join(lines).encode("latin-1") + body


def refused(server, data: bytes, statuses: set[int] = frozenset({400})) -> None:
    """The answer has one of the statuses (or there is none), and then the connection ends."""
    with Raw(server) as raw:
        raw.send(data)
        answer = raw.answer()
        if answer:
            assert answer.status in statuses, answer
            assert answer.headers.get("connection", "").lower() == "close", answer
            raw.closed_within(5)


SIZE = len(BODY)


# --- messages that could be read in two ways -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [f"Content-Length: {SIZE}", f"Content-Length: {SIZE + 1}"], [f"Content-Length: {SIZE}, {SIZE + 1}"],
        [f"Content-Length: {SIZE}", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", f"Content-Length: {SIZE}"],
        [f"Content-Length: +{SIZE}"], [f"Content-Length: -{SIZE}"], [f"Content-Length: 0x{SIZE:x}"], [f"Content-Length: {SIZE}.0"],
        [f"Content-Length: {SIZE} {SIZE}"], ["Content-Length:"], ["Content-Length: abc"], ["Content-Length: 99999999999999999999999"],
        ["Transfer-Encoding: chunked, gzip"], ["Transfer-Encoding: identity, chunked, identity"], ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: gzip"], ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Transfer-Encoding:\x0bchunked"],
        [f"Content-Length : {SIZE}"], ["Transfer-Encoding : chunked"], [f" Content-Length: {SIZE}"], [f"Content-Length: {SIZE}\nX: y"],
    ],
)  # fmt: skip
def test_ambiguous_lengths(server, writer, stored_nothing, headers):
    refused(server, post(writer, *headers), {400, 411, 413, 501})


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n" + BODY + b"\r\n0\r\n\r\n", b"-5\r\n" + BODY, b"0x10\r\n" + BODY, b"\r\n\r\n", b"ffffffffffffffffff\r\n" + BODY,
        b"5\n" + BODY + b"\r\n\r\n", b"%x\r\n" % (SIZE - 3) + BODY + b"\r\n0\r\n\r\n", b"%x \x00\r\n" % SIZE + BODY + b"\r\n0\r\n\r\n",
        b"%x\r\n" % SIZE + BODY + b"XX0\r\n\r\n",
    ],
)  # fmt: skip
def test_broken_chunks(server, writer, stored_nothing, body):
    refused(server, post(writer, "Transfer-Encoding: chunked", body=body), {400, 413})


def test_a_chunk_bomb(server, writer, stored_nothing):
    """Endless chunk extensions and tiny chunks are not read without bound."""
    refused(server, post(writer, "Transfer-Encoding: chunked", body=b"1;" + b"x" * 300_000), {400, 413, 431})
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    refused(server, post(writer, "Transfer-Encoding: chunked", body=chunk * 40), {400, 413})


@pytest.mark.parametrize(
    "hosts",
    [[], ["Host: localhost", "Host: localhost"], ["Host: localhost", "Host: evil.example"], ["Host: a b"], ["Host: local\x00host"], ["Host: a/b"],
     ["Host: user@localhost"], ["Host: localhost, evil.example"]],
)  # fmt: skip
def test_a_missing_doubled_or_odd_host(server, writer, stored_nothing, hosts):
    refused(server, post(writer, *hosts, f"Content-Length: {SIZE}", host=""))
    lines = "\r\n".join(["GET /api/health/live HTTP/1.1", *hosts, "", ""])
    refused(server, lines.encode("latin-1"))


def test_http_1_0_needs_no_host(server):
    with Raw(server) as raw:
        raw.send(b"GET /api/health/live HTTP/1.0\r\n\r\n")
        assert raw.answer().status == 200
        raw.closed_within(5)


def test_a_smuggled_second_request_is_never_run(server, writer, stored_nothing):
    """CL.TE and TE.CL: whichever length a front end uses, the rest must not become a request."""
    hidden = post(writer, f"Content-Length: {SIZE}")
    for data in (
        post(writer, f"Content-Length: {len(hidden) + 5}", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + hidden),
        post(writer, "Content-Length: 4", "Transfer-Encoding: chunked", body=b"%x\r\n" % len(hidden) + hidden + b"\r\n0\r\n\r\n"),
        post(writer, "Content-Length: 0", f"Content-Length: {len(hidden)}", body=hidden),
    ):
        refused(server, data)


# --- broken heads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1 extra\r\nHost: x\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / http/1.1\r\nHost: x\r\n\r\n", b" GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nNoColon\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n folded\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
        b"GET nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 1000, b"\xff" * 1000, b"SSH-2.0-OpenSSH_9.9\r\n" * 3,
    ],
)  # fmt: skip
def test_broken_heads(server, data):
    refused(server, data, {400, 405, 408, 501, 505})


@pytest.mark.parametrize(
    "head",
    [b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 100_000 + b"\r\n\r\n", b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", b"G" * 100_000],
)  # fmt: skip
def test_a_hundred_kilobytes_of_head(server, head):
    refused(server, head, {400, 414, 431})


def test_a_head_of_sixteen_kibibytes_is_fine(server):
    with Raw(server) as raw:
        assert raw.request("GET /api/health/live HTTP/1.1", "X-Padding: " + "x" * 15_000).status == 200
        assert raw.is_open()


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "X" * 1000])
def test_other_methods(server, method):
    with Raw(server) as raw:
        raw.send(f"{method} /api/health/live HTTP/1.1\r\nHost: {raw.host}\r\n\r\n".encode())
        answer = raw.answer()
        assert answer is None or answer.status in (400, 405, 501)


# --- targets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "statuses"),
    [
        ("/api/health/live?", {200}), ("/api/health/live?a=%zz", {200, 400}), ("/api/%68ealth/live", {200}), ("/api/health%2Flive", {400, 404}),
        ("/api/%2568ealth/live", {404}), ("/api/health/live%00", {400, 404}), ("/api/%zz", {400}), ("/api/%", {400}), ("/api/%4", {400}),
        ("/api/%c0%ae%c0%ae", {400, 404}), ("/api/%ff", {400, 404}), ("/api/docs/../../etc/passwd", {400, 404}),
        ("/api/docs/%2e%2e/%2e%2e/etc/passwd", {400, 404}), ("/api/docs/..%2f..%2fetc/passwd", {400, 404}), ("//etc/passwd", {400, 404}),
        ("/api/docs/..%5c..%5cwin.ini", {400, 404}), ("/api//health/live", {404}), ("/api/./health/live", {400, 404}),
        ("/api/health/x/../live", {400, 404}), ("*", {400, 404, 405}), ("/api/health/live#fragment", {400, 404}),
        ("http://localhost/api/health/live", {200}), ("http://user:secret@localhost/api/health/live", {200, 400}),
        ("/api/health/live;jsessionid=1", {404}),
    ],
)  # fmt: skip
def test_targets_are_decoded_once_and_strictly(server, target, statuses):
    with Raw(server) as raw:
        answer = raw.request(f"GET {target} HTTP/1.1")
        assert answer.status in statuses, answer
        assert b"root:" not in answer.body


def test_query_values_are_decoded_once(server, writer):
    writer.record("100%25 + more")
    with Raw(server) as raw:
        for query, found in (("app_name=100%2525%20%2B", 1), ("app_name=100%25+%2B", 0), ("app_name=100%2525+%2B", 1)):
            answer = raw.request(f"GET /api/activities?{query} HTTP/1.1", f"Authorization: Bearer {writer.tokens['access_token']}")
            assert answer.status == 200 and len(json.loads(answer.body)) == found, query
        for query in ("app_name=%zz", "app_name=%ff", "app_name=%00"):
            answer = raw.request(f"GET /api/activities?{query} HTTP/1.1", f"Authorization: Bearer {writer.tokens['access_token']}")
            assert answer is None or answer.status in (400, 422), query
            if answer.headers.get("connection", "") == "close":
                return


# --- connections -----------------------------------------------------------------------------------------------------


def test_keep_alive_and_close(server):
    with Raw(server) as raw:
        assert all(raw.is_open() for _ in range(20))
        assert raw.request("GET /api/health/live HTTP/1.1", "Connection: close").headers["connection"].lower() == "close"
        raw.closed_within(5)


def test_an_error_does_not_end_the_connection(server):
    with Raw(server) as raw:
        for line, status in (("GET /api/nothing HTTP/1.1", 404), ("GET /api/users/me HTTP/1.1", 401), ("DELETE /api/health HTTP/1.1", 405)):
            assert raw.request(line).status == status
        assert raw.is_open()


def test_a_pipeline_is_answered_in_order(server, writer):
    """Slow and quick routes mixed; each answer has the id of its request."""
    paths = ["/api/health/live", "/api/users/me", "/api/activities/stats/daily", "/api/nothing"]
    with Raw(server) as raw:
        wanted = [(f"pipelined-{i}", paths[i % 4]) for i in range(200)]
        raw.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: {raw.host}\r\nAuthorization: Bearer {writer.tokens['access_token']}\r\n"
                          f"X-Request-Id: {id_}\r\n\r\n".encode() for id_, path in wanted))  # fmt: skip
        answers = [raw.answer() for _ in wanted]
        assert [answer.headers["x-request-id"] for answer in answers] == [id_ for id_, _ in wanted]
        assert {answer.status for answer in answers} == {200, 404}


def test_pipelined_writes_happen_in_order(server):
    user = server.new_account()
    with Raw(server) as raw:
        for i in range(30):
            body = json.dumps({"app_name": f"App {i}", "duration_minutes": 1}).encode()
            raw.send(post(user, f"Content-Length: {len(body)}", body=body))
        assert [raw.answer().status for _ in range(30)] == [201] * 30
    names = [row["app_name"] for row in user.api.get("/api/activities?sort=created_at").json()]
    assert names == [f"App {i}" for i in range(30)]


def test_a_request_in_pieces(server):
    user = server.new_account()
    data = post(user, f"Content-Length: {SIZE}")
    with Raw(server) as raw:
        raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            raw.send(bytes([byte]))
        assert raw.answer().status == 201
        assert raw.is_open()


def test_a_chunked_body_with_extensions_and_trailers(server):
    user = server.new_account()
    half = SIZE // 2
    body = b"%x;ext=1\r\n%s\r\n%X\r\n%s\r\n0\r\nX-Trailer: yes\r\n\r\n" % (half, BODY[:half], SIZE - half, BODY[half:])
    with Raw(server) as raw:
        raw.send(post(user, "Transfer-Encoding: chunked", body=body))
        assert raw.answer().status == 201
        assert raw.is_open()


def test_expect_100_continue(server):
    user = server.new_account()
    with Raw(server) as raw:
        raw.send(post(user, f"Content-Length: {SIZE}", "Expect: 100-continue", body=b""))
        assert raw.answer().status == 100
        raw.send(BODY)
        assert raw.answer().status == 201
        assert raw.is_open()


def test_expect_100_continue_for_a_body_that_is_too_large(server, writer, stored_nothing):
    with Raw(server) as raw:
        raw.send(post(writer, "Content-Length: 50000000", "Expect: 100-continue", body=b""))
        assert raw.answer().status == 413


def test_another_expectation(server, writer, stored_nothing):
    with Raw(server) as raw:
        raw.send(post(writer, f"Content-Length: {SIZE}", "Expect: the-unexpected"))
        assert raw.answer().status == 417


def test_a_too_large_body_is_not_read(server, writer, stored_nothing):
    with Raw(server) as raw:
        raw.send(post(writer, "Content-Length: 5000000000", body=b"x" * 1000))
        assert raw.answer().status == 413
        raw.closed_within(5)


def test_a_body_that_never_comes_to_its_end(server, writer, stored_nothing):
    for given in (0, 1, SIZE - 1):
        with Raw(server) as raw:
            raw.send(post(writer, f"Content-Length: {SIZE}", body=BODY[:given]))
            raw.socket.shutdown(socket.SHUT_WR)
            answer = raw.answer()
            assert answer is None or answer.status in (400, 408)


def test_a_compressed_body_is_refused_or_understood(server, writer, stored_nothing):
    with Raw(server) as raw:
        raw.send(post(writer, "Content-Encoding: gzip", f"Content-Length: {SIZE}"))
        assert raw.answer().status in (400, 415, 422)


# --- slow senders ----------------------------------------------------------------------------------------------------


def test_slow_heads_are_cut_off_after_ten_seconds(server):
    with concurrent.futures.ThreadPoolExecutor(40) as pool:

        def slow(i):
            with Raw(server) as raw:
                raw.send(b"GET /api/health/live HTTP/1.1\r\n" if i % 2 else b"")
                stop = time.monotonic() + 14
                begun = time.monotonic()
                raw.socket.settimeout(0.5)
                while time.monotonic() < stop:
                    try:
                        raw.socket.sendall(b"X" if i % 2 else b"")
                        if not raw.socket.recv(4096):
                            return time.monotonic() - begun
                    except TimeoutError:
                        continue
                    except OSError:
                        return time.monotonic() - begun
                return None

        ended = [pool.submit(slow, i) for i in range(40)]
        begun = time.monotonic()
        while time.monotonic() - begun < 3:
            asked = time.monotonic()
            expect(server.client().get("/api/health/live"), 200)
            assert time.monotonic() - asked < 2, "slow senders delay no other client"
        trickling = [future.result() for future in ended][1::2]
        assert all(took is not None and 8 <= took <= 13 for took in trickling), trickling


def test_a_slow_body_is_cut_off_after_thirty_seconds(server, writer, stored_nothing):
    with Raw(server, 40) as raw:
        raw.send(post(writer, f"Content-Length: {SIZE}", body=BODY[:5]))
        begun = time.monotonic()
        answer = raw.answer()
        assert answer is None or answer.status == 408
        raw.closed_within(40)
        assert 25 <= time.monotonic() - begun <= 36


def test_a_client_that_does_not_read(server, writer):
    """A client requests much and reads nothing; others are not affected."""
    with Raw(server) as raw:
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one = f"GET /api/openapi.json HTTP/1.1\r\nHost: {raw.host}\r\n\r\n".encode()
        raw.socket.settimeout(2)
        try:
            for _ in range(200):
                raw.socket.sendall(one)
        except OSError:
            pass
        before = server.resident_bytes()
        for _ in range(50):
            expect(server.client().get("/api/health/live"), 200)
        assert server.resident_bytes() - before < 30 << 20


# --- noise -----------------------------------------------------------------------------------------------------------


def test_random_noise(server, writer, stored_nothing):
    dice = random.Random(7)
    good = post(writer, "Content-Length: 5000", body=b"")
    for i in range(300):
        data = bytearray(dice.randbytes(dice.randrange(1, 2000)) if i % 3 == 0 else good)
        for _ in range(dice.randrange(1, 20) if i % 3 else 0):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with Raw(server) as raw:
            raw.send(bytes(data))
            raw.socket.shutdown(socket.SHUT_WR)
            answer = raw.answer()
            assert answer is None or 400 <= answer.status < 500 or answer.status in (501, 505), (data, answer)
