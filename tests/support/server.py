"""The real binary, started on a free port with settings from the environment, and its clients."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import httpx

from .client import Account, Client
from .contract import Contract
from .engines import TOP
from .mail import MailSink
from .processes import SLOWNESS, eventually, free_port, spawn, stop

BINARY = Path(os.environ.get("FOCUS_BINARY") or TOP / "build/release/focus")
SECRET_KEY = "a-secret-key-of-the-tests-0123456789"
FRONTEND_URL = "https://focus.example"
_numbers = itertools.count(1)  # per process: servers may share a mail sink, so all accounts have different addresses
_PASSED_ON = ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


def base_environment() -> dict[str, str]:
    """An environment without variables that the server could read as settings."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


class Clients:
    """Clients and accounts of the server at `url`."""

    url: str
    mail: MailSink | None

    def __init__(self) -> None:
        self._contract: Contract | None = None

    @property
    def contract(self) -> Contract:
        if self._contract is None:
            answer = httpx.get(f"{self.url}/api/openapi.json", timeout=30)
            assert answer.status_code == 200, answer.text
            self._contract = Contract(answer.json())
        return self._contract

    def client(self, **options) -> Client:
        """A client that is not signed in."""
        return Client(self, **options)

    def new_account(self, *, verified: bool = True, signed_in: bool = True, **fields) -> Account:
        """A new user with a unique name; `fields` go into the registration."""
        name = f"user{os.getpid()}x{next(_numbers)}"
        account = Account(self, {"email": f"{name}@example.org", "username": name, "password": "Secret-passw0rd"} | fields)
        account.register()
        if verified:
            account.verify()
        if signed_in:
            account.login()
        return account

    def set_clock(self, now: str) -> None:
        """Sets the server's clock to `now` (RFC 3339); it continues from there."""
        answer = httpx.post(f"{self.url}/dev/clock", json={"now": now})
        assert answer.status_code in (200, 204), answer.text

    def reset_clock(self) -> None:
        self.set_clock(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


class Server(Clients):
    """One process of the server; start(), kill() and restart() may be called any number of times."""

    def __init__(self, database, mail: MailSink | None = None, **settings: str) -> None:
        super().__init__()
        self.database, self.mail = database, mail
        self.folder = Path(tempfile.mkdtemp(prefix="focus-server-"))
        self.lines: list[str] = []
        self.settings = {
            "DATABASE_URL": database.url, "HOST": "127.0.0.1", "PORT": "0", "SECRET_KEY": SECRET_KEY, "ENVIRONMENT": "development",
            "LOG_FORMAT": "json", "LOG_LEVEL": "info", "FRONTEND_URL": FRONTEND_URL, "RATE_LIMIT_ENABLED": "false", "WORKERS": "2",
            "BCRYPT_COST": "4",
        }  # fmt: skip
        if mail:
            self.settings |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(mail.port), "MAIL_FROM": "focus@focus.example",
                              "MAIL_TLS": "false", "MAIL_SSL": "false"}  # fmt: skip
        self.settings |= settings
        self.process = None
        self.url = ""

    # --- the process -------------------------------------------------------------------------------------------

    def launch(self) -> None:
        """Starts the process without waiting for it to be ready."""
        self._launched_at = len(self.lines)  # the lines before are of an earlier process
        if self._is_silent and self.settings["PORT"] == "0":
            self.settings["PORT"] = str(free_port())
        self.process = spawn([str(BINARY), "serve"], cwd=self.folder, env=base_environment() | self.settings,
                             stdout=-1, stderr=-2, text=True, errors="replace")  # fmt: skip
        self.url = ""
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def start(self, seconds: float = 30) -> "Server":
        self.launch()
        eventually(self.is_listening, "the server to listen", seconds)
        eventually(self.is_ready, "the server to be ready", seconds)
        return self

    def _read(self, stream) -> None:
        for line in stream:
            self.lines.append(line.rstrip("\n"))
        stream.close()

    def is_listening(self) -> bool:
        if self.process.poll() is not None:
            self._reader.join(5)
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}")
        if self._is_silent:
            self.url = f"http://127.0.0.1:{self.settings['PORT']}"
            return self.is_ready()
        for record in reversed(self.records(self._launched_at)):
            if record.get("event") == "listening":
                self.url = record["address"]
                return True
        return False

    @property
    def _is_silent(self) -> bool:
        """For a server whose log does not have its address."""
        return self.settings.get("LOG_LEVEL") in ("warning", "error", "critical")

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def records(self, since: int = 0) -> list[dict]:
        """The log so far (from line `since` on), JSON lines only."""
        found = []
        for line in self.lines[since:]:
            if line.startswith("{"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found

    def log(self) -> str:
        return "\n".join(self.lines[-400:])

    def kill(self) -> None:
        """Sends SIGKILL: to the database this is a crash."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)

    def terminate(self, patience: float = 15) -> int:
        status = stop(self.process, patience)
        self._reader.join(5)
        return status

    def restart(self) -> "Server":
        self.terminate()
        self.lines.clear()
        return self.start()

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.terminate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        """Runs `focus ARGUMENTS` with the settings of this server."""
        return subprocess.run([str(BINARY), *arguments], cwd=self.folder, env=base_environment() | self.settings,
                              capture_output=True, text=True, timeout=60 * SLOWNESS)  # fmt: skip

    def new_admin(self, **fields) -> Account:
        """A new administrator, signed in."""
        name = f"admin{os.getpid()}x{next(_numbers)}"
        account = Account(self, {"email": f"{name}@example.org", "username": name, "password": "Secret-passw0rd"} | fields)
        made = self.command("admin", "create", "--email", account.email, "--username", account.username,
                            "--admin-email", account.email, "--admin-password", account.password)  # fmt: skip
        assert made.returncode == 0, made.stderr
        account.id = account.login()["user"]["id"]
        return account

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
