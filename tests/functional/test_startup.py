"""From the command line to the first answer: settings, migrations, commands, TLS, shutdown."""

import concurrent.futures
import contextlib
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import httpx
import pytest
from support.client import expect
from support.engines import TOP, SqliteDatabase
from support.processes import SLOWNESS, eventually, free_port
from support.raw import Raw
from support.server import BINARY, SECRET_KEY, Server, base_environment
from support.websocket import Live


def focus(*arguments: str, cwd=None, stdin: str = "", process: dict | None = None, **settings: str) -> subprocess.CompletedProcess:
    """One run of the program to its end."""
    return subprocess.run([str(BINARY), *arguments], cwd=cwd, env=base_environment() | settings, input=stdin,
                          capture_output=True, text=True, timeout=30 * SLOWNESS, **(process or {}))  # fmt: skip


def one_line(run: subprocess.CompletedProcess) -> str:
    lines = [line for line in (run.stdout + run.stderr).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    return lines[0]


# --- systemd ---------------------------------------------------------------------------------------------------------


def test_the_service_manager_is_told_each_state(make_server, tmp_path):
    """The protocol of sd_notify(3): datagrams of NAME=value lines to NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20 * SLOWNESS)

        def received(wanted: str) -> list[str]:
            """Reads messages until one has `wanted`; returns its lines."""
            while True:
                lines = manager.recv(4096).decode().splitlines()
                if wanted in lines:
                    return lines

        server = make_server(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000")
        server.launch()
        received("READY=1")
        received("WATCHDOG=1")
        received("WATCHDOG=1")
        server.process.send_signal(signal.SIGHUP)
        assert any(line.startswith("MONOTONIC_USEC=") for line in received("RELOADING=1"))
        received("READY=1")
        server.process.send_signal(signal.SIGTERM)
        received("STOPPING=1")
        assert server.process.wait(20 * SLOWNESS) == 0


# --- wrong settings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "oracle://x"), ("DATABASE_URL", "nonsense"), ("DATABASE_URL", "mysql://"), ("DATABASE_URL", ""), ("PORT", "99999"),
        ("PORT", "http"), ("PORT", "-1"), ("HOST", "not an address"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("ENVIRONMENT", "staging"),
        ("WORKERS", "many"), ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"), ("REFRESH_TOKEN_EXPIRE_DAYS", "x"), ("SECRET_KEY", "short"),
        ("MAIL_PORT", "smtp"), ("MAIL_TLS", "perhaps"), ("REMINDER_TIME", "25:00"), ("DEFAULT_DAILY_LIMIT", "1441"),
        ("TLS_CERT_FILE", "/nowhere/cert.pem"), ("TRUSTED_PROXIES", "nonsense"), ("BACKEND_CORS_ORIGINS", "*"), ("METRICS_ENABLED", "maybe"),
        ("BCRYPT_COST", "3"), ("MAX_CONNECTIONS", "0"), ("MAX_SESSIONS_PER_USER", "0"), ("FRONTEND_URL", "focus.example"), ("FRONTEND_URL", "https://focus.example:port"),
        ("BACKEND_CORS_ORIGINS", "https://app.example/path"), ("BACKEND_CORS_ORIGINS", "app.example"), ("DATABASE_URL", "mysql://u:p@[::1/d"), ("ADMIN_PASSWORD", "Without-4n-email"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_clear_line(tmp_path, name, value):
    run = focus("serve", cwd=tmp_path, **({"PORT": "0", "SECRET_KEY": SECRET_KEY, "ENVIRONMENT": "development"} | {name: value}))
    assert run.returncode in (1, 2)
    line = one_line(run)
    named = name in line or name.replace("_", " ").lower() in line.lower() or (value and value in line)
    assert named and line.startswith("focus: ")
    if name in ("DATABASE_URL", "TRUSTED_PROXIES"):
        assert name in line


def test_a_secret_is_not_quoted(tmp_path):
    run = focus("serve", cwd=tmp_path, SECRET_KEY="hush-hush")
    assert run.returncode == 2 and "hush-hush" not in run.stdout + run.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "FRONTEND_URL"])
def test_production_needs(tmp_path, missing):
    settings = {"ENVIRONMENT": "production", "SECRET_KEY": SECRET_KEY, "FRONTEND_URL": "https://focus.example", "PORT": "0"}
    del settings[missing]
    run = focus("serve", cwd=tmp_path, **settings)
    assert run.returncode == 2 and missing in one_line(run)


def test_listening_to_everybody_is_production(tmp_path):
    run = focus("serve", cwd=tmp_path, HOST="0.0.0.0", PORT="0")
    assert run.returncode == 2 and "SECRET_KEY" in one_line(run)


def test_an_unusable_database_folder(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    run = focus("serve", cwd=tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/file/focus.db", PORT="0", SECRET_KEY=SECRET_KEY)
    assert run.returncode in (1, 2) and str(tmp_path) in one_line(run)


def serve_unusable(file, **process) -> str:
    """The message of a server that ends because its database file is unusable."""
    run = focus("serve", cwd=file.parent, process=process, DATABASE_URL=f"sqlite:///{file}", PORT="0", SECRET_KEY=SECRET_KEY)
    said = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("focus: ")]
    assert run.returncode == 1 and len(said) == 1 and str(file) in said[0] and "busy" not in said[0], run.stderr
    return said[0]


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "focus.db").write_bytes(b"this is not a database" * 100)
    assert "is damaged or is not an SQLite database: restore a backup" in serve_unusable(tmp_path / "focus.db")


def destroy_pages(file) -> None:
    """All migrations but the first."""
    content = file.read_bytes()
    page = int.from_bytes(content[16:18], "big")
    with open(file, "r+b") as database:
        database.seek(page)
        database.write(b"\xaa" * (len(content) - page))


def test_a_file_with_destroyed_pages(tmp_path):
    file = tmp_path / "focus.db"
    assert focus("migrate", cwd=tmp_path, DATABASE_URL=f"sqlite:///{file}").returncode == 0
    destroy_pages(file)
    assert "is damaged" in serve_unusable(file)


def test_a_full_disk(tmp_path):
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)), "restore_signals": False}  # SIGXFSZ stays ignored
    assert "is full or broken" in serve_unusable(tmp_path / "focus.db", **limit)


def test_a_file_that_may_only_be_read():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "focus.db"
        assert focus("migrate", cwd=folder, DATABASE_URL=f"sqlite:///{file}").returncode == 0
        file.chmod(0o444)
        folder.chmod(0o755)
        unprivileged = {"user": 65534} if os.geteuid() == 0 else {}
        assert "cannot be opened for writing" in serve_unusable(file, **unprivileged)


def test_pages_destroyed_while_it_serves(tmp_path):
    database = SqliteDatabase(tmp_path)
    with contextlib.closing(Server(database)) as server:
        server.start()
        assert [server.client().get(path).status_code for path in ("/api/health", "/api/health/ready")] == [200, 200]
        with contextlib.closing(sqlite3.connect(database.path, timeout=30)) as other:
            other.execute("PRAGMA user_version = 7")  # a change by another program: the server reads all pages again
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        destroy_pages(database.path)
        credentials = {"email": "a@example.org", "password": "Secret-passw0rd"}
        answers = [server.client(checked=False).post("/api/auth/login", json=credentials).status_code for _ in range(3)]
        assert answers == [503] * 3
        health = [server.client().get(path) for path in ("/api/health", "/api/health/ready") for _ in range(3)]
        assert [answer.status_code for answer in health] == [503] * 6
        assert health[0].json()["database"] == "unavailable" and health[0].headers["Retry-After"]
        reported = [line for line in server.lines if "the database file is damaged: restore a backup" in line]
        assert len(reported) == 1, "once a minute"


def test_a_port_that_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = focus("serve", cwd=tmp_path, PORT=str(port), SECRET_KEY=SECRET_KEY)
    assert run.returncode == 1 and str(port) in run.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["nonsense"], ["serve", "--nonsense"], ["serve", "extra"], ["migrate", "--nonsense"], ["config"]])
def test_wrong_usage(tmp_path, arguments):
    run = focus(*arguments, cwd=tmp_path, PORT="0")
    assert run.returncode == 2 and run.stderr


# --- where settings come from ----------------------------------------------------------------------------------------


def test_flags_over_environment_over_file(tmp_path):
    (tmp_path / "focus.toml").write_text('log_level = "debug"\nport = 1111\nmail_server = "from-file"\n')
    run = focus("config", "print", "--config", "focus.toml", "--port", "3333", cwd=tmp_path, PORT="2222", MAIL_SERVER="from-environment")
    assert run.returncode == 0, run.stderr
    values = dict(re.findall(r"^(\w+)\s*=\s*(.*)$", run.stdout, re.MULTILINE))
    assert values["PORT"].strip('"') == "3333"
    assert values["MAIL_SERVER"].strip('"') == "from-environment"
    assert values["LOG_LEVEL"].strip('"') == "debug"


def test_printing_hides_secrets(tmp_path):
    run = focus("config", "print", cwd=tmp_path, SECRET_KEY=SECRET_KEY, MAIL_PASSWORD="mail-secret", DATABASE_URL="mysql://u:db-secret@h:1/d")
    assert run.returncode == 0
    assert not any(secret in run.stdout for secret in (SECRET_KEY, "mail-secret", "db-secret")) and "SECRET_KEY" in run.stdout


def test_an_unknown_setting_in_the_file(tmp_path):
    (tmp_path / "focus.toml").write_text("prot = 1\n")
    run = focus("config", "print", "--config", "focus.toml", cwd=tmp_path)
    assert run.returncode == 2 and "prot" in one_line(run)


def test_secrets_from_files(make_server, tmp_path):
    (tmp_path / "key").write_text(SECRET_KEY + "\n")
    server = make_server(SECRET_KEY_FILE=str(tmp_path / "key"))
    del server.settings["SECRET_KEY"]
    server.start()
    with_the_key = server.new_account()
    assert with_the_key.tokens["access_token"]


@pytest.mark.parametrize("both", [False, True])
def test_any_setting_from_a_file(tmp_path, both):
    (tmp_path / "url").write_text("sqlite:///elsewhere.db\n")
    settings = {"DATABASE_URL_FILE": str(tmp_path / "url")} | ({"DATABASE_URL": "sqlite:///here.db"} if both else {})
    run = focus("config", "print", cwd=tmp_path, **settings)
    if both:
        assert run.returncode == 2 and one_line(run) == "focus: DATABASE_URL and DATABASE_URL_FILE are both set"
    else:
        assert run.returncode == 0 and 'DATABASE_URL = "sqlite:///elsewhere.db"' in run.stdout


@pytest.mark.parametrize(("words", "line"), [
    (["serv"], 'there is no command "focus serv": did you mean "focus serve"?'),
    (["job", "lst"], 'there is no command "focus job lst": did you mean "focus job list"?'),
    (["frobnicate"], 'there is no command "focus frobnicate"; `focus --help` names them'),
])  # fmt: skip
def test_a_mistyped_command_is_named(make_server, words, line):
    run = make_server().command(*words)
    assert (run.returncode, run.stderr) == (2, f"focus: {line}\n")


def test_a_wrong_database_url_is_named_once(make_server):
    run = make_server(DATABASE_URL="postgres://x").command("config", "print")
    assert run.returncode == 2
    assert run.stderr.startswith("focus: DATABASE_URL: it begins with sqlite: or mysql:")


def test_the_key_of_development_is_made_once_and_private(make_server):
    server = make_server()
    del server.settings["SECRET_KEY"]
    server.start()
    account = server.new_account()
    folder = server.database.path.parent
    private = [file for file in folder.iterdir() if not file.name.startswith(server.database.path.name)]
    assert len(private) == 1 and stat.S_IMODE(private[0].stat().st_mode) == 0o600
    server.restart()
    expect(server.client(token=account.tokens["access_token"]).get("/api/users/me"), 200)


# --- the schema ------------------------------------------------------------------------------------------------------


def migration_numbers(kind: str) -> list[int]:
    return sorted(int(file.name[:4]) for file in (TOP / "migrations" / kind).glob("*.sql"))


def test_migrations_happen_once(make_server, db):
    server = make_server(db).start()
    applied = server.database.query("SELECT number, name, applied_at_ms FROM schema_migrations ORDER BY number")
    assert [int(row[0]) for row in applied] == migration_numbers(db)
    server.restart()
    assert server.database.query("SELECT number, name, applied_at_ms FROM schema_migrations ORDER BY number") == applied
    status = focus("migrate", "--status", DATABASE_URL=server.database.url)
    assert status.returncode == 0 and all(row[1] in status.stdout for row in applied)


def test_a_newer_schema_is_refused(make_server, db):
    server = make_server(db).start()
    server.terminate()
    server.database.query("INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES (9999, 'from_the_future', 1)")
    run = focus("serve", **server.settings)
    assert run.returncode == 1
    assert "newer" in run.stderr and "9999" in run.stderr
    assert focus("migrate", **server.settings).returncode == 1


def test_two_servers_starting_at_once(make_server, world, db):
    database = world.database(db)
    servers = [make_server(db, database=database) for _ in range(3)]
    for server in servers:
        server.launch()
    for server in servers:
        eventually(server.is_listening, "the server to listen", 60)
        eventually(server.is_ready, "the server to be ready", 60)
    numbers = [int(row[0]) for row in database.query("SELECT number FROM schema_migrations ORDER BY number")]
    assert numbers == migration_numbers(db)
    account = servers[0].new_account()
    for server in servers[1:]:
        expect(server.client(token=account.tokens["access_token"]).get("/api/users/me"), 200)


# --- commands --------------------------------------------------------------------------------------------------------


def test_version():
    run = focus("version")
    assert run.returncode == 0 and re.fullmatch(r"(focus )?\d+\.\d+\.\d+.*", run.stdout.strip())


def test_openapi_is_what_the_server_publishes(sqlite_server, tmp_path):
    run = focus("openapi", cwd=tmp_path)
    assert run.returncode == 0 and json.loads(run.stdout) == sqlite_server.contract.document
    assert list(tmp_path.iterdir()) == [], "no database is made for it"


def test_routes_are_those_of_the_document(sqlite_server, tmp_path):
    run = focus("routes", "--json", cwd=tmp_path, ENVIRONMENT="development")
    assert run.returncode == 0, run.stderr
    routes = json.loads(run.stdout)
    documented = {(route["method"], route["path"], route["operation_id"]) for route in routes if route["is_documented"]}
    paths = sqlite_server.contract.document["paths"]
    assert documented == {(method.upper(), path, operation["operationId"]) for path, methods in paths.items() for method, operation in methods.items()}
    login = next(route for route in routes if route["operation_id"] == "login")
    assert (login["access"], login["rate"], login["body_limit"]) == ("public", "auth", 8 << 10)

    lines = focus("routes", cwd=tmp_path, ENVIRONMENT="development").stdout.splitlines()
    assert len(lines) == 1 + len(routes)
    assert lines[0].split() == ["method", "path", "operation", "access", "rate", "body"]
    assert ["POST", "/api/auth/login", "login", "public", "auth", "8", "KiB"] in [line.split() for line in lines]
    column = lines[0].index("path")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)
    assert list(tmp_path.iterdir()) == [], "no database is made for it"


def test_healthcheck(make_server):
    server = make_server().start()
    port = server.url.rsplit(":", 1)[1]
    assert focus("healthcheck", PORT=port).returncode == 0
    server.terminate()
    assert focus("healthcheck", PORT=port).returncode == 1


@pytest.mark.parametrize("source", ["stdin", "environment"])
def test_admin_create(make_server, source):
    server = make_server().start()
    command = ["admin", "create", "--email", "boss@example.org", "--username", "boss"]
    if source == "stdin":
        made = focus(*command, "--password-stdin", stdin="Adm1n-password\n", **server.settings)
    else:
        made = focus(*command, ADMIN_EMAIL="boss@example.org", ADMIN_PASSWORD="Adm1n-password", **server.settings)
    assert made.returncode == 0, made.stderr
    assert "boss@example.org" in made.stdout and "Adm1n-password" not in made.stdout + made.stderr
    tokens = expect(server.client().post("/api/auth/login", json={"email": "boss@example.org", "password": "Adm1n-password"}), 200)
    assert (tokens["user"]["role"], tokens["user"]["is_verified"]) == ("admin", True)


def test_admin_create_with_a_weak_password(make_server):
    server = make_server().start()
    made = focus("admin", "create", "--email", "boss@example.org", "--username", "boss", "--password-stdin", stdin="weak\n", **server.settings)
    assert made.returncode == 1 and "password" in made.stderr


def test_every_command_explains_itself(tmp_path):
    overview = focus("--help", cwd=tmp_path)
    assert overview.returncode == 0
    for command in ("serve", "migrate", "admin", "openapi", "routes", "config", "healthcheck", "version", "demo"):
        assert command in overview.stdout
        assert focus(command, "--help", cwd=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []


# --- without an SMTP server ------------------------------------------------------------------------------------------


def test_mails_are_shown_in_development(make_server):
    server = make_server()
    for name in [name for name in server.settings if name.startswith("MAIL_")]:
        del server.settings[name]
    server.start()
    account = server.new_account(verified=False, signed_in=False)

    def mails():
        found = httpx.get(f"{server.url}/dev/mail", params={"format": "json"})
        assert found.status_code == 200
        return [mail for mail in found.json() if account.email in json.dumps(mail)]

    eventually(mails, "the mail at /dev/mail")
    page = httpx.get(f"{server.url}/dev/mail", headers={"Accept": "text/html"})
    assert page.status_code == 200 and "unsafe-inline" not in page.headers["content-security-policy"]
    preview = httpx.get(f"{server.url}/dev/mail/{mails()[0]['id']}")
    assert preview.status_code == 200 and "/verify-email?token=" in preview.text
    assert "sandbox" in preview.headers["content-security-policy"]
    link = re.search(r"https://focus\.example/verify-email\?token=[\w-]+", json.dumps(mails()[0]))
    assert link, mails()
    eventually(lambda: any(link.group() in line for line in server.lines), "the link in the log")
    expect(account.anonymous.post("/api/auth/verify-email", json={"token": link.group().split("=")[1]}), 200)


def test_nothing_of_development_in_production(make_server):
    server = make_server(ENVIRONMENT="production", BCRYPT_COST="12").start()
    for method, path in (("GET", "/dev/mail"), ("GET", "/dev/mail?format=json"), ("POST", "/dev/clock")):
        assert httpx.request(method, server.url + path, json={"now": "2030-01-01T00:00:00Z"} if method == "POST" else None).status_code == 404
    account = server.new_account(verified=False, signed_in=False)
    assert account.verification_token() not in "\n".join(server.lines)


# --- the first and the last answer -----------------------------------------------------------------------------------


def test_from_the_start_to_the_first_answer(make_server):
    server = make_server().start()
    server.terminate()
    port = free_port()
    server.settings["PORT"] = str(port)
    took = []
    for _ in range(3):
        begun = time.monotonic()
        server.launch()
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/api/health/live").status_code == 200:
                    break
            except httpx.TransportError:
                assert time.monotonic() - begun < 10 * SLOWNESS
        took.append(time.monotonic() - begun)
        server.terminate()
    assert min(took) < 0.3 * max(SLOWNESS, float(os.environ.get("FOCUS_TEST_LOADED", "3"))), took


def test_readiness_goes_first(make_server):
    """On SIGTERM an idle keep-alive connection ends, new ones are refused, and the process ends at once with 0."""
    server = make_server().start()
    with httpx.Client(base_url=server.url) as client:
        client.get("/api/health/ready")
        begun = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - begun < 5 * SLOWNESS
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/api/health/live")


def test_what_the_log_says_at_the_start_and_the_end(make_server):
    server = make_server().start()
    server.terminate()
    events = [record["event"] for record in server.records()]
    assert "listening" in events
    assert not [record for record in server.records() if record["level"] in ("warning", "error", "critical")]
    assert all(record.keys() >= {"time", "level", "event"} for record in server.records())
    assert SECRET_KEY not in "\n".join(server.lines)


def test_text_logs_name_the_address(make_server):
    server = make_server(LOG_FORMAT="text")
    server.launch()
    line = eventually(lambda: next((line for line in list(server.lines) if re.search(r"listening.*http://127\.0\.0\.1:\d+", line)), ""), "the address")
    assert not line.startswith("{")


# --- TLS -------------------------------------------------------------------------------------------------------------


def certificate(folder, name: str = "localhost") -> None:
    """cert.pem and key.pem for a name."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}" + (",IP:127.0.0.1" if name == "localhost" else ""), "-keyout",
                    folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)  # fmt: skip


