#!/usr/bin/env python3
"""What the cache gives: three instances on MariaDB and Redis behind HAProxy, and one instance alone, on this machine.

1. Hit ratio under a Zipf load of 10,000 users who look at their statistics and profile, and now and then record something.
2. Server CPU of a hot GET /users/me and GET /stats/daily as multiples of a bare Beast server ("yardstick"), on SQLite and on MariaDB
   with Redis, with the cache and without.
3. Latency that 1,000 people with think time see, with the cache and without.
4. Requests per second and per CPU second of 1, 2 and 3 instances.

Prints the figures and writes build/bench/cache.json.

    ./dev bench cache [--seconds 6] [--users 10000] [--only ratio,hot,people,instances]
"""

import argparse
import asyncio
import base64
import contextlib
import hmac
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

import importlib.util  # noqa: E402

import httpx  # noqa: E402
from support.cluster import Cluster  # noqa: E402
from support.engines import MySqlDatabase, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.server import SECRET_KEY, Server  # noqa: E402

_spec = importlib.util.spec_from_file_location("bench_http", TOP / "bench/http.py")  # not the standard library's http
bench_http = importlib.util.module_from_spec(_spec)
sys.modules["bench_http"] = bench_http
_spec.loader.exec_module(bench_http)

ZIPF, WRITES = 1.1, 0.02
PATHS = ["/api/users/me", "/api/activities/stats/daily", "/api/activities/stats/weekly", "/api/users/me"]
LOOKS = {"LOG_LEVEL": "warning", "ACCESS_TOKEN_EXPIRE_MINUTES": "600"}


# --- users -----------------------------------------------------------------------------------------------------------


def _signing_key() -> bytes:
    """As core/crypto derives it: HKDF-SHA256 (RFC 5869) without salt."""
    extracted = hmac.digest(bytes(32), SECRET_KEY.encode(), "sha256")
    return hmac.digest(extracted, b"access token\x01", "sha256")


def token_of(user: int, session: int) -> str:
    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()

    now = int(time.time())
    claims = {"sub": str(user), "sid": session, "role": "user", "type": "access", "iat": now, "exp": now + 36000, "jti": f"bench{user}"}
    body = part({"alg": "HS256", "typ": "JWT"}) + "." + part(claims)
    return body + "." + base64.urlsafe_b64encode(hmac.digest(_signing_key(), body.encode(), "sha256")).rstrip(b"=").decode()


def make_users(database, server: Server, count: int) -> list[str]:
    """Users with a session and a little history, past the API; their access tokens."""
    template = server.new_account()
    for number in range(20):
        template.record(f"App {number}", 1 + number)
    session = int(json.loads(base64.urlsafe_b64decode(template.tokens["access_token"].split(".")[1] + "=="))["sid"])
    first = template.id + 1
    run = database.query
    now = int(time.time() * 1000)
    for begin in range(first, first + count, 1000):
        ids = range(begin, min(begin + 1000, first + count))
        run("INSERT INTO users (id, email, email_key, username, username_key, is_verified, created_at_ms, updated_at_ms) VALUES "
            + ", ".join(f"({i}, 'u{i}@example.org', 'u{i}@example.org', 'zipf{i}', 'zipf{i}', 1, {now}, {now})" for i in ids))  # fmt: skip
        run("INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at_ms, last_used_at_ms, expires_at_ms) VALUES "
            + ", ".join(f"({session + 1000 + i}, {i}, '', '', {now}, {now}, {now + 86400000})" for i in ids))  # fmt: skip
    for name in ("usage_apps", "usage_totals", "usage_days"):
        columns = {"usage_apps": "day, app_key, app_package, app_category, device_type, app_name, total_ms, sessions",
                   "usage_totals": "app_key, app_package, app_category, device_type, app_name, total_ms, sessions",
                   "usage_days": "day, total_ms, sessions"}[name]  # fmt: skip
        listed = ", ".join(f"s.{column.strip()}" for column in columns.split(","))
        run(f"INSERT INTO {name} (user_id, {columns}) SELECT u.id, {listed} FROM {name} s, users u WHERE s.user_id = {template.id} AND u.id >= {first}")
    return [token_of(i, session + 1000 + i) for i in range(first, first + count)]


