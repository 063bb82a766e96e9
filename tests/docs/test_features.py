"""Everything that docs/features.md names exists: routes, settings, commands, files and tests."""

import re
import subprocess

import pytest
from support.engines import TOP
from support.server import BINARY, base_environment

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def rows() -> list[list[str]]:
    """The cells of each feature: name, what it does, where, tests."""
    cells = [line.strip("| ").split(" | ") for line in (TOP / "docs/features.md").read_text().splitlines() if line.startswith(("| ✅", "| 🔄"))]
    assert cells and all(len(row) == 4 for row in cells)
    return cells


def names(column: int) -> list[str]:
    return sorted({name for row in rows() for name in re.findall(r"`([^`]+)`", row[column])})


def printed(*arguments: str) -> str:
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, check=True, env=base_environment()).stdout


def test_routes(make_server):
    paths = make_server().start().contract.document["paths"]
    published = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations if method.upper() in METHODS}
    named = {name for name in names(2) if name.startswith(METHODS)}
    assert named - published == set()
    assert published - named == {"POST /api/users/me/change-password"}, "each route has a feature, but an older spelling"


def test_settings():
    known = {line.split(" = ")[0] for line in printed("config", "print").splitlines()}
    named = {name for name in names(2) if re.fullmatch(r"[A-Z][A-Z_]+", name)}
    assert named and named - known == set()


@pytest.mark.parametrize("command", [name for name in names(2) if name.startswith("focus ")])
def test_commands(command):
    assert "Usage:" in printed(*command.split()[1:], "--help") or "OPTIONS" in printed(*command.split()[1:], "--help")


def test_dev_commands():
    usage = subprocess.run([TOP / "dev", "help"], capture_output=True, text=True, check=True).stdout
    for name in names(2):
        if name.startswith("./dev "):
            _, command, *what = name.split()
            assert f"./dev {command}" in usage
            if command == "bench":
                assert (TOP / "bench" / f"{what[0]}.py").exists()


def test_files():
    files = [name for name in names(2) if re.fullmatch(r"[\w.-]+(/[\w.-]+)*\.\w+", name)]
    assert files and [name for name in files if not (TOP / name).exists()] == []


def test_nothing_else_is_named():
    known = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /|[A-Z][A-Z_]+$|focus |\./dev |[\w.-]+(/[\w.-]+)*\.\w+$")
    assert [name for name in names(2) if not known.match(name)] == []


def has_test(path: str, name: str) -> bool:
    file = TOP / path if path.startswith(("src/", "tests/")) else TOP / "tests/functional" / path
    text = file.read_text() if file.exists() else ""
    if file.suffix == ".cpp":
        suite, _, case = name.partition(".")
        return re.search(rf"^TEST(_F|_P)?\({suite}, {case}\)", text, re.MULTILINE) is not None
    if file.suffix == ".ts":
        return f"test('{name}'" in text
    return re.search(rf"^(async )?def {name}\(", text, re.MULTILINE) is not None


def test_tests():
    named = [name.partition("::")[::2] for name in names(3)]
    assert len(named) > 80
    assert [f"{path}::{name}" for path, name in named if not has_test(path, name)] == []


def test_done_features_have_a_test():
    without = [row[0] for row in rows() if row[0].startswith("✅") and "::" not in row[3]]
    assert without == ["✅ dependency scans"], "what runs in CI only has none here"


@pytest.mark.parametrize(("path", "name"), [("test_auth.py", "test_that_is_not_there"), ("test_nowhere.py", "test_login"),
                                            ("src/core/cache/cache_test.cpp", "CacheTest.never")])  # fmt: skip
def test_a_missing_test_is_found(path, name):
    assert not has_test(path, name)
