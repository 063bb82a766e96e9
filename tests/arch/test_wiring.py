"""Hooks between modules are registered in one file, src/app/wiring.cpp, which shows which module reacts to which and in which order."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
_REGISTRATION = re.compile(r"(?:\.|->)\s*(on_\w+)\s*\(")
# Hooks for events of the core itself (messages of the bus were lost, metrics are read), not of a module.
_OF_CORE = {"on_gap", "on_scrape"}


def registrations(path: str, text: str) -> list[str]:
    """The lines of a file below src/ that register a hook although hooks belong to another file."""
    if path.split("/")[0] not in ("app", "features") or path == "app/wiring.cpp" or path.endswith("_test.cpp"):
        return []
    hooks = [match for match in _REGISTRATION.finditer(text) if match.group(1) not in _OF_CORE]
    return [f"{path}:{text.count('\n', 0, hook.start(1)) + 1}: {hook.group(1)}" for hook in hooks]


@pytest.mark.parametrize(("path", "text", "found"), [
    ("features/blocking/service.cpp", "x();\nactivities.on_recorded(follower());", ["features/blocking/service.cpp:2: on_recorded"]),
    ("features/auth/service.hpp", "users->on_removed(erase);", ["features/auth/service.hpp:1: on_removed"]),
    ("app/app.cpp", "modules_->users\n    .on_saved(follow);", ["app/app.cpp:2: on_saved"]),
    ("app/wiring.cpp", "activities.on_recorded(blocking.follower());", []),
    ("features/users/service.hpp", "void on_saved(SaveHook hook) {}", []),
    ("features/activities/service_test.cpp", "service_->on_recorded(follower);", []),
    ("features/notifications/hub.cpp", "bus_.on_gap([this] { look_again(); });", []),
    ("core/mail/delivery.cpp", "outbox.on_added(wake);", []),
])  # fmt: skip
def test_registrations_are_seen(path: str, text: str, found: list[str]) -> None:
    assert registrations(path, text) == found


def test_only_the_wiring_registers_hooks() -> None:
    files = sorted(SOURCE.rglob("*.[ch]pp"))
    assert [line for file in files for line in registrations(file.relative_to(SOURCE).as_posix(), file.read_text())] == []


def test_the_wiring_registers_every_hook() -> None:
    headers = (header.read_text() for header in (SOURCE / "features").rglob("service.hpp"))
    offered = {name for header in headers for name in re.findall(r"^    void (on_\w+)\(", header, re.MULTILINE)}
    assert offered == set(_REGISTRATION.findall((SOURCE / "app/wiring.cpp").read_text()))
    assert len(offered) >= 5, "as many as there are"
