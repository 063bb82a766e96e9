"""focus doctor: its findings on healthy and faulty installations, and what it never shows."""

import json
import os
import stat

import pytest

KEY = "bD8xQ2vN5mK1pL9wR4tY7uZ0cF3gH6jS"  # as from a generator
PRODUCTION = {"ENVIRONMENT": "production", "SECRET_KEY": KEY, "FRONTEND_URL": "https://focus.example", "BCRYPT_COST": "12",
              "TRUSTED_PROXIES": "127.0.0.1", "RATE_LIMIT_ENABLED": "true", "METRICS_TOKEN": "a-token"}  # fmt: skip


def look(server, *arguments: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit status, and (status, detail) by name."""
    answer = server.command("doctor", "--json", *arguments)
    assert answer.stderr == ""
    found = json.loads(answer.stdout)
    assert {tuple(one) for one in found} == {("status", "name", "detail")}
    return answer.returncode, {one["name"]: (one["status"], one["detail"]) for one in found}


def test_all_is_well_beside_a_running_server(make_server, db):
    server = make_server(db, **PRODUCTION).start()
    status, found = look(server)
    assert {name: one for name, one in found.items() if one[0] != "ok" and name != "database.disk"} == {}
    assert status == 0
    assert {"settings", "settings.secret_key", "settings.https", "database.reachable", "database.schema", "database.writable", "clock", "sums",
            "mail", "redis"} <= set(found)  # fmt: skip
    assert ("database.integrity" in found) == (db == "sqlite")
    lines = server.command("doctor").stdout.splitlines()
    assert len(lines) == len(found)
    assert all(line.startswith("ok    ") or "database.disk" in line for line in lines)
    assert server.process.poll() is None


@pytest.mark.parametrize(("settings", "name", "verdict"), [
    ({"SECRET_KEY": "change-me-change-me-change-me-change-me"}, "settings.secret_key", "warn"),
    ({"SECRET_KEY": "x" * 40}, "settings.secret_key", "warn"),
    ({"SECRET_KEY": ""}, "settings", "fail"),
    ({"FRONTEND_URL": "http://focus.example"}, "settings.frontend_url", "warn"),
    ({"FRONTEND_URL": "https://localhost:8000"}, "settings.frontend_url", "warn"),
    ({"FRONTEND_URL": ""}, "settings", "fail"),
    ({"TRUSTED_PROXIES": ""}, "settings.https", "warn"),
    ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "settings.trusted_proxies", "warn"),
    ({"TRUSTED_PROXIES": "::/0"}, "settings.trusted_proxies", "warn"),
    ({"RATE_LIMIT_ENABLED": "false"}, "settings.rate_limits", "warn"),
    ({"METRICS_TOKEN": "", "METRICS_PUBLIC": "true"}, "settings.metrics", "warn"),
    ({"METRICS_TOKEN": ""}, "settings.metrics", "ok"),
    ({"PORT": "many"}, "settings", "fail"),
    ({"MAIL_SERVER": ""}, "mail", "warn"),
    ({"MAIL_PORT": "1"}, "mail", "fail"),
    ({"MAIL_TLS": "true"}, "mail", "fail"),  # the sink has no STARTTLS
    ({"REDIS_URL": "redis://127.0.0.1:1"}, "redis", "fail"),
    ({"DATABASE_URL": "mysql://focus:hidden-word@127.0.0.1:1/focus"}, "database.reachable", "fail"),
    ({"DATABASE_URL": "sqlite:///nowhere/focus.db"}, "database.reachable", "warn"),
])  # fmt: skip
def test_what_is_wrong_is_named(make_server, settings, name, verdict):
    server = make_server(**PRODUCTION | settings)
    status, found = look(server)
    assert found[name][0] == verdict, found
    assert status == (1 if verdict == "fail" else 0), found
    assert "hidden-word" not in str(found)
    assert KEY not in str(found)


def test_files_that_others_may_read(make_server, tmp_path):
    key = tmp_path / "key"
    key.write_text(KEY)
    server = make_server(**PRODUCTION | {"SECRET_KEY_FILE": str(key)})
    del server.settings["SECRET_KEY"]
    assert server.command("migrate").returncode == 0
    assert stat.S_IMODE(server.database.path.stat().st_mode) == 0o600
    for file, name in ((key, "files.secret_key"), (server.database.path, "files.database")):
        for mode, verdict in ((0o644, "fail"), (0o640, "warn"), (0o600, "ok")):
            os.chmod(file, mode)
            status, found = look(server)
            assert (found[name][0], status) == (verdict, 1 if verdict == "fail" else 0)


def test_an_ill_database(make_server, db):
    server = make_server(db, **PRODUCTION)
    server.database.query("CREATE TABLE anything (id INTEGER)")
    if db == "sqlite":
        os.chmod(server.database.path, 0o600)
    status, found = look(server)
    assert (status, found["database.schema"][0], "sums" in found) == (0, "warn", False)
    assert server.command("migrate").returncode == 0
    server.database.query("INSERT INTO counters (name, day, shard, value) VALUES ('users.active', '2026-01-01', 0, 3)")
    status, found = look(server)
    assert (status, found["sums"]) == (0, ("warn", "1 in counters differ from their rows: `focus recount`"))
    server.database.query("INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES (9999, 'later', 0)")
    status, found = look(server)
    assert (status, found["database.schema"][0]) == (1, "fail")


def test_a_damaged_file(make_server):
    server = make_server()
    assert server.command("migrate").returncode == 0
    pages = bytearray(server.database.path.read_bytes())
    for page in range(4, len(pages) // 4096 - 2):
        pages[page * 4096 : page * 4096 + 512] = b"\xff" * 512
    server.database.path.write_bytes(pages)
    status, found = look(server)
    assert status == 1
    assert "fail" in {verdict for name, (verdict, _) in found.items() if name.startswith("database.")}


def test_a_database_that_was_demoted(world, make_server):
    from support.engines import MariaDb

    database_server = MariaDb()
    try:
        server = make_server(database=database_server.database(), **PRODUCTION)
        assert server.command("migrate").returncode == 0
        database_server.set_read_only(True)
        status, found = look(server)
        assert (status, found["database.writable"][0]) == (1, "fail")
    finally:
        database_server.close()


def test_mail_is_connected_but_not_sent(make_server, mail_sink):
    server = make_server(mail=mail_sink, **PRODUCTION)
    _, found = look(server)
    assert found["mail"][0] == "ok"
    assert mail_sink.mails == []