def tls_server(make_server, folder):
    server = make_server(TLS_CERT_FILE=str(folder / "cert.pem"), TLS_KEY_FILE=str(folder / "key.pem"))
    server.launch()
    eventually(server.is_listening, "the server to listen")
    assert server.url.startswith("https://")
    return server


def test_tls(make_server, tmp_path):
    certificate(tmp_path)
    server = tls_server(make_server, tmp_path)
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    answer = httpx.get(f"{server.url}/api/health/live", verify=trust)
    assert answer.status_code == 200 and answer.headers["strict-transport-security"]
    old = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/api/health/live", verify=old)
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url.replace("https", "http") + "/api/health/live")
    assert httpx.get(f"{server.url}/api/health/live", verify=trust).status_code == 200


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256"])
def test_old_ciphers_are_refused(make_server, tmp_path, cipher):
    certificate(tmp_path)
    server = tls_server(make_server, tmp_path)
    weak = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    weak.set_ciphers(f"{cipher}:@SECLEVEL=0")
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/api/health/live", verify=weak)


def served_certificate(server) -> str:
    return ssl.get_server_certificate(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))


def test_a_renewed_certificate_is_used_without_a_restart(make_server, tmp_path):
    certificate(tmp_path)
    server = tls_server(make_server, tmp_path)
    first = served_certificate(server)
    with httpx.Client(verify=ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))) as client:
        assert client.get(f"{server.url}/api/health/live").status_code == 200
        renewed = tmp_path / "renewed"
        renewed.mkdir()
        certificate(renewed)
        (renewed / "cert.pem").replace(tmp_path / "cert.pem")  # for a moment the key does not match
        eventually(lambda: any("stays as it was" in line for line in server.lines), "the server to see half of the pair")
        assert served_certificate(server) == first
        (renewed / "key.pem").replace(tmp_path / "key.pem")
        eventually(lambda: served_certificate(server) != first, "the new certificate")
        assert client.get(f"{server.url}/api/health/live").status_code == 200  # its connection stayed open


