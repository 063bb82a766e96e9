#!/usr/bin/env python3
"""sqlmap against every parameter of the OpenAPI document: query, path and each field of a JSON body, as an administrator (who
may call everything), on SQLite and on MariaDB. Exits with status 1 when sqlmap finds an injection, or could not test.

    ./dev test security [--minutes 10] [--level 1] [--only REGEX]
"""

import argparse
import contextlib
import datetime
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

from support.client import expect  # noqa: E402
from support.engines import MariaDb, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.server import Server  # noqa: E402

FOUND = "sqlmap identified the following injection point"
NOTHING = "all tested parameters do not appear to be injectable"
BY_FORMAT = {
    "date": str(datetime.date.today()), "date-time": "2026-01-01T00:00:00Z", "email": "somebody@example.org", "uri": "https://example.org/",
}  # fmt: skip
BY_NAME = {"password": "Secret-passw0rd", "new_password": "Secret-passw0rd", "username": "somebody", "timezone": "Europe/Paris", "name": "A challenge"}


class Samples:
    """Values that pass validation, by a schema, so that the request gets as far as the database."""

    def __init__(self, document: dict) -> None:
        self._document = document

    def resolve(self, schema: dict) -> dict:
        while "$ref" in schema:
            found = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self.resolve(next(one for one in schema[key] if one.get("type") != "null"))
        return schema

    def value(self, schema: dict, name: str = ""):
        schema = self.resolve(schema)
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        kind = schema.get("type", "string")
        if isinstance(kind, list):
            kind = next(one for one in kind if one != "null")
        if kind == "object":
            return {field: self.value(sub, field) for field, sub in schema.get("properties", {}).items()}
        if kind == "array":
            return [self.value(schema.get("items", {}), name)] * max(1, schema.get("minItems", 1))
        if kind in ("integer", "number"):
            return max(1, schema.get("minimum", 1))
        if kind == "boolean":
            return True
        return BY_NAME.get(name) or BY_FORMAT.get(schema.get("format", "")) or schema.get("default") or "sample"[: schema.get("maxLength", 6)]


def requests(server: Server, token: str, victim_id: int):
    """(name, raw request) of every operation with input; `*` marks parameters of the path."""
    document = server.contract.document
    samples = Samples(document)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parameters = [samples.resolve(one) for one in operation.get("parameters", [])]
            query = {one["name"]: samples.value(one["schema"], one["name"]) for one in parameters if one["in"] == "query"}
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            in_path = "{" in path
            if not (query or body or in_path):
                continue
            headers = [f"Host: {urlsplit(server.url).netloc}", f"Authorization: Bearer {token}", "Accept: application/json"]
            content = json.dumps(samples.value(body["schema"])) if body else ""
            if body:
                headers += ["Content-Type: application/json", f"Content-Length: {len(content)}"]

            def raw(target: str) -> str:
                return "\r\n".join([f"{method.upper()} {target} HTTP/1.1", *headers, "", content])  # noqa: B023 (used immediately)

            plain = re.sub(r"\{(\w+)\}", lambda found: str(victim_id) if found[1] == "id" else "sample", path)
            asked = "?" + urlencode(query) if query else ""
            if query or body:
                yield operation["operationId"], raw(plain + asked)
            if in_path:
                yield operation["operationId"] + " (path)", raw(re.sub(r"\{(\w+)\}", lambda found: ("1" if found[1] == "id" else "sample") + "*", path) + asked)


def attack(request: str, folder: Path, dbms: str, seconds: float, level: int) -> str:
    """"nothing", "out of time", or the output of sqlmap."""
    file = folder / "request.txt"
    file.write_text(request)
    command = ["sqlmap", "--ignore-stdin", "-r", str(file), "--batch", "--flush-session", "--disable-coloring", "--output-dir", str(folder / "out"), f"--dbms={dbms}",
               f"--level={level}", "--technique=BEUSQ", "--threads=2", "--ignore-code=*", "-v", "1"]  # fmt: skip
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL).stdout
    except subprocess.TimeoutExpired as late:
        told = (late.stdout or b"").decode() if isinstance(late.stdout, bytes) else late.stdout or ""
        return told if FOUND in told else "out of time"
    return "nothing" if NOTHING in told else told


def one_database(name: str, database, mail: MailSink, folder: Path, options: argparse.Namespace, until: float) -> list[str]:
    server = Server(database, mail, ACCESS_TOKEN_EXPIRE_MINUTES="1440", ADMIN_EMAIL="boss@example.org",
                    ADMIN_PASSWORD="Adm1n-password")  # fmt: skip
    problems = []
    with contextlib.closing(server):
        server.start()
        victim = server.new_account()
        victim.record("Instagram")
        boss = expect(server.client().post("/api/auth/login", json={"email": "boss@example.org", "password": "Adm1n-password"}), 200)
        todo = [(what, request) for what, request in requests(server, boss["access_token"], victim.id) if re.search(options.only, what)]
        late = 0
        for number, (what, request) in enumerate(todo):
            seconds = max(5.0, (until - time.monotonic()) / (len(todo) - number))
            result = attack(request, folder, {"sqlite": "SQLite", "mysql": "MySQL"}[name], seconds, options.level)
            late += result == "out of time"
            print(f"  {name:<7}{number + 1:>3}/{len(todo)} {what:<34} {result if result in ('nothing', 'out of time') else 'FAILED'}", flush=True)
            if result not in ("nothing", "out of time"):
                problems.append(f"{name} {what}:\n{request}\n{result}")
        print(f"{name}: {len(todo)} requests, {late} not tried to the end")
        assert server.process.poll() is None, f"the server ended:\n{server.log()}"
    return problems


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10, help="for everything")
    parser.add_argument("--level", type=int, default=1, help="sqlmap's, 1 to 5")
    parser.add_argument("--only", default="", help="operations whose name matches")
    options = parser.parse_args()
    begun = time.monotonic()
    problems = []
    with contextlib.ExitStack() as stack:
        mail = stack.enter_context(contextlib.closing(MailSink()))
        mariadb = stack.enter_context(contextlib.closing(MariaDb()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-sqlmap-")))
        for part, (name, database) in enumerate((("sqlite", SqliteDatabase(folder)), ("mysql", mariadb.database())), 1):
            problems += one_database(name, database, mail, folder, options, begun + part * 30 * options.minutes)
    print("\n".join(problems) or "sqlmap found nothing")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
