"""An SMTP server in this process that keeps the mails, and can be made to refuse them or to hang."""

import email
import email.policy
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from .processes import SLOWNESS, free_port


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    raw: bytes
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self.message.get_body(("plain",)).get_content()

    @property
    def html(self) -> str:
        return self.message.get_body(("html",)).get_content()

    def link(self, path: str) -> str:
        """The link of the text part whose path ends with `path`."""
        links = [link for link in re.findall(r"https?://[^\s<>\"]+", self.text) if urlsplit(link).path.endswith(path)]
        assert links, f"no link to {path} in:\n{self.text}"
        return links[0]

    def token(self, path: str) -> str:
        return parse_qs(urlsplit(self.link(path)).query)["token"][0]


class _Handler:
    def __init__(self, sink: "MailSink") -> None:
        self._sink = sink

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (the library's name)
        return self._sink.take(envelope)


class MailSink:
    """`mails` in the order of arrival. `answer` decides each delivery: "250 OK" keeps it, any other text refuses it."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.tries = 0
        self.answer: Callable[[str], str] = lambda recipient: "250 OK"
        self._arrived = threading.Condition()
        self.port = free_port()
        self._start()

    def _start(self) -> None:
        class Quiet(Controller):
            def factory(self) -> SMTP:
                return SMTP(self.handler, hostname="sink", enable_SMTPUTF8=True)

        self._controller = Quiet(_Handler(self), hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def take(self, envelope) -> str:
        with self._arrived:
            self.tries += 1
            answer = self.answer(envelope.rcpt_tos[0])
            if answer.startswith("250"):
                message = email.message_from_bytes(envelope.content, policy=email.policy.default)
                self.mails.append(Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.content, message))
            self._arrived.notify_all()
            return answer

    def to(self, recipient: str) -> list[Mail]:
        return [mail for mail in self.mails if recipient in mail.recipients]

    def wait_for(self, recipient: str, path: str = "", count: int = 1, seconds: float = 20) -> Mail:
        """The newest mail to `recipient` (with a link to `path`), once there are `count` of them."""
        deadline = time.monotonic() + seconds * SLOWNESS
        with self._arrived:
            while True:
                found = [mail for mail in self.to(recipient) if path in mail.text]
                if len(found) >= count:
                    return found[-1]
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no mail #{count} for {recipient} {path}; there are {[m.subject for m in self.to(recipient)]}")
                self._arrived.wait(left)

    def wait_for_tries(self, count: int, seconds: float = 20) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.tries >= count, seconds * SLOWNESS), f"{self.tries} deliveries tried, not {count}"

    def go_down(self) -> None:
        """Connections are refused until come_up()."""
        self._controller.stop()

    def come_up(self) -> None:
        self._start()

    def close(self) -> None:
        self._controller.stop()
