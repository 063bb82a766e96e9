"""Coroutines are started by core/async only (docs/decisions/0010-background-tasks.md): a task that is not awaited loses its exceptions."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_SPAWN = re.compile(r"\bco_spawn\b|\basio::detached\b|boost/asio/detached\.hpp")


def spawns(source: str) -> list[int]:
    """The lines on which a coroutine is started without core/async."""
    code = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), source)
    return [code.count("\n", 0, match.start()) + 1 for match in _SPAWN.finditer(code)]


@pytest.mark.parametrize("source, lines", [
    ("asio::co_spawn(io, work(), done);", [1]),
    ("x();\nboost::asio::co_spawn(\n    io, work(), boost::asio::detached);", [2, 3]),
    ("#include <boost/asio/co_spawn.hpp>", [1]),
    ("#include <boost/asio/detached.hpp>", [1]),
    ("async::spawn(executor, \"work\", work());", []),
    ("// co_spawn would lose it", []),
])  # fmt: skip
def test_a_spawn_is_known(source, lines):
    assert spawns(source) == lines


def test_only_core_async_spawns():
    paths = [path for path in sorted(SOURCE.rglob("*.[ch]pp")) if SOURCE / "core/async" not in path.parents]
    assert len(paths) > 200, "as many as there are"
    assert [f"{path.relative_to(SOURCE)}:{line}" for path in paths for line in spawns(path.read_text())] == []