def test_sockets_over_tls(make_server, tmp_path, monkeypatch):
    certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    server = tls_server(make_server, tmp_path)
    eventually(server.is_ready, "the server to be ready")
    user = server.new_account()
    with Live(user) as live:
        user.record("Maps", 5)
        assert live.notification("activity_update")["data"]["total_time_today"] == 5
        assert live.ask("pong", action="ping")
        assert server.terminate() == 0 and live.closed() == 1001


def test_healthcheck_of_a_server_with_a_name_of_its_own(make_server, tmp_path):
    certificate(tmp_path, "focus.example")
    server = tls_server(make_server, tmp_path)
    settings = server.settings | {"PORT": server.url.rsplit(":", 1)[1]}
    eventually(lambda: focus("healthcheck", **settings).returncode == 0, "the server to be ready")
    other = tmp_path / "other"
    other.mkdir()
    certificate(other, "focus.example")
    run = focus("healthcheck", **settings | {"TLS_CERT_FILE": str(other / "cert.pem"), "TLS_KEY_FILE": str(other / "key.pem")})
    assert run.returncode == 1 and one_line(run)


# --- whom it answers -------------------------------------------------------------------------------------------------


def answer_to(server, head: str) -> int:
    with Raw(server) as raw:
        raw.send(head.encode() + b"\r\nConnection: close\r\n\r\n")
        return raw.answer().status


