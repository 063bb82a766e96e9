"""The tour of the README works when it is pasted, in both languages."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.client import expect
from support.engines import TOP
from support.processes import SLOWNESS, free_port, spawn

ADDRESS = "http://127.0.0.1:8000"


def tour(readme: Path) -> str:
    found = re.search(r"<!-- tour.*?-->\n```sh\n(.*?)```", readme.read_text(), re.DOTALL)
    assert found, f"{readme.name} has no tour"
    return found[1]


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_the_tour(make_server, name):
    script = tour(TOP / name)
    assert script.count(ADDRESS) == 1, "the address occurs once"
    server = make_server()
    for setting in ("MAIL_SERVER", "MAIL_PORT", "MAIL_FROM", "FRONTEND_URL", "BCRYPT_COST"):
        server.settings.pop(setting)
    server.start()
    run = subprocess.run(["bash", "-c", script.replace(ADDRESS, server.url)], capture_output=True, text=True, timeout=60,
                         env={"PATH": os.environ["PATH"]})  # fmt: skip
    assert run.returncode == 0 and run.stderr == "", run.stderr
    registered, verified, first, second, statistics = [json.loads(line) for line in run.stdout.splitlines() if line]
    assert registered["username"] == "ada" and registered["is_verified"] is False
    assert "verified" in verified["message"] or "vérifi" in verified["message"]
    assert (first["duration_minutes"], second["duration_minutes"]) == (25.5, 12)
    assert (statistics["total_time"], statistics["most_used_app"]) == (37.5, "Instagram")


@pytest.mark.parametrize("page", sorted(path.relative_to(TOP).as_posix() for path in [*TOP.glob("*.md"), *TOP.glob("docs/**/*.md")]))
def test_links_lead_somewhere(page):
    text = (TOP / page).read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (TOP / page).parent / path if path else TOP / page
        assert file.exists(), f"{page}: {target}"
        if anchor:
            headings = [re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
                        for line in file.read_text().splitlines() if line.startswith("#")]  # fmt: skip
            assert anchor in headings, f"{page}: {target}"


def test_the_table_of_settings_is_the_programs_own():
    from support.server import BINARY, base_environment

    printed = subprocess.run([str(BINARY), "config", "docs"], capture_output=True, text=True, env=base_environment(), check=True).stdout
    page = (TOP / "docs/configuration.md").read_text()
    assert printed.strip() in page, "run: build/release/focus config docs, and put it into docs/configuration.md"


def test_the_python_client_of_the_api_guide(make_server):
    found = re.search(r"<!-- client.*?-->\n```python\n(.*?)```", (TOP / "docs/api-guide.md").read_text(), re.DOTALL)
    server = make_server(PORT=str(free_port())).start()
    user = server.new_account()
    client = spawn([sys.executable, "-c", found[1]], stdout=subprocess.PIPE, text=True,
                   env={"FOCUS_WS": server.url.replace("http", "ws"), "FOCUS_TOKEN": user.tokens["access_token"]})  # fmt: skip
    expect(user.api.post("/api/blocked", json={"app_name": "Maps", "daily_limit_minutes": 10}), 201)
    user.record("Maps", 9)
    timer = threading.Timer(60 * SLOWNESS, client.kill)
    timer.start()
    lines = iter(client.stdout.readline, "")
    assert any("Maps: 90 %" in line for line in lines)
    server.restart()  # the client reconnects and resumes where it was
    user.record("Maps", 9)
    assert any("Maps is blocked" in line for line in lines)
    expect(user.anonymous.post("/api/auth/logout", json={"refresh_token": user.tokens["refresh_token"]}), 204)
    assert client.wait() == 0, "4401 ends it"
    timer.cancel()
