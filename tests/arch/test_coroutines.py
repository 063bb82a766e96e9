"""g++ 14 evaluates a co_await behind && or || in a loop's condition regardless of the left operand: none may be used."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
_SILENT = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(?P<end>[^()\s\\]*)\(.*?\)(?P=end)"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_LOOP = re.compile(r"\b(while|for)\s*\(")
_TRAP = re.compile(r"(&&|\|\||\band\b|\bor\b).*\bco_await\b", re.DOTALL)


def _without_texts(source: str) -> str:
    """The source with blanks for comments and literals; lines keep their numbers."""
    return _SILENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), source)


def _parts(source: str, begin: int) -> list[str]:
    """The text between the parenthesis before `begin` and the closing one, split at the semicolons of that level."""
    depth, start, parts = 1, begin, []
    for at in range(begin, len(source)):
        character = source[at]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0:
                return [*parts, source[start:at]]
        elif character == ";" and depth == 1:
            parts.append(source[start:at])
            start = at + 1
    return []


def conditions(source: str) -> Iterator[tuple[int, str]]:
    """The line and the text of each condition of while, do-while and for (one over a range has none)."""
    source = _without_texts(source)
    for loop in _LOOP.finditer(source):
        parts = _parts(source, loop.end())
        if loop.group(1) == "for" and len(parts) != 3:
            continue
        if parts:
            yield source.count("\n", 0, loop.start()) + 1, parts[1] if len(parts) == 3 else parts[0]


def traps(source: str) -> list[int]:
    return [line for line, condition in conditions(source) if _TRAP.search(condition)]


@pytest.mark.parametrize("source, lines", [
    ("while (may_go_on() && co_await step()) {", [1]),
    ("while (!(stopped || !(co_await step()).done)) {", [1]),
    ("while (may_go_on() && co_await step()) ++steps;", [1]),
    ("while (may_go_on() and co_await step()) ++steps;", [1]),
    ("x();\nwhile (may_go_on() &&\n       co_await step())\n    ++steps;", [2]),
    ("do {\n    ++steps;\n} while (may_go_on() && co_await step());", [3]),
    ("for (int i = 0; i < 3 && co_await step(i); ++i) {}", [1]),
    ("for (;\n     !stopped ||\n     co_await step();\n     ) {}", [1]),
    ("for (auto f = [] { a(); b(); }; f() && co_await step();) {}", [1]),
    ("while (a(\")\") && co_await step()) {}", [1]),
    ("while (a(')') && co_await step()) {}", [1]),
    ("while (a /* ) */ && co_await step()) {}", [1]),
    ("while (left > 1'000 && co_await step()) {}", [1]),
    ("while (co_await step() && may_go_on()) {", []),
    ("while (running || beating) co_await wait();", []),
    ("while (running || beating)\n    co_await wait();", []),
    ("for (int i = 0; i < 3 && i < most; co_await step(i)) {}", []),
    ("for (auto&& one : co_await all()) {}", []),
    ("for (const auto& one : a && b ? c : co_await all()) {}", []),
    ("if (left && !co_await drop()) {", []),
    ("// while (a && co_await b()) {}", []),
    ("say(\"while (a && co_await b()) {}\");", []),
    ("say(R\"x(while (a && co_await b()) {})x\");", []),
])  # fmt: skip
def test_the_trap_is_known(source, lines):
    assert traps(source) == lines


def test_no_loop_has_it():
    found = [f"{path.relative_to(SOURCE)}:{line}" for path in sorted(SOURCE.rglob("*.[ch]pp")) for line in traps(path.read_text())]
    assert found == []


def test_the_scanner_sees_the_loops():
    loops = sum(len(list(conditions(path.read_text()))) for path in SOURCE.rglob("*.[ch]pp"))
    assert loops > 200, "as many as there are"
