"""The shell blocks of the documentation that are run, and the answers below them.

A comment before a block marks it to be run; the blocks of one page run one after another in one shell:

    <!-- run -->
    ```sh
    curl -sS $focus/api/health
    ```

A ```json block right after it is the answer. Lists and objects are compared by their entries; "…" as a key or as a list's
last entry stands for further ones. Other values must be equal, except those that differ in each run (ids, times, tokens).
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^<!-- run -->\n```sh\n(?P<code>.*?)^```\n(?:\n*```json\n(?P<answer>.*?)^```\n)?", re.DOTALL | re.MULTILINE)
_DIFFERS = re.compile(r"(^|_)(id|at|token|date|time|until|timestamp|url|cursor)$|^(version|period|day|hourly|instance)$")
_MARK = "<<<end of block>>>"


@dataclass
class Block:
    line: int
    code: str
    answer: str | None


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [Block(text.count("\n", 0, found.start()) + 3, found["code"], found["answer"]) for found in _BLOCK.finditer(text)]


def run(page: Path, *, cwd: Path, environment: dict[str, str], replace: dict[str, str] | None = None) -> list[str]:
    """Runs the page's blocks and checks their answers; returns the output of each. The first failure ends the run."""
    blocks = blocks_of(page)
    assert blocks, f"{page.name} has no block that is run"
    script = "set -eu\n" + "".join(f"{block.code}\nprintf '\\n%s\\n' '{_MARK}'\n" for block in blocks)
    for old, new in (replace or {}).items():
        script = script.replace(old, new)
    done = subprocess.run(["bash", "-c", script], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    printed = [part.strip("\n") for part in done.stdout.split(f"\n{_MARK}\n")]
    for block, output in zip(blocks, printed[:-1], strict=False):
        if block.answer is not None:
            difference = differs(json.loads(block.answer), json.loads(output), "answer")
            assert not difference, f"{page.name}, the answer below line {block.line}: {difference}\n{output}"
    if done.returncode != 0 or len(printed) != len(blocks) + 1:
        block = blocks[min(len(printed) - 1, len(blocks) - 1)]
        raise AssertionError(f"{page.name}, the block at line {block.line} ended with {done.returncode}:\n{printed[-1]}\n{done.stderr}")
    return printed


def differs(expected, found, where: str) -> str:
    """The first difference, or an empty text."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return _differs_object(expected, found, where)
    if isinstance(expected, list) and isinstance(found, list):
        more = bool(expected) and expected[-1] == "…"
        entries = expected[:-1] if more else expected
        if len(found) < len(entries) or (len(found) > len(entries) and not more):
            return f"{where} has {len(found)} entries"
        return next(filter(None, (differs(a, b, f"{where}[{n}]") for n, (a, b) in enumerate(zip(entries, found, strict=False)))), "")
    if _DIFFERS.search(where.rsplit(".", 1)[-1]):
        return "" if type(expected) is type(found) or None in (expected, found) else f"{where} is {found!r}"
    return "" if expected == found else f"{where} is {found!r}, not {expected!r}"


def _differs_object(expected: dict, found: dict, where: str) -> str:
    wanted = expected.keys() - {"…"}
    if missing := wanted - found.keys():
        return f"{where} lacks {sorted(missing)}"
    if "…" not in expected and (more := found.keys() - wanted):
        return f"{where} also has {sorted(more)}"
    return next(filter(None, (differs(expected[key], found[key], f"{where}.{key}") for key in sorted(wanted))), "")
