"""Notification sockets: `Frames` for bytes that no client library sends, and `Live`, a conforming client."""

import base64
import json
import os
import struct
import time
from dataclasses import dataclass

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from . import contract
from .processes import SLOWNESS
from .raw import Answer, Raw

PATH = "/api/ws/notifications"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0

    @property
    def code(self) -> int:
        """The code of a close frame; 1005 if it has none (RFC 6455 §7.1.5)."""
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else 1005

    @property
    def message(self) -> dict:
        return json.loads(self.payload)


def encode(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True, length: int | None = None) -> bytes:
    """One frame (RFC 6455 §5.2). `length` is a false length of the payload, written in 8 bytes."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if length is not None:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", length)
    elif len(payload) < 126:
        head += bytes([mask_bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


class Frames(Raw):
    """A WebSocket as bytes. Does the handshake unless a parameter disables it."""

    def __init__(self, server, token: str, **query) -> None:
        super().__init__(server)
        self.handshake = handshake(self, path_of(token, **query))
        assert self.handshake and self.handshake.status == 101, self.handshake
        contract.called.add("notificationSocket")

    def put(self, opcode: int, payload: bytes | str = b"", **how) -> None:
        self.send(encode(opcode, payload.encode() if isinstance(payload, str) else payload, **how))

    def ask(self, **message) -> None:
        self.put(TEXT, json.dumps(message))

    def _bytes(self, count: int) -> bytes:
        while len(self._kept) < count:
            if not self._more():
                raise EOFError(f"the connection ended with {len(self._kept)} of {count} bytes")
        taken, self._kept = self._kept[:count], self._kept[count:]
        return taken

    def frame(self) -> Frame:
        """The next frame; EOFError when the connection ends instead."""
        first, second = self._bytes(2)
        assert not second & 0x80, "a server must not mask"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._bytes(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._bytes(8))
        return Frame(first & 0x0F, self._bytes(length), bool(first & 0x80), first >> 4 & 7)

    def next(self, *opcodes: int) -> Frame:
        """The next frame of one of these kinds."""
        while True:
            frame = self.frame()
            if frame.opcode in opcodes:
                return frame

    def message(self, kind: str) -> dict:
        """The next message of this type."""
        while True:
            message = self.next(TEXT).message
            if message["type"] == kind:
                return message

    def close_code(self) -> int:
        """The code with which the server closes; its close is answered and the connection must end."""
        frame = self.next(CLOSE)
        self.put(CLOSE, frame.payload)
        self.closed_within(5)
        return frame.code


def path_of(token: str = "", **query) -> str:
    pairs = ([f"token={token}"] if token else []) + [f"{name}={value}" for name, value in query.items()]
    return PATH + ("?" + "&".join(pairs) if pairs else "")


def handshake(raw: Raw, target: str, *headers: str, version: str = "13", key: str | None = None) -> Answer | None:
    if key is None:
        key = base64.b64encode(os.urandom(16)).decode()
    answer = raw.request(f"GET {target} HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Key: {key}",
                         f"Sec-WebSocket-Version: {version}", *headers)  # fmt: skip
    if answer and answer.status >= 400:
        raw.server.contract.note_problem("notificationSocket", answer.status, json.loads(answer.body)["code"], target)
    return answer


class Live:
    """A socket of a signed-in user; `messages` has the received messages in order."""

    def __init__(self, account, *, token: str = "", **query) -> None:
        token = token or account.tokens["access_token"]
        url = account.server.url.replace("http", "ws", 1) + path_of(token, **query)
        self._socket = connect(url, max_size=None, open_timeout=20 * SLOWNESS, close_timeout=5)
        contract.called.add("notificationSocket")
        self.messages: list[dict] = []
        self.greeting = self.next("connection")
        assert self.messages == [self.greeting], "the greeting comes first"

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, text: str | bytes) -> None:
        self._socket.send(text)

    def ask(self, answer: str, **message) -> dict:
        """Sends a message and returns the answer of that type."""
        self.send(json.dumps(message))
        return self.next(answer)

    def next(self, kind: str = "", seconds: float = 15) -> dict:
        """The next message of that type (any, without one); TimeoutError when none comes in time."""
        deadline = time.monotonic() + seconds * SLOWNESS
        while True:
            message = json.loads(self._socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            assert message["timestamp"].endswith("Z"), message
            self.messages.append(message)
            if kind in ("", message["type"]):
                return message

    def notification(self, kind: str = "", seconds: float = 15) -> dict:
        """The next notification of that type."""
        while True:
            message = self.next("notification", seconds)
            if kind in ("", message["notification_type"]):
                return message

    def stored(self, count: int) -> list[dict]:
        """The next so many notifications that are also in the list (live updates are not)."""
        found: list[dict] = []
        while len(found) < count:
            message = self.next("notification")
            if message["id"] is not None:
                found.append(message)
        return found

    def nothing_more(self) -> list[dict]:
        """The messages sent up to now that were not read: the answer to a ping comes after them."""
        self.send('{"action":"ping"}')
        seen = len(self.messages)
        self.next("pong")
        return self.messages[seen:-1]

    def closed(self, seconds: float = 15) -> int:
        """The code with which the server closes."""
        deadline = time.monotonic() + seconds * SLOWNESS
        try:
            while True:
                self.messages.append(json.loads(self._socket.recv(timeout=max(0.0, deadline - time.monotonic()))))
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006
