"""g++ 14 evaluates a co_await behind && or || in a loop's condition whatever stands before it: none may be written."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
_TRAP = re.compile(r"\bwhile \([^\n]*(&&|\|\|)[^\n]*\bco_await\b[^\n]*\) \{")


@pytest.mark.parametrize("line, is_trap", [
    ("while (may_go_on() && co_await step()) {", True),
    ("while (!(stopped || !(co_await step()).done)) {", True),
    ("while (running || beating) co_await wait();", False),
    ("if (left && !co_await drop()) {", False),
])  # fmt: skip
def test_the_trap_is_known(line, is_trap):
    assert bool(_TRAP.search(line)) == is_trap


def test_no_loop_has_it():
    found = [f"{path.relative_to(SOURCE)}: {match.group()}" for path in SOURCE.rglob("*.[ch]pp") for match in _TRAP.finditer(path.read_text())]
    assert found == []