def test_the_target_says_which_host_is_meant(make_server):
    server = make_server(ALLOWED_HOSTS="focus.example").start()
    providers = "/api/auth/providers HTTP/1.1\r\nHost: "
    assert answer_to(server, f"GET http://focus.example{providers}evil.example") == 200
    assert answer_to(server, f"GET http://evil.example{providers}focus.example") == 421
    assert answer_to(server, f"GET http://FOCUS.example:8000{providers}") == 200
    assert answer_to(server, f"GET {providers}focus.example") == 200
    assert answer_to(server, f"GET {providers}evil.example") == 421


def test_addresses_of_version_6_in_lists(make_server):
    server = make_server(ALLOWED_HOSTS="[::1], focus.example", BACKEND_CORS_ORIGINS='["http://[::1]:5173", "https://a.example"]').start()

    def ask(host: str, origin: str = ""):
        return httpx.get(server.url + "/api/auth/providers", headers={"Host": host, "Origin": origin})

    assert [ask(host).status_code for host in ("[::1]", "[::1]:8000", "focus.example", "[::2]")] == [200, 200, 200, 421]
    for origin in ("http://[::1]:5173", "https://a.example"):
        assert ask("focus.example", origin).headers["access-control-allow-origin"] == origin
    assert "access-control-allow-origin" not in ask("focus.example", "http://[::1]").headers


