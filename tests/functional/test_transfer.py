"""API.md §3 and §4: exports and imports."""

import csv
import io
import json
import subprocess

import pytest
from support.client import expect
from support.server import BINARY, base_environment

from .test_activities import assert_totals_are_the_sum_of_the_rows, everything

COLUMNS = ["id", "app_name", "app_package", "app_category", "duration_minutes", "activity_date", "start_time", "end_time", "device_type", "session_id",
           "created_at", "updated_at", "client_id"]  # fmt: skip
NASTY = ["=1+1", "+1", "-2", "@SUM(A1)", "'=quoted", 'a "b", c', "日本語 🙈", "a;b", "\u200eleft", "plain"]


def fill(user, names=NASTY) -> None:
    items = [{"app_name": name, "duration_minutes": 12.345 + i, "activity_date": "2026-03-01", "session_id": name[:100], "client_id": f"c{i}",
              "start_time": "2026-03-01T10:00:00Z" if i % 2 else None} for i, name in enumerate(names)]  # fmt: skip
    assert expect(user.api.post("/api/activities/batch", json={"activities": items}), 200)["failed"] == 0


def import_file(user, content: bytes | str, status: int = 200, **headers: str) -> dict:
    return expect(user.api.post("/api/activities/import", content=content, headers={"Content-Type": "application/octet-stream"} | headers), status)


def test_json(user):
    fill(user)
    answer = user.api.get("/api/activities/export?format=json")
    assert answer.headers["content-type"] == "application/json" and "attachment" in answer.headers["content-disposition"]
    rows = expect(answer, 200)
    assert {row.pop("client_id") for row in rows} == {f"c{i}" for i in range(len(NASTY))}
    assert sorted(rows, key=lambda row: row["id"]) == sorted(everything(user), key=lambda row: row["id"])


def test_csv(user):
    fill(user)
    answer = user.api.get("/api/activities/export?format=csv")
    assert answer.headers["content-type"].startswith("text/csv") and answer.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert rows[0] == COLUMNS and len(rows) == len(NASTY) + 1
    by_id = {row["id"]: row for row in everything(user)}
    for row in rows[1:]:
        expected = by_id[int(row[0])]
        looks_like_formula = expected["app_name"].lstrip("'").startswith(("=", "+", "-", "@"))
        assert row[1] == ("'" if looks_like_formula else "") + expected["app_name"]
        assert row[12].startswith("c")
        assert (float(row[4]), row[5], row[6] or None) == (expected["duration_minutes"], expected["activity_date"], expected["start_time"])
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def test_an_export_of_nothing(user):
    assert expect(user.api.get("/api/activities/export?format=json"), 200) == []
    assert user.api.get("/api/activities/export").text == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("wanted", ["xml", "", "CSV"])
def test_an_unknown_format(user, wanted):
    expect(user.api.get("/api/activities/export", params={"format": wanted}), 422)


def test_exports_need_a_token(api):
    for path in ("/api/activities/export", "/api/users/me/export"):
        expect(api.get(path), 401)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_an_export_goes_into_another_account_once(user, other, kind):
    fill(user)
    file = user.api.get(f"/api/activities/export?format={kind}").content
    assert import_file(user, file) == {"format": f"focus_{kind}", "created": 0, "duplicates": len(NASTY), "failed": 0, "errors": []}
    assert import_file(other, file)["created"] == len(NASTY)
    assert import_file(other, file)["duplicates"] == len(NASTY)
    keep = ("app_name", "app_package", "app_category", "duration_minutes", "activity_date", "start_time", "end_time", "device_type", "session_id")
    strip = lambda rows: sorted(tuple(str(row[name]) for name in keep) for row in rows)  # noqa: E731
    assert strip(everything(other)) == strip(everything(user))
    assert_totals_are_the_sum_of_the_rows(other)


def test_a_generic_csv(user):
    file = "App;Minutes;Date\nChess;12,5;2026-03-01\nMail;x;2026-03-02\nChess;12,5;2026-03-01\nOld;1;\n"
    answer = import_file(user, file, **{"Content-Type": "text/csv"})
    assert (answer["format"], answer["created"], answer["failed"]) == ("csv", 2, 2)
    assert [(fault["line"], fault["error"]["errors"][0]["loc"][1]) for fault in answer["errors"]] == [(3, "duration_minutes"), (5, "activity_date")]
    assert import_file(user, file)["duplicates"] == 2
    assert user.daily("2026-03-01")["total_time"] == 25


