"""RFC 6455 as bytes: valid and invalid handshakes, frames and closes. No case depends on the database."""

import struct

import pytest
from support.raw import Raw
from support.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frames, handshake, path_of

PING_MESSAGE = '{"action":"ping"}'


@pytest.fixture(scope="module")
def account(world):
    return world.server("sqlite").new_account()


@pytest.fixture
def frames(sqlite_server, account):
    with Frames(sqlite_server, account.tokens["access_token"]) as frames:
        assert frames.message("connection")["user_id"] == account.id
        yield frames


def test_a_message_in_one_frame(frames):
    frames.put(TEXT, PING_MESSAGE)
    answer = frames.frame()
    assert (answer.opcode, answer.fin, answer.rsv) == (TEXT, True, 0)
    assert answer.message["type"] == "pong"


def test_a_message_in_pieces(frames):
    frames.put(TEXT, PING_MESSAGE[:3], fin=False)
    for letter in PING_MESSAGE[3:-1]:
        frames.put(CONTINUATION, letter, fin=False)
    frames.put(CONTINUATION, b"", fin=False)
    frames.put(CONTINUATION, PING_MESSAGE[-1])
    assert frames.frame().message["type"] == "pong"


def test_pings_inside_a_message_in_pieces(frames):
    frames.put(TEXT, PING_MESSAGE[:5], fin=False)
    frames.put(PING, b"one")
    assert (answer := frames.frame()).opcode == PONG and answer.payload == b"one"
    frames.put(CONTINUATION, PING_MESSAGE[5:9], fin=False)
    frames.put(PING, bytes(range(125)))
    frames.put(PONG, b"nobody asked")
    frames.put(CONTINUATION, PING_MESSAGE[9:])
    assert (answer := frames.frame()).opcode == PONG and answer.payload == bytes(range(125))
    assert frames.frame().message["type"] == "pong"


def test_a_letter_across_two_frames(frames):
    text = '{"action":"é"}'.encode()
    at = text.index(b"\xc3") + 1
    frames.put(TEXT, text[:at], fin=False)
    frames.put(CONTINUATION, text[at:])
    assert frames.frame().message["code"] == "unknown_action"


@pytest.mark.parametrize("length", [0, 125])
def test_a_ping_gets_its_payload_back(frames, length):
    frames.put(PING, b"x" * length)
    answer = frames.frame()
    assert (answer.opcode, answer.payload, answer.fin) == (PONG, b"x" * length, True)


def test_the_largest_message(frames):
    frames.put(TEXT, PING_MESSAGE.ljust(16 * 1024))
    assert frames.frame().message["type"] == "pong"


def close(code: int, reason: bytes = b"") -> bytes:
    return struct.pack("!H", code) + reason


FAULTS = {
    "invalid UTF-8": (1007, [(TEXT, b'{"action":"\xff"}', {})]),
    "a surrogate": (1007, [(TEXT, b'"\xed\xa0\x80"', {})]),
    "an overlong slash": (1007, [(TEXT, b'"\xc0\xaf"', {})]),
    "half a letter at the end": (1007, [(TEXT, b'"\xc3', {})]),
    "invalid UTF-8 in the second piece": (1007, [(TEXT, b'"a', {"fin": False}), (CONTINUATION, b'\x80"', {})]),
    "no mask": (1002, [(TEXT, PING_MESSAGE.encode(), {"masked": False})]),
    "a ping without mask": (1002, [(PING, b"", {"masked": False})]),
    "reserved bit 1": (1002, [(TEXT, b"{}", {"rsv": 4})]),
    "reserved bit 2": (1002, [(TEXT, b"{}", {"rsv": 2})]),
    "reserved bit 3": (1002, [(TEXT, b"{}", {"rsv": 1})]),
    "reserved opcode 3": (1002, [(3, b"", {})]),
    "reserved opcode 7": (1002, [(7, b"{}", {})]),
    "reserved opcode 11": (1002, [(11, b"", {})]),
    "reserved opcode 15": (1002, [(15, b"", {})]),
    "a ping of 126 bytes": (1002, [(PING, b"x" * 126, {})]),
    "a ping of 65536 bytes": (1002, [(PING, b"x" * 65536, {})]),
    "a ping in pieces": (1002, [(PING, b"x", {"fin": False})]),
    "a close in pieces": (1002, [(CLOSE, close(1000), {"fin": False})]),
    "a continuation of nothing": (1002, [(CONTINUATION, b"{}", {})]),
    "a message inside a message": (1002, [(TEXT, b"{", {"fin": False}), (TEXT, b"}", {})]),
    "a close of one byte": (1002, [(CLOSE, b"\x03", {})]),
    "a close of 126 bytes": (1002, [(CLOSE, close(1000, b"x" * 124), {})]),
    "one byte more than the largest message": (1009, [(TEXT, b" " * (16 * 1024 + 1), {})]),
    "pieces that become too long": (1009, [(TEXT, b" " * 10_000, {"fin": False}), (CONTINUATION, b" " * 10_000, {})]),
    "a length of 2^62": (1009, [(TEXT, b"", {"length": 1 << 62})]),
    "binary": (1003, [(BINARY, PING_MESSAGE.encode(), {})]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_closes_with_its_code(frames, fault):
    code, sent = FAULTS[fault]
    for opcode, payload, how in sent:
        frames.put(opcode, payload, **how)
    assert frames.close_code() == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999])