@pytest.mark.parametrize(
    ("text", "shown"),
    [("[::1]", "[::1]"), ("[::1],[::2]", "[::1],[::2]"), ('["[::1]"]', "[::1]"), ("['a.example', \"b.example\"]", "a.example,b.example"),
     ("[a.example,b.example]", "a.example,b.example"), ("[a.example]", "a.example"), (" a.example , ,b.example ", "a.example,b.example"),
     ("[]", ""), ("[[::1],a.example]", "[::1],a.example")],
)  # fmt: skip
def test_lists_as_deployments_write_them(tmp_path, text, shown):
    run = focus("config", "print", cwd=tmp_path, ALLOWED_HOSTS=text)
    assert re.search(rf"^ALLOWED_HOSTS = \"{re.escape(shown)}\"$", run.stdout, re.MULTILINE), run.stdout


def test_a_trusted_proxy_of_version_6(tmp_path):
    run = focus("config", "print", cwd=tmp_path, TRUSTED_PROXIES="[::1]")
    assert run.returncode == 0, run.stderr


# --- metrics ---------------------------------------------------------------------------------------------------------


PRODUCTION = {"ENVIRONMENT": "production", "FRONTEND_URL": "https://focus.example", "BCRYPT_COST": "12"}


def test_metrics_are_closed_in_production(make_server):
    server = make_server(**PRODUCTION).start()
    assert httpx.get(server.url + "/metrics").status_code == 404
    assert any("/metrics is closed" in line for line in server.lines)
    opened = make_server(**PRODUCTION, METRICS_PUBLIC="true").start()
    assert "focus_api_http_requests_total" in httpx.get(opened.url + "/metrics").text
    guarded = make_server(**PRODUCTION, METRICS_TOKEN="a-token-for-prometheus").start()
    expect(guarded.client().get("/metrics"), 401, "not_authenticated")
    assert httpx.get(guarded.url + "/metrics", headers={"Authorization": "Bearer a-token-for-prometheus"}).status_code == 200


