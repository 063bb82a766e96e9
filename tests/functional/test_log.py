"""The contents of the log, and a change of its level while the server runs."""

import signal

import pytest
from support.processes import eventually
from support.server import Server


@pytest.fixture
def server(make_server) -> Server:
    """Its log level comes from the settings file."""
    server = make_server()
    del server.settings["LOG_LEVEL"]
    write_settings(server, "info")
    return server.start()


def write_settings(server: Server, level: str) -> None:
    (server.folder / "focus.toml").write_text(f'LOG_LEVEL = "{level}"\n')


def hang_up(server: Server, event: str) -> dict:
    """Sends SIGHUP; returns the log line about it."""
    since = len(server.lines)
    server.process.send_signal(signal.SIGHUP)
    return eventually(lambda: next((record for record in server.records(since) if record["event"] == event), None), event)


def lines_of_a_request(server: Server, path: str) -> list[dict]:
    """The log lines of one request, read after a later line shows that they are complete."""
    request_id = server.client(checked=False).get(path).headers["X-Request-Id"]
    hang_up(server, "settings read again")
    return [record for record in server.records() if record.get("request_id") == request_id]


def test_the_level_changes_without_a_restart(server):
    assert len(lines_of_a_request(server, "/api/health/live")) == 1
    write_settings(server, "warning")
    assert hang_up(server, "settings read again")["log_level"] == "warning"
    assert lines_of_a_request(server, "/api/health/live") == []
    write_settings(server, "info")
    hang_up(server, "settings read again")
    assert len(lines_of_a_request(server, "/api/health/live")) == 1


def test_without_a_settings_file_the_log_says_so(make_server):
    hang_up(make_server().start(), "no settings file to read again")


def test_wrong_settings_change_nothing(server):
    write_settings(server, "loud")
    assert "loud" in hang_up(server, "settings are not taken over")["cause"]
    write_settings(server, "info")
    assert len(lines_of_a_request(server, "/api/health/live")) == 1


def test_a_line_says_everything_about_its_request(server):
    account = server.new_account()
    (line,) = lines_of_a_request(server, "/api/users/me?token=hush")
    assert line.items() >= {"level": "info", "event": "request", "method": "GET", "route": "/api/users/me", "target": "/api/users/me?token=***",
                            "status": 401, "user": 0, "ip": "127.0.0.1", "complete": True, "code": "not_authenticated"}.items()  # fmt: skip
    assert line["time"].endswith("Z") and line["bytes"] > 0 and line["ms"] >= 0
    answer = account.api.get("/api/users/me", headers={"User-Agent": 'phone/1 "quoted"'})
    hang_up(server, "settings read again")
    (line,) = [record for record in server.records() if record.get("request_id") == answer.headers["X-Request-Id"]]
    assert line["user"] == account.id and line["status"] == 200 and line["agent"] == 'phone/1 "quoted"'
