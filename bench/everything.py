#!/usr/bin/env python3
"""Attackers of four kinds beside 100 normal users, on one server process with its usual limits, every acknowledged write of the
users accounted for. Started by `./dev bench faults --everything [--minutes 60] [--attacks abcd] [--database sqlite|mysql]`.

    a  60,000 names of apps, then GET /api/activities/apps?limit=1 eight times at once, again and again
    b  bodies that unpack to 8 MiB, 200 at once, and 8 MiB bodies without their last byte
    c  batches of 1,000 new names on 16 connections
    d  wrong passwords from 60 addresses

The users record (with an Idempotency-Key, until it is acknowledged), read their statistics, which must show everything that was
acknowledged to them, and sign in again. Prints one row: what they saw, then what the database has at the end.
"""

import asyncio
import contextlib
import gzip
import json
import multiprocessing
import os
import random
import re
import socket
import statistics
import tempfile
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from support.client import Account
from support.engines import MariaDb, SqliteDatabase
from support.mail import MailSink
from support.server import Server

USERS, PAUSE, PATIENCE = 100, 2.0, 120
BOMB = gzip.compress(b" " * (8 << 20))


# --- the attackers, each a process of its own that gets only processor time which is left ----------------------------


def over_and_over(url: str, token: str, stop, crowd: int, ask) -> None:
    """`ask(client)` on `crowd` connections until the end; a refused one waits as long as the answer says."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def one(_: int) -> None:
        with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
            while not stop.is_set():
                try:
                    answer = ask(client)
                    if answer.status_code in (401, 429, 503):
                        stop.wait(min(5.0, float(answer.headers.get("Retry-After", 1))))
                except httpx.TransportError:
                    stop.wait(1)

    with ThreadPoolExecutor(crowd) as pool:
        list(pool.map(one, range(crowd)))


def batch(client: httpx.Client) -> httpx.Response:
    run = uuid.uuid4().hex[:12]
    rows = [{"app_name": f"{run}-{i}", "duration_minutes": 1} for i in range(1000)]
    return client.post("/api/activities/batch", json={"activities": rows})


def names(url: str, token: str, stop) -> None:
    made = 0

    def until_made(client: httpx.Client) -> httpx.Response:
        nonlocal made
        if made < 60:
            answer = batch(client)
            made += answer.status_code == 200
            return answer
        return client.get("/api/activities/apps", params={"limit": 1})

    over_and_over(url, token, stop, 8, until_made)


def bodies(url: str, token: str, stop) -> None:
    host, port = re.fullmatch(r"http://(.*):(\d+)", url).groups()
    head = f"POST /api/activities/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {8 << 20}\r\n\r\n".encode()

    def unfinished() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=30) as connection:
                connection.sendall(head + b" " * ((8 << 20) - 1))
                connection.recv(1)
            stop.wait(1)

    threads = [threading.Thread(target=unfinished, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    over_and_over(url, token, stop, 200, lambda client: client.post("/api/activities/batch", content=BOMB, headers={"Content-Encoding": "gzip"}))


def batches(url: str, token: str, stop) -> None:
    over_and_over(url, token, stop, 16, batch)


def guessers(url: str, email: str, stop) -> None:
    def one(number: int) -> None:
        transport = httpx.HTTPTransport(local_address=f"127.0.0.{number + 10}")
        with httpx.Client(base_url=url, transport=transport, timeout=120) as client:
            while not stop.is_set():
                with contextlib.suppress(httpx.TransportError):
                    client.post("/api/auth/login", json={"email": email, "password": f"Wrong-{uuid.uuid4().hex}"})

    with ThreadPoolExecutor(60) as pool:
        list(pool.map(one, range(60)))


ATTACKS = {"a": names, "b": bodies, "c": batches, "d": guessers}


def attack(kind: str, url: str, secret: str, stop) -> None:
    os.nice(19)
    ATTACKS[kind](url, secret, stop)


# --- the users -------------------------------------------------------------------------------------------------------------


@dataclass
class User:
    account: Account
    address: str
    acknowledged: set[str] = field(default_factory=set)


@dataclass
class Life:
    """What all users saw."""

    url: str
    ends: float
    times: list[float] = field(default_factory=list)
    signing_in: list[float] = field(default_factory=list)
    errors: Counter = field(default_factory=Counter)
    stale: int = 0

    def run(self, users: list[User]) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self._live(user) for user in users))

        asyncio.run(all_of_them())

    async def _live(self, user: User) -> None:
        transport = httpx.AsyncHTTPTransport(local_address=user.address)
        async with httpx.AsyncClient(base_url=self.url, transport=transport, timeout=60) as client:
            await asyncio.sleep(random.uniform(0, PAUSE))
            while time.monotonic() < self.ends:
                dice = random.random()
                await (self._record(client, user) if dice < 0.5 else self._read(client, user) if dice < 0.97 else self._sign_in(client, user))
                await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE)

    async def _ask(self, client: httpx.AsyncClient, user: User, method: str, path: str, **options) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {user.account.tokens['access_token']}"} | options.pop("headers", {})
        begun = time.monotonic()
        try:
            answer = await client.request(method, path, headers=headers, **options)
            error = "" if answer.status_code < 400 else str(answer.status_code)
        except httpx.TransportError as failure:
            answer, error = None, type(failure).__name__
        self.times.append(time.monotonic() - begun)
        if error == "401":
            await self._sign_in(client, user)
        if error:
            self.errors[error] += 1
            return None
        return answer

    async def _record(self, client: httpx.AsyncClient, user: User) -> None:
        key = uuid.uuid4().hex
        body = {"app_name": "Mail", "duration_minutes": 1, "session_id": key}
        while time.monotonic() < self.ends + PATIENCE:
            if await self._ask(client, user, "POST", "/api/activities", json=body, headers={"Idempotency-Key": key}):
                user.acknowledged.add(key)
                return
            await asyncio.sleep(1)

    async def _read(self, client: httpx.AsyncClient, user: User) -> None:
        known = len(user.acknowledged)
        answer = await self._ask(client, user, "GET", "/api/users/me/stats")
        if answer is not None and answer.json()["total_time_minutes"] < known:
            self.stale += 1

    async def _sign_in(self, client: httpx.AsyncClient, user: User) -> None:
        credentials = {"email": user.account.email, "password": user.account.password}
        begun = time.monotonic()
        try:
            answer = await client.post("/api/auth/login", json=credentials)
        except httpx.TransportError as failure:
            self.errors[type(failure).__name__] += 1
            return
        self.signing_in.append(time.monotonic() - begun)
        if answer.status_code == 200:
            user.account.tokens = answer.json()
        else:
            self.errors[f"{answer.status_code} signing in"] += 1


# --- the scenario ----------------------------------------------------------------------------------------------------------


class Watch(threading.Thread):
    """Starts the server again when it has ended, and sees how much memory it takes."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server, self.restarts, self.most, self.over = server, 0, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.5):
            if self.server.process.poll() is not None:
                self.restarts += 1
                with contextlib.suppress(AssertionError):
                    self.server.start()
            with contextlib.suppress(OSError):
                self.most = max(self.most, self.server.resident_bytes())