def test_metrics_are_made_once_a_second(make_server):
    """Except for a short burst: many requests share one text, and later ones are up to date again."""
    server = make_server().start()

    def ask(_=None) -> str:
        return httpx.get(server.url + "/metrics", timeout=30).text

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        texts = list(pool.map(ask, range(100)))
    assert len(set(texts)) <= 5 + time.monotonic() - begun
    before = count_of(ask(), "/api/health/live")
    httpx.get(server.url + "/api/health/live")
    eventually(lambda: count_of(ask(), "/api/health/live") > before, "the new count")


def count_of(text: str, endpoint: str) -> float:
    found = re.search(rf'^focus_api_http_requests_total{{[^}}]*endpoint="{endpoint}"[^}}]*status="200"[^}}]*}} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0


# --- names of the host -----------------------------------------------------------------------------------------------


def test_allowed_hosts(make_server):
    server = make_server(ALLOWED_HOSTS="focus.example, *.focus.test").start()

    def status(host: str, path: str = "/api/users/me") -> int:
        return httpx.get(server.url + path, headers={"Host": host}).status_code

    assert [status(host) for host in ("focus.example", "FOCUS.example:8000", "eu.focus.test")] == [401] * 3
    assert [status(host) for host in ("127.0.0.1", "evil.example", "focus.example.evil.org", "focus.test")] == [421] * 4
    assert status("10.0.0.7:8000", "/api/health/ready") == status("10.0.0.7", "/metrics") == 200
