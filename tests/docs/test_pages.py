"""The commands in the documentation work, and their answers are those that it shows."""

import os
import re
import time

import pytest
from support.client import Account, expect
from support.engines import TOP
from support.server import BINARY, base_environment

from . import snippets


def test_the_api_guide(make_server, tmp_path):
    server = make_server()
    for setting in ("MAIL_SERVER", "MAIL_PORT", "MAIL_FROM", "FRONTEND_URL", "BCRYPT_COST"):
        server.settings.pop(setting)
    server.start()
    server.set_clock(time.strftime("%Y-%m-%dT12:00:00Z", time.gmtime()))  # outside of the guide's schedule
    snippets.run(TOP / "docs/api-guide.md", cwd=tmp_path, environment={"PATH": os.environ["PATH"]}, replace={"http://127.0.0.1:8000": server.url})


def test_operations(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/focus").symlink_to(BINARY)
    environment = base_environment() | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "DATABASE_URL": "sqlite:///focus.db"}
    backup, restore, recounted, looked, newest = snippets.run(TOP / "docs/operations.md", cwd=tmp_path, environment=environment)[:5]
    assert "checked" in backup and "is restored" in restore and "applied" in newest
    assert recounted.rstrip().endswith("nothing differed") and "ok    database.integrity" in looked
    assert len(list(tmp_path.glob("focus.db.before-restore-*"))) == 1


def test_moving_from_fastapi(make_server, world):
    """The page's command on the older service's tables, and its users find everything."""
    command = re.search(r"^DATABASE_URL=\S+ focus (migrate-from-fastapi) (--source) \S+ (--dry-run)$", (TOP / "docs/migration-from-fastapi.md").read_text(), re.MULTILINE)
    assert command
    move, source, dry_run = command.groups()
    old = world.database("mysql")
    old.query((TOP / "tests/fixtures/fastapi.sql").read_text())
    server = make_server("mysql")
    assert server.command(move, source, old.url, dry_run).stdout.endswith("nothing was written\n")
    assert server.command(move, source, old.url).stdout.endswith("moved\n")
    server.start()
    ada = Account(server, {"email": "ada@example.org", "username": "Ada", "password": "Secret-passw0rd"})
    assert ada.login()["user"]["full_name"] == "Ada L."
    assert ada.daily("2025-03-01")["total_time"] == 19.83
    assert {limit["app_name"] for limit in expect(ada.api.get("/api/blocked"), 200)} == {"Chess", "Maps"}


def test_routes_of_the_table_exist(make_server):
    """The operations of this service that docs/migration-from-fastapi.md names are published."""
    page = (TOP / "docs/migration-from-fastapi.md").read_text().partition("### Routes and fields")[2]
    ours = [line.split(" | ")[1] for line in page.splitlines() if line.startswith("| ") and " | " in line]
    published = {path.replace("{app_name}", "{app}") for path in make_server().start().contract.document["paths"]}
    named = {path.partition("?")[0] for path in re.findall(r"(/api/[\w/{}-]+)", " ".join(ours))}
    assert named
    assert named <= published


@pytest.mark.parametrize("folder", ["src/core", "src/features", "tests", "deploy"])
def test_each_folder_has_a_line(folder):
    """docs/architecture.md says what every folder is for."""
    table = (TOP / "docs/architecture.md").read_text()
    named = set(re.findall(r"`([\w/{},]+)/?`", table))
    missing = [path.name for path in (TOP / folder).iterdir() if path.is_dir() and path.name != "__pycache__" and f"{folder}/{path.name}" not in named]
    assert not missing
