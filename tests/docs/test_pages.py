"""The commands in the documentation do what it says, and their answers are those that it shows."""

import os
import re
from pathlib import Path

import pytest
from support.client import Account, expect
from support.engines import TOP
from support.server import BINARY, base_environment

from . import snippets

OLD_SCHEMA = """
CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(255), username VARCHAR(50), hashed_password VARCHAR(255), full_name VARCHAR(100),
  avatar_url VARCHAR(500), bio TEXT, role VARCHAR(20), is_active BOOLEAN, is_verified BOOLEAN, daily_limit_minutes INT, notifications_enabled BOOLEAN,
  email_reminders BOOLEAN, created_at DATETIME, updated_at DATETIME, last_login DATETIME);
CREATE TABLE activities (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT, app_name VARCHAR(100), app_package VARCHAR(255), app_category VARCHAR(50),
  duration_minutes FLOAT, activity_date DATE, start_time DATETIME, end_time DATETIME, device_type VARCHAR(50), session_id VARCHAR(100),
  created_at DATETIME, updated_at DATETIME);
CREATE TABLE blocked_apps (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT, app_name VARCHAR(100), app_package VARCHAR(255), app_category VARCHAR(50),
  daily_limit_minutes INT, is_active BOOLEAN, notify_at_percentage INT, created_at DATETIME, updated_at DATETIME);
"""
# "Secret-passw0rd" as passlib stores it.
HASH = "$2b$12$AbCdEfGhIjKlMnOpQrStUucNjzVFDc0Qy.Z3/sY4I9S6a1x6SZ4mu"


def test_the_api_guide(make_server, tmp_path):
    server = make_server()
    for setting in ("MAIL_SERVER", "MAIL_PORT", "MAIL_FROM", "FRONTEND_URL", "BCRYPT_COST"):
        server.settings.pop(setting)
    server.start()
    snippets.run(TOP / "docs/api-guide.md", cwd=tmp_path, environment={"PATH": os.environ["PATH"]}, replace={"http://127.0.0.1:8000": server.url})


def test_operations(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/focus").symlink_to(BINARY)
    environment = base_environment() | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "DATABASE_URL": "sqlite:///focus.db"}
    backup, restore, recounted, newest = snippets.run(TOP / "docs/operations.md", cwd=tmp_path, environment=environment)[:4]
    assert "checked" in backup and "is restored" in restore and "applied" in newest
    assert recounted.endswith("nothing differed\n")
    assert len(list(tmp_path.glob("focus.db.before-restore-*"))) == 1


def sql_of(page: Path) -> str:
    found = re.search(r"^<!-- moved -->\n```sql\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_moving_from_fastapi(make_server, world):
    """An old database, the page's SQL, and the people of then find everything."""
    old, new = world.database("mysql"), world.database("mysql")
    old.query(OLD_SCHEMA)
    old.query(f"""
      INSERT INTO users VALUES (7, 'Ada@Example.org', 'Ada', '{HASH}', 'Ada L.', NULL, NULL, 'USER', 1, 1, 90, 1, 1, '2025-01-01 10:00:00', NULL, NULL);
      INSERT INTO activities VALUES
        (1, 7, 'Chess ', NULL, 'games', 12.5, '2025-03-01', '2025-03-01 10:00:00', '2025-03-01 10:12:30', 'phone', NULL, '2025-03-01 10:13:00', NULL),
        (2, 7, 'Maps', 'org.maps', NULL, 4, '2025-03-01', NULL, NULL, NULL, 's', '2025-03-01 11:00:00', '2025-03-01 12:00:00');
      INSERT INTO blocked_apps VALUES (1, 7, 'Chess', NULL, 'games', 30, 1, 80, '2025-01-02 10:00:00', NULL);""")
    server = make_server("mysql", database=new)
    assert server.command("migrate").returncode == 0
    new.query(sql_of(TOP / "docs/migration-from-fastapi.md").replace("focus_old.", f"{old.name}.").replace("focus.", f"{new.name}."))
    server.start()
    ada = Account(server, {"email": "ada@example.org", "username": "Ada", "password": "Secret-passw0rd"})
    assert ada.login()["user"]["full_name"] == "Ada L."
    day = ada.daily("2025-03-01")
    assert (day["total_time"], day["sessions"], day["most_used_app"]) == (16.5, 2, "Chess")
    rows = expect(ada.api.get("/api/activities", params={"app_name": "chess"}), 200)
    assert [(row["id"], row["duration_minutes"], row["start_time"]) for row in rows] == [(1, 12.5, "2025-03-01T10:00:00.000Z")]
    (limit,) = expect(ada.api.get("/api/blocked"), 200)
    assert (limit["daily_limit_minutes"], limit["is_blocked"]) == (30, False)
    expect(ada.api.post("/api/blocked", json={"app_name": "CHESS", "daily_limit_minutes": 5}), 400, "already_exists")
    ada.record("Chess", 40)
    assert expect(ada.api.get("/api/blocked/status", params={"app_name": "Chess"}), 200)["is_blocked"] is True


@pytest.mark.parametrize("folder", ["src/core", "src/features", "tests", "deploy"])
def test_each_folder_has_a_line(folder):
    """docs/architecture.md says what every folder is for."""
    table = (TOP / "docs/architecture.md").read_text()
    named = set(re.findall(r"`([\w/{},]+)/?`", table))
    missing = [path.name for path in (TOP / folder).iterdir() if path.is_dir() and path.name != "__pycache__" and f"{folder}/{path.name}" not in named]
    assert not missing