# --- what is asked ---------------------------------------------------------------------------------------------------


def zipf_script(tokens: list[str], paths: list[str], writes: float) -> str:
    """wrk's requests: users by Zipf's law, who look and now and then record something."""
    bearer = ",".join(f'"Bearer {token}"' for token in tokens)
    return f"""
local tokens = {{{bearer}}}
local paths = {{{",".join(f'"{path}"' for path in paths)}}}
local sums, total = {{}}, 0
for i = 1, #tokens do total = total + 1 / i ^ {ZIPF}; sums[i] = total end
local function any_token()
  local wanted, low, high = math.random() * total, 1, #tokens
  while low < high do
    local middle = math.floor((low + high) / 2)
    if sums[middle] < wanted then low = middle + 1 else high = middle end
  end
  return tokens[low]
end
request = function()
  local headers = {{["Authorization"] = any_token(), ["Accept-Encoding"] = "identity"}}
  if math.random() < {writes} then
    headers["Content-Type"] = "application/json"
    return wrk.format("POST", "/api/activities", headers, '{{"app_name":"App 3","duration_minutes":1}}')
  end
  return wrk.format("GET", paths[math.random(#paths)], headers, nil)
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
                         errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def counters(servers: list[Server], name: str) -> float:
    total = 0.0
    for server in servers:
        for line in httpx.get(f"{server.url}/metrics", timeout=10).text.splitlines():
            if line.startswith(name) and line[len(name)] in " {":
                total += float(line.split()[-1])
    return total


class Processes:
    """Several servers asked as one: their CPU time together."""

    def __init__(self, url: str, servers: list[Server]) -> None:
        self.url = url
        self._all = [bench_http.Process(server.url, server.process.pid) for server in servers]

    def cpu_seconds(self) -> float:
        return sum(process.cpu_seconds() for process in self._all)


# --- the measurements ------------------------------------------------------------------------------------------------


def hit_ratio(cluster: Cluster, tokens: list[str], folder: Path, options) -> dict:
    script = folder / "zipf.lua"
    script.write_text(zipf_script(tokens, PATHS, WRITES))
    whole = Processes(cluster.url, cluster.instances)
    bench_http.measure(whole, script, options.seconds, 32)  # warm
    before = [counters(cluster.instances, f"focus_api_cache_{what}_total") for what in ("hits", "misses")]
    result = bench_http.measure(whole, script, options.seconds, 32)
    hits, misses = (counters(cluster.instances, f"focus_api_cache_{what}_total") - old for what, old in zip(("hits", "misses"), before, strict=True))
    ratio = hits / (hits + misses)
    print(f"hit ratio, {len(tokens)} users by Zipf's law ({ZIPF}), {WRITES:.0%} writes: {ratio:.1%} (wanted >= 90 %), "
          f"{result.requests_per_second:.0f}/s, p99 {result.p99_ms:.1f} ms, {result.errors} errors")  # fmt: skip
    return {"what": "hit ratio", "ratio": ratio, "requests_per_second": result.requests_per_second, "p99_ms": result.p99_ms, "errors": result.errors}


def hot(kind: str, server: Server, tokens: list[str], yard, folder: Path, options) -> list[dict]:
    rows = []
    hello, script = folder / "hello.lua", folder / "hot.lua"
    hello.write_text(bench_http.lua_script(bench_http.Route("", "GET", "/", {}), ["none"]))
    process = bench_http.Process(server.url, server.process.pid)
    for path in PATHS[:2]:
        script.write_text(bench_http.lua_script(bench_http.Route("", "GET", path, {}), tokens[:20]))
        bench_http.measure(process, script, 1, 64)
        runs = [(bench_http.measure(process, script, options.seconds, 64), bench_http.measure(yard, hello, options.seconds / 2, 64)) for _ in range(3)]
        cpu = statistics.median(run.cpu_us for run, _ in runs)
        unit = statistics.median(bare.cpu_us for _, bare in runs)
        rows.append({"what": "hot", "where": kind, "path": path, "cpu_us": cpu, "yardstick_cpu_us": unit, "ratio": cpu / unit})
        print(f"hot {path:30} {kind:26} {cpu:6.1f} µs  {cpu / unit:4.2f}x (wanted <= 2 with the cache)", flush=True)
    return rows


async def _people(url: str, tokens: list[str], seconds: float, think: float) -> list[float]:
    """The seconds that each request took."""
    took: list[float] = []
    until = time.monotonic() + seconds

    async def person(token: str) -> None:
        await asyncio.sleep(random.random() * think)
        reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
        while time.monotonic() < until:
            path = random.choice(PATHS)
            begun = time.monotonic()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: focus\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            took.append(time.monotonic() - begun)
            await asyncio.sleep(random.expovariate(1 / think))
        writer.close()

    await asyncio.gather(*(person(token) for token in tokens))
    return took


def people(name: str, url: str, tokens: list[str], wanted_ms: float, options) -> dict:
    asyncio.run(_people(url, tokens[:1000], 3, 2.0))
    took = sorted(asyncio.run(_people(url, tokens[:1000], options.seconds * 2, 2.0)))
    p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
    print(f"1,000 people with think time, {name}: {len(took) / options.seconds / 2:.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms (wanted <= {wanted_ms:.0f})")
    return {"what": "people", "cache": name, "p50_ms": p50, "p99_ms": p99}


def instances(cluster: Cluster, tokens: list[str], folder: Path, options) -> list[dict]:
    """The same load on 1, 2 and 3 instances, straight to each."""
    rows = []
    script = folder / "instances.lua"
    script.write_text(zipf_script(tokens, PATHS, WRITES))
    for count in (1, 2, 3):
        servers = cluster.instances[:count]
        before = [bench_http.Process(server.url, server.process.pid).cpu_seconds() for server in servers]
        runs = [subprocess.Popen(["wrk", "-t1", f"-c{48 // count}", f"-d{options.seconds:g}s", "-s", str(script), server.url], stdout=-1, text=True)
                for server in servers]  # fmt: skip
        told = [run.communicate()[0] for run in runs]
        used = sum(bench_http.Process(server.url, server.process.pid).cpu_seconds() for server in servers) - sum(before)
        found = [line.split() for text in told for line in text.splitlines() if line.startswith("RESULT")]
        requests = sum(int(words[1]) for words in found)
        rows.append({"what": "instances", "count": count, "requests_per_second": requests / options.seconds, "per_cpu_second": requests / used})
        print(f"{count} instance(s): {requests / options.seconds:.0f}/s in all, {requests / used:.0f} per CPU second of theirs", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=6, help="an even number: wrk takes whole ones")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--only", default="ratio,hot,people,instances")
    options = parser.parse_args()
    only, rows = options.only.split(","), []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-")))
        cluster = stack.enter_context(contextlib.closing(Cluster(**LOOKS)))
        database: MySqlDatabase = cluster.database
        tokens = make_users(database, cluster.instances[0], options.users)
        plain = stack.enter_context(contextlib.closing(Server(database, cluster.mail, CACHE_ENABLED="false", **LOOKS))).start()
        if "ratio" in only:
            rows.append(hit_ratio(cluster, tokens, folder, options))
        if "hot" in only:
            yard = stack.enter_context(bench_http.yardstick())
            rows += hot("MariaDB and Redis, cached", cluster.instances[0], tokens, yard, folder, options)
            rows += hot("MariaDB, not cached", plain, tokens, yard, folder, options)
            mail = stack.enter_context(contextlib.closing(MailSink()))
            alone = SqliteDatabase(folder)
            for name, enabled in (("SQLite, cached", "true"), ("SQLite, not cached", "false")):
                with contextlib.closing(Server(alone, mail, CACHE_ENABLED=enabled, **LOOKS)) as server:
                    rows += hot(name, server.start(), [server.new_account().tokens["access_token"] for _ in range(20)], yard, folder, options)
        if "people" in only:
            rows.append(people("cached", cluster.url, tokens, 50, options))
            rows.append(people("not cached", plain.url, tokens, 200, options))
        if "instances" in only:
            rows += instances(cluster, tokens, folder, options)
    result = TOP / "build/bench/cache.json"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"options": vars(options), "results": rows}, indent=1) + "\n")
    print(f"written to {result.relative_to(TOP)}")


if __name__ == "__main__":
    main()