def verify(server: Server, users: list[User]) -> tuple[int, int, int, int]:
    """Acknowledged activities that are not there, those that are there twice, users whose total is not the sum of their rows, and
    accounts (the attackers' too) for which the sums by day and in all are not those of their rows."""
    lost = doubled = wrong = 0
    for user in users:
        keys = Counter(row[0] for row in server.database.query(f"SELECT session_id FROM activities WHERE user_id = {user.account.id}"))
        lost += len(user.acknowledged - set(keys))
        doubled += sum(count - 1 for count in keys.values())
        answer = httpx.get(f"{server.url}/api/users/me/stats", headers={"Authorization": f"Bearer {user.account.tokens['access_token']}"}, timeout=60)
        wrong += answer.json()["total_time_minutes"] != sum(keys.values())
    sums = [{user: (float(total), int(count)) for user, total, count in server.database.query(sql)} for sql in (
        "SELECT user_id, SUM(duration_ms), COUNT(*) FROM activities GROUP BY user_id",
        "SELECT user_id, SUM(total_ms), SUM(sessions) FROM usage_days WHERE sessions > 0 GROUP BY user_id",
        "SELECT user_id, SUM(total_ms), SUM(sessions) FROM usage_apps WHERE sessions > 0 GROUP BY user_id",
        "SELECT user_id, SUM(total_ms), SUM(sessions) FROM usage_totals WHERE sessions > 0 GROUP BY user_id")]  # fmt: skip
    unequal = sum(any(other.get(user) != of_rows for other in sums[1:]) for user, of_rows in sums[0].items())
    return lost, doubled, wrong, unequal


def measure(minutes: float, attacks: str, kind: str) -> bool:
    with contextlib.ExitStack() as stack:
        mail = stack.enter_context(contextlib.closing(MailSink()))
        if kind == "sqlite":
            database = SqliteDatabase(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        else:
            database = stack.enter_context(contextlib.closing(MariaDb())).database()
        server = stack.enter_context(contextlib.closing(Server(database, mail, LOG_LEVEL="warning")))
        server.start()
        users = [User(server.new_account(), f"127.0.1.{number + 1}") for number in range(USERS)]
        attackers = {kind: server.new_account() for kind in attacks}
        server.settings |= {"RATE_LIMIT_ENABLED": "true", "BCRYPT_COST": "12"}  # as it is outside of tests
        server.restart()
        watch = Watch(server)
        watch.start()
        spawn = multiprocessing.get_context("spawn")
        stop = spawn.Event()
        life = Life(server.url, time.monotonic() + minutes * 60)
        processes = []
        for name, account in attackers.items():
            secret = account.email if name == "d" else account.tokens["access_token"]
            processes.append(spawn.Process(target=attack, args=(name, server.url, secret, stop), daemon=True))
            processes[-1].start()
        try:
            life.run(users)
        finally:
            stop.set()
            for process in processes:
                process.join(10)
                process.kill()
            watch.over.set()
            watch.join()
        cuts = statistics.quantiles(life.times, n=100)
        sign_in = statistics.quantiles(life.signing_in, n=20)[18] if len(life.signing_in) > 1 else 0.0
        lost, doubled, wrong, unequal = verify(server, users)
        errors = ", ".join(f"{count} × {name}" for name, count in sorted(life.errors.items())) or "none"
        headings = ["database", "requests of users", "errors seen", "p50", "p95", "p99", "slowest", "p95 of signing in", "restarts", "rss at most, at the end",
                    "stale reads", "acknowledged writes lost", "duplicates", "wrong totals", "wrong sums"]  # fmt: skip
        row = [kind, f"{len(life.times):,}", errors, *(f"{cuts[at - 1]:.3f} s" for at in (50, 95, 99)), f"{max(life.times):.2f} s", f"{sign_in:.2f} s", str(watch.restarts),
               f"{watch.most >> 20} MiB, {server.resident_bytes() >> 20} MiB", *map(str, (life.stale, lost, doubled, wrong, unequal))]  # fmt: skip
        print(json.dumps(dict(zip(headings, row, strict=True)), ensure_ascii=False, indent=2), flush=True)
        print(" | ".join(row), flush=True)
        return not (watch.restarts or life.stale or lost or doubled or wrong or unequal)
