"""HTTP as bytes, for requests that a conforming client never sends."""

import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from .processes import SLOWNESS


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Raw:
    """One connection."""

    def __init__(self, server, seconds: float = 15) -> None:
        self.server = server
        url = urlsplit(server.url)
        self.host = f"{url.hostname}:{url.port}"
        self.socket = socket.create_connection((url.hostname, url.port), timeout=seconds * SLOWNESS)
        self._kept = b""

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Sends; it is no error if the peer has closed already."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def request(self, line: str, *headers: str, body: bytes = b"") -> "Answer | None":
        """Sends a whole request with the right Host; returns the answer."""
        head = "\r\n".join([line, f"Host: {self.host}", *headers, "", ""])
        self.send(head.encode("latin-1") + body)
        return self.answer()

    def _more(self) -> bool:
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self._kept += piece
        return bool(piece)

    def answer(self, head: bool = False) -> Answer | None:
        """The next answer; nothing when the connection ends first. `head`: it answers HEAD and has no body."""
        while b"\r\n\r\n" not in self._kept:
            if not self._more():
                return None
        text, self._kept = self._kept.split(b"\r\n\r\n", 1)
        first, *rest = text.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in rest)}
        status = int(first.split()[1])
        if head or status in (204, 304) or status < 200:
            return Answer(status, headers, b"")
        length = int(headers["content-length"])
        while len(self._kept) < length:
            if not self._more():
                return None
        body, self._kept = self._kept[:length], self._kept[length:]
        return Answer(status, headers, body)

    def closed_within(self, seconds: float) -> float:
        """Reads until the server closes; returns the duration. Fails if it does not close."""
        begun = time.monotonic()
        self.socket.settimeout(seconds * SLOWNESS)
        try:
            while self._more():
                pass
        except TimeoutError:
            raise AssertionError(f"the connection was still open after {seconds} s") from None
        return time.monotonic() - begun

    def is_open(self) -> bool:
        """Whether another request on this connection is answered."""
        answer = self.request("GET /api/health/live HTTP/1.1")
        return answer is not None and answer.status == 200
