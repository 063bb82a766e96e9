#!/usr/bin/env python3
"""What happens to a load when something breaks: for each fault the errors that clients saw, the time until all was well
again, and whether anything that was acknowledged is lost, doubled or counted wrong.

People record activities (each with an Idempotency-Key; an answer that did not come is asked for again with the same key until
it does), and look at their statistics, which must show at least everything that was acknowledged to them. Three instances on MariaDB and
Redis behind HAProxy, except where the fault is one of SQLite. Prints the table, and writes it into docs/reliability.md with
--write.

    ./dev bench faults [--seconds 12] [--rate 200] [--only NAME,NAME] [--write]
    ./dev bench faults --everything [--minutes 60] [--attacks abcd] [--database sqlite|mysql]     # attackers: bench/everything.py
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))
sys.path.append(str(TOP / "bench"))  # behind the library's modules, as bench/http.py is not its http

import everything  # noqa: E402
import httpx  # noqa: E402
from support.client import Account  # noqa: E402
from support.cluster import Cluster  # noqa: E402
from support.engines import SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.processes import eventually  # noqa: E402
from support.server import Server  # noqa: E402

PEOPLE, WRITES, PATIENCE = 40, 0.3, 90
BEGIN, END = "<!-- faults: begin (written by bench/faults.py) -->", "<!-- faults: end -->"


# --- the load --------------------------------------------------------------------------------------------------------


@dataclass
class Person:
    account: Account
    acknowledged: set[str] = field(default_factory=set)  # keys of the activities
    unsettled: int = 0  # writes whose outcome is not known yet


@dataclass
class Load:
    """`rate` requests per second, begun when they are due whatever became of the earlier ones."""

    url: str
    people: list[Person]
    rate: float
    errors: Counter = field(default_factory=Counter)
    failed_at: list[float] = field(default_factory=list)
    slowest: float = 0
    requests: int = 0
    stale: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=500, max_keepalive_connections=100)
        async with httpx.AsyncClient(base_url=self.url, timeout=30, limits=limits) as client:
            tasks: set[asyncio.Task] = set()
            due = time.monotonic()
            while not self._stop.is_set():
                person = random.choice(self.people)
                task = asyncio.create_task(self._write(client, person) if random.random() < WRITES else self._read(client, person))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                due += 1 / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await asyncio.gather(*tasks)

    async def _ask(self, client: httpx.AsyncClient, person: Person, method: str, path: str, **options) -> httpx.Response | None:
        """The answer, or nothing for one that is an error; counts."""
        headers = {"Authorization": f"Bearer {person.account.tokens['access_token']}"} | options.pop("headers", {})
        begun = time.monotonic()
        self.requests += 1
        try:
            answer = await client.request(method, path, headers=headers, **options)
            error = "" if answer.status_code < 400 else str(answer.status_code)
        except httpx.TransportError as failure:
            answer, error = None, type(failure).__name__
        now = time.monotonic()
        self.slowest = max(self.slowest, now - begun)
        if error:
            self.errors[error] += 1
            self.failed_at.append(now)
            return None
        return answer

    async def _write(self, client: httpx.AsyncClient, person: Person) -> None:
        key = uuid.uuid4().hex
        body = {"app_name": "Mail", "duration_minutes": 1, "session_id": key}
        person.unsettled += 1
        for attempt in range(10_000):
            answer = await self._ask(client, person, "POST", "/api/activities", json=body, headers={"Idempotency-Key": key})
            if answer is not None:
                person.acknowledged.add(key)
                person.unsettled -= 1
                return
            await asyncio.sleep(min(1.0, 0.1 * 2**attempt))

    async def _read(self, client: httpx.AsyncClient, person: Person) -> None:
        known = len(person.acknowledged)
        answer = await self._ask(client, person, "GET", "/api/activities/stats/daily")
        if answer is not None and answer.json()["total_time"] < known:
            self.stale += 1


# --- the faults ------------------------------------------------------------------------------------------------------


class Place:
    """Where a fault happens: what is asked, its database, its mail sink."""

    def __init__(self, stack: contextlib.ExitStack, kind: str) -> None:
        if kind == "cluster":
            self.cluster = stack.enter_context(contextlib.closing(Cluster(durable=True, LOG_LEVEL="warning")))
            self.url, self.database, self.mail, self.front = self.cluster.url, self.cluster.database, self.cluster.mail, self.cluster
        else:
            self.folder = Path(stack.enter_context(small_disk()))
            self.mail = stack.enter_context(contextlib.closing(MailSink()))
            self.database = SqliteDatabase(self.folder)
            self.front = stack.enter_context(contextlib.closing(Server(self.database, self.mail, LOG_LEVEL="warning")))
            self.front.start()
            self.url = self.front.url


@contextlib.contextmanager
def small_disk():
    with tempfile.TemporaryDirectory(prefix="focus-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "focus", folder], check=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@dataclass
class Fault:
    name: str
    begin: Callable[[Place], object]
    end: Callable[[Place, object], None] = lambda place, state: None
    place: str = "cluster"


def kill_instance(place: Place) -> Server:
    server = place.cluster.instances[0]
    server.kill()
    return server


def freeze_instance(place: Place) -> Server:
    server = place.cluster.instances[0]
    server.process.send_signal(19)
    return server


def kill_mariadb(place: Place) -> None:
    place.cluster.mariadb.process.kill()
    place.cluster.mariadb.process.wait()


def start_mariadb(place: Place, _state) -> None:
    place.cluster.mariadb.start(place.cluster.mariadb.port)


def restart_redis_empty(place: Place) -> None:
    place.cluster.redis.kill()
    place.cluster.redis.start()


def fill_disk(place: Place) -> Path:
    ballast = place.folder / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return ballast


def slow_clients(place: Place) -> list[socket.socket]:
    """1,000 connections, each in the middle of a request that it sends a byte of every second."""
    address = place.url.removeprefix("http://").split(":")
    clients = []
    for _ in range(1000):
        client = socket.create_connection((address[0], int(address[1])), timeout=10)
        client.sendall(b"POST /api/activities HTTP/1.1\r\nHost: focus\r\nContent-Type: application/json\r\nContent-Length: 900\r\nX-Slow: ")
        clients.append(client)
    stopping = threading.Event()

    def trickle() -> None:
        while not stopping.wait(1):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(b"x")

    threading.Thread(target=trickle, daemon=True).start()
    return [stopping, *clients]


def close_slow(_place: Place, state: list) -> None:
    state[0].set()
    for client in state[1:]:
        client.close()


def mails_waiting(place: Place) -> None:
    """Something to deliver while the mail server has its fault."""
    for _ in range(20):
        httpx.post(f"{place.url}/api/auth/forgot-password", json={"email": place.somebody}, timeout=30)


def smtp_down(place: Place) -> None:
    place.mail.go_down()
    mails_waiting(place)


def smtp_slow(place: Place) -> socket.socket:
    """A mail server that takes connections and never says a word."""
    port = place.mail.port
    place.mail.go_down()
    listener = socket.create_server(("127.0.0.1", port))
    mails_waiting(place)
    return listener


def smtp_back(place: Place, listener) -> None:
    if listener is not None:
        listener.close()
    place.mail.come_up()


FAULTS = [
    Fault("nothing", lambda place: None),
    Fault("instance killed (kill -9), started again", kill_instance, lambda place, server: server.start()),
    Fault("instance hung (SIGSTOP)", freeze_instance, lambda place, server: server.process.send_signal(18)),
    Fault("Redis killed, started again", lambda place: place.cluster.redis.kill(), lambda place, _: place.cluster.redis.start()),
    Fault("Redis hung (SIGSTOP)", lambda place: place.cluster.redis.pause(), lambda place, _: place.cluster.redis.resume()),
    Fault("Redis restarted empty", restart_redis_empty),
    Fault("MariaDB killed (kill -9), started again", kill_mariadb, start_mariadb),
    Fault("MariaDB hung (SIGSTOP)", lambda place: place.cluster.mariadb.pause(), lambda place, _: place.cluster.mariadb.resume()),
    Fault("MariaDB restarted", lambda place: place.cluster.mariadb.stop(), start_mariadb),
    Fault("MariaDB read-only", lambda place: place.cluster.mariadb.set_read_only(True), lambda place, _: place.cluster.mariadb.set_read_only(False)),
    Fault("disk full (SQLite)", fill_disk, lambda place, ballast: ballast.unlink(), place="sqlite"),
    Fault("SMTP server down", smtp_down, smtp_back),
    Fault("SMTP server silent", smtp_slow, smtp_back),
    Fault("1,000 slow clients", slow_clients, close_slow),
]


# --- the verdict -----------------------------------------------------------------------------------------------------


@dataclass
class Verdict:
    name: str
    requests: int
    errors: Counter
    slowest: float
    recovery: float  # seconds from the end of the fault to the last error
    stale: int
    lost: int
    doubled: int
    wrong_totals: int

    def is_good(self) -> bool:
        return not (self.stale or self.lost or self.doubled or self.wrong_totals)


def verify(place: Place, load: Load) -> tuple[int, int, int]:
    """Acknowledged activities that are not there, those that are there twice, and people whose total is not the sum of their rows."""
    lost = doubled = wrong = 0
    for person in load.people:
        rows = place.database.query(f"SELECT session_id FROM activities WHERE user_id = {person.account.id} AND session_id IS NOT NULL")
        keys = Counter(row[0] for row in rows)
        lost += len(person.acknowledged - set(keys))
        doubled += sum(count - 1 for count in keys.values())
        total = httpx.get(f"{place.url}/api/activities/stats/daily", timeout=30,
                          headers={"Authorization": f"Bearer {person.account.tokens['access_token']}"}).json()["total_time"]  # fmt: skip
        wrong += total != sum(keys.values())
    return lost, doubled, wrong


def try_fault(place: Place, fault: Fault, options) -> Verdict:
    people = [Person(place.front.new_account()) for _ in range(PEOPLE)]
    place.somebody = people[0].account.email
    load = Load(place.url, people, options.rate)
    load.start()
    time.sleep(3)
    calm = sum(load.errors.values())
    state = fault.begin(place)
    time.sleep(options.seconds)
    fault.end(place, state)
    ended = time.monotonic()
    # It has recovered when nothing has failed for 3 s and every write has got its answer.
    eventually(lambda: time.monotonic() - max([ended, *load.failed_at]) > 3 and not any(person.unsettled > 3 for person in people),
               f"recovery from {fault.name}", PATIENCE)  # fmt: skip
    load.end()
    assert calm == 0, f"errors before the fault: {load.errors}"
    lost, doubled, wrong = verify(place, load)
    recovery = max([0.0, *(at - ended for at in load.failed_at)])
    return Verdict(fault.name, load.requests, load.errors, load.slowest, recovery, load.stale, lost, doubled, wrong)


HEADINGS = ["fault", "requests", "errors seen", "slowest answer", "back after", "stale reads", "acknowledged writes lost", "duplicates", "wrong totals"]


def cells(verdict: Verdict) -> list[str]:
    errors = ", ".join(f"{count} × {name}" for name, count in sorted(verdict.errors.items())) or "none"
    return [verdict.name, f"{verdict.requests:,}", errors, f"{verdict.slowest:.2f} s", f"{verdict.recovery:.1f} s", str(verdict.stale), str(verdict.lost),
            str(verdict.doubled), str(verdict.wrong_totals)]  # fmt: skip


def table(verdicts: list[Verdict], options) -> str:
    lines = [HEADINGS, ["---"] * len(HEADINGS), *map(cells, verdicts)]
    about = f"{options.rate:.0f} requests per second, each fault for {options.seconds:.0f} s, {os.cpu_count()} cores shared with the clients, {time.strftime('%Y-%m-%d')}."
    return about + "\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--only", default="", help="parts of names, separated by commas")
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    parser.add_argument("--everything", action="store_true", help="attackers of four kinds beside 100 users instead (bench/everything.py)")
    parser.add_argument("--minutes", type=float, default=60, help="with --everything")
    parser.add_argument("--attacks", default="abcd", help="with --everything: the attackers' kinds")
    parser.add_argument("--database", choices=["sqlite", "mysql"], default="sqlite", help="with --everything")
    options = parser.parse_args()
    if options.everything:
        return 0 if everything.measure(options.minutes, options.attacks, options.database) else 1
    wanted = [fault for fault in FAULTS if not options.only or any(part in fault.name for part in options.only.split(","))]
    verdicts = []
    for kind in ("cluster", "sqlite"):
        faults = [fault for fault in wanted if fault.place == kind]
        with contextlib.ExitStack() as stack:
            place = Place(stack, kind) if faults else None
            for fault in faults:
                verdicts.append(try_fault(place, fault, options))
                print(" | ".join(cells(verdicts[-1])), flush=True)
    verdicts.sort(key=lambda verdict: [fault.name for fault in FAULTS].index(verdict.name))
    if options.write:
        page = TOP / "docs/reliability.md"
        text = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n{table(verdicts, options)}\n{END}", page.read_text(), flags=re.DOTALL)
        page.write_text(text)
        print(f"written to {page.relative_to(TOP)}")
    return 0 if all(verdict.is_good() for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