def test_activitywatch(user):
    window = [{"timestamp": "2026-03-01T10:00:00+00:00", "duration": 600, "data": {"app": "firefox", "title": "a secret"}}]
    present = [{"timestamp": "2026-03-01T10:05:00+00:00", "duration": 3600, "data": {"status": "not-afk"}}]
    phone = [{"timestamp": "2026-03-01T12:00:00+00:00", "duration": 60.5, "data": {"app": "Chess", "package": "org.chess"}}]
    file = {"buckets": {"aw-watcher-window_pc": {"type": "currentwindow", "hostname": "pc", "events": window},
                        "aw-watcher-afk_pc": {"type": "afkstatus", "hostname": "pc", "events": present},
                        "aw-watcher-android-test": {"type": "currentwindow", "hostname": "unknown", "events": phone}}}  # fmt: skip
    answer = import_file(user, json.dumps(file))
    assert (answer["format"], answer["created"]) == ("activitywatch", 2)
    rows = {row["app_name"]: row for row in everything(user)}
    assert (rows["firefox"]["start_time"], rows["firefox"]["duration_minutes"]) == ("2026-03-01T10:05:00.000Z", 5)
    assert (rows["Chess"]["app_package"], rows["Chess"]["device_type"]) == ("org.chess", "phone")
    assert "secret" not in user.api.get("/api/users/me/export").text
    assert import_file(user, json.dumps(file))["duplicates"] == 2


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(100), b"a,b\n1,2\n", b"{}", b"[1", b"PK\x03\x04", "é".encode("latin-1"), b'{"buckets":1}'])
def test_files_of_another_kind(user, content):
    assert import_file(user, content, 422)["code"] in ("unknown_format", "validation_error")
    assert everything(user) == []


def test_a_file_of_eight_mebibytes_and_one_more(user):
    line = b"Chess,1,2026-03-01\n"
    file = b"app,minutes,date\n" + line * 100
    assert import_file(user, file + b"\n" * (8 * 2**20 - len(file)))["created"] == 100
    assert user.api.post("/api/activities/import", content=file + b"\n" * (8 * 2**20 + 1 - len(file))).status_code == 413


def test_an_import_with_an_idempotency_key(user):
    file = "app,minutes,date\nChess,1,2026-03-01\n"
    first = import_file(user, file, **{"Idempotency-Key": "k"})
    assert import_file(user, file, **{"Idempotency-Key": "k"}) == first and first["created"] == 1
    assert import_file(user, file, **{"Idempotency-Key": "k2"})["duplicates"] == 1


def test_everything_held_on_the_user(user, other):
    fill(user)
    other.record("Somebody else's", 1)
    expect(user.api.put("/api/activities/apps/plain", json={"display_name": "Simple"}), 200)
    limit = expect(user.api.post("/api/blocked", json={"app_name": "plain", "daily_limit_minutes": 90.5}), 201)
    days = {"start_date": "2099-01-01", "end_date": "2099-01-07"}
    mine = expect(user.api.post("/api/challenges", json={"name": "Mine", "target_apps": ["plain"], **days}), 201)
    theirs = expect(other.api.post("/api/challenges", json={"name": "Theirs", "target_apps": ["plain"], **days}), 201)
    expect(user.api.post(f"/api/challenges/{theirs['id']}/join", json={}), 200)
    answer = user.api.get("/api/users/me/export")
    assert "attachment" in answer.headers["content-disposition"] and answer.headers["cache-control"] == "no-store"
    everything_held = expect(answer, 200)
    assert everything_held["profile"] == expect(user.api.get("/api/users/me"), 200)
    assert {row["client_id"] for row in everything_held["activities"]} == {f"c{i}" for i in range(len(NASTY))}
    assert len(everything_held["activities"]) == len(NASTY) and {row["user_id"] for row in everything_held["activities"]} == {user.id}
    assert "Simple" in {app["display_name"] for app in everything_held["apps"]}
    assert everything_held["sessions"] and everything_held["audit_log"]
    assert {"login", "register"} <= {entry["action"] for entry in everything_held["audit_log"]}
    assert isinstance(everything_held["audit_log"][0]["details"], dict)
    assert [(row["id"], row["daily_limit_minutes"]) for row in everything_held["blocked_apps"]] == [(limit["id"], 90.5)]
    assert [(row["id"], row["name"], row["target_apps"]) for row in everything_held["challenges_created"]] == [(mine["id"], "Mine", ["plain"])]
    assert [row["challenge_id"] for row in everything_held["challenge_participations"]] == [mine["id"], theirs["id"]]
    assert everything_held["notifications"] == expect(user.api.get("/api/notifications"), 200)[::-1]
    assert {mail["type"] for mail in everything_held["mails"]} >= {"verify_email", "welcome"}
    assert {mail["recipient"] for mail in everything_held["mails"]} == {user.email}
    for secret in ("password", "hash", "Somebody else", user.tokens["refresh_token"], "$2b$"):
        assert secret not in answer.text.replace("password_", ""), secret


def test_the_import_command(server, user, tmp_path):
    file = tmp_path / "usage.csv"
    file.write_text("app,minutes,date\nChess,10,2026-03-01\nMail,x,2026-03-01\n")
    environment = base_environment() | server.settings

    def run(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run([BINARY, "import", *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    told = run(str(file), "--user", user.email.upper())
    assert told.returncode == 1 and told.stdout == "1 stored, 0 were there already, 1 left out\n", told.stderr
    assert "3: duration_minutes: Must be a number." in told.stderr
    assert run(str(file), "--user", user.email).stdout == "0 stored, 1 were there already, 1 left out\n"
    assert [row["app_name"] for row in everything(user)] == ["Chess"]
    assert "no account has the address" in run(str(file), "--user", "nobody@example.org").stderr
    assert run(str(tmp_path / "none.csv"), "--user", user.email).returncode == 2