def test_a_close_with_a_code_that_nobody_may_send(frames, code):
    frames.put(CLOSE, close(code))
    assert frames.close_code() == 1002


def test_a_close_with_a_reason_that_is_no_text(frames):
    frames.put(CLOSE, close(1000, b"\xff"))
    assert frames.close_code() in (1002, 1007)


def test_a_length_beyond_63_bits(frames):
    frames.put(TEXT, b"", length=1 << 63)
    assert frames.close_code() in (1002, 1009)


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 4999])
def test_a_close_is_answered(frames, code):
    frames.put(CLOSE, close(code, "Bonne journée".encode()))
    assert frames.next(CLOSE).code == code
    frames.closed_within(5)


def test_a_close_without_a_code_is_answered(frames):
    frames.put(CLOSE)
    assert frames.next(CLOSE).code in (1000, 1005)
    frames.closed_within(5)


def test_what_follows_a_close_is_not_looked_at(frames):
    frames.put(CLOSE, close(1000))
    frames.put(TEXT, PING_MESSAGE)
    assert frames.next(CLOSE, TEXT).opcode == CLOSE
    frames.closed_within(5)


def test_a_close_inside_a_message_in_pieces(frames):
    frames.put(TEXT, "{", fin=False)
    frames.put(CLOSE, close(1000))
    assert frames.next(CLOSE).code == 1000


def test_ever_more_pings_are_too_many(frames):
    for _ in range(40):
        for _ in range(20):
            frames.put(PING, b"x")
    assert frames.close_code() == 4429


def test_a_client_that_just_goes(sqlite_server, account):
    frames = Frames(sqlite_server, account.tokens["access_token"])
    frames.message("connection")
    frames.socket.close()
    with Frames(sqlite_server, account.tokens["access_token"]) as another:
        another.put(TEXT, PING_MESSAGE)
        assert another.message("pong")


# --- the handshake ----------------------------------------------------------------------------------------------------


def upgrade(server, target: str, *headers: str, **how):
    with Raw(server) as raw:
        return handshake(raw, target, *headers, **how)


def test_compression_is_declined(sqlite_server, account):
    answer = upgrade(sqlite_server, path_of(account.tokens["access_token"]), "Sec-WebSocket-Extensions: permessage-deflate")
    assert answer.status == 101 and "sec-websocket-extensions" not in answer.headers


def test_the_key_is_answered(sqlite_server, account):
    with Raw(sqlite_server) as raw:  # the example of RFC 6455 §1.3
        answer = raw.request(f"GET {path_of(account.tokens['access_token'])} HTTP/1.1", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket",
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")  # fmt: skip
    assert answer.status == 101 and answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert answer.headers["upgrade"].lower() == "websocket" and answer.headers["x-request-id"]


@pytest.mark.parametrize("headers", [
    (),
    ("Connection: Upgrade", "Upgrade: h2c"),
    ("Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"),
    ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 8"),
    ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
])  # fmt: skip
def test_what_asks_for_no_websocket_is_told_so(sqlite_server, account, headers):
    with Raw(sqlite_server) as raw:
        answer = raw.request(f"GET {path_of(account.tokens['access_token'])} HTTP/1.1", *headers)
        assert answer.status == 426 and b"upgrade_required" in answer.body
        assert answer.headers["sec-websocket-version"] == "13" and answer.headers["upgrade"] == "websocket"
        assert raw.is_open(), "the connection goes on as one of HTTP"


@pytest.mark.parametrize("key", ["", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZSBsb25nZXI=", "!!hlIHNhbXBsZSBub25jZQ=="])
def test_a_bad_key(sqlite_server, account, key):
    answer = upgrade(sqlite_server, path_of(account.tokens["access_token"]), key=key)
    assert answer.status == 400 and b"bad_handshake" in answer.body


def test_frames_before_the_answer_are_refused(sqlite_server, account):
    with Raw(sqlite_server) as raw:
        answer = raw.request(f"GET {path_of(account.tokens['access_token'])} HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket",
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", body=b"\x81\x80abcd")  # fmt: skip
    assert answer.status == 400


def test_http_1_0_is_refused(sqlite_server, account):
    with Raw(sqlite_server) as raw:
        answer = raw.request(f"GET {path_of(account.tokens['access_token'])} HTTP/1.0", "Connection: Upgrade", "Upgrade: websocket",
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")  # fmt: skip
    assert answer.status == 400


def test_a_request_before_the_upgrade_on_the_same_connection(sqlite_server, account):
    with Raw(sqlite_server) as raw:
        assert raw.request("GET /api/health/live HTTP/1.1").status == 200
        assert handshake(raw, path_of(account.tokens["access_token"]).replace("?", "/?")).status == 101, "a trailing slash is no other route"
