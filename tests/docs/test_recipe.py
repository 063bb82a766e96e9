"""The code of docs/recipes.md compiles in the files that it names."""

import json
import re
import shlex
import shutil
import subprocess
import textwrap

from support.engines import TOP
from support.server import BINARY

FEATURES = "src/features"
_PIECE = re.compile(r"^ *<!-- into: (?P<file>[\w./]+)(?:, behind: (?P<line>.*?))? -->\n *```cpp\n(?P<code>.*?)^ *```", re.DOTALL | re.MULTILINE)


def put_into(text: str, file: str, line: str | None, code: str) -> str:
    """Behind the line that ends with `line`, or for `START … line` the first such line after START; without it declarations of
    the service go into its class, the rest to the end of the namespace."""
    if line:
        *start, line = line.split(" … ")
        begin = text.index(start[0]) if start else 0
        assert start or text.count(f"{line}\n") == 1, f"{file}: {line}"
        at = text.index(f"{line}\n", begin) + len(line) + 1
        return f"{text[:at]}{code}{text[at:]}"
    end = "  private:\n" if file.endswith("service.hpp") else f"}} // namespace focus::{file.split('/')[0]}"
    at = text.rindex(end)
    return f"{text[:at]}\n{code}\n{text[at:]}"


def compile_command(file: str, source_folder) -> list[str]:
    """The compile command of the build, for a syntax check of the changed sources."""
    for entry in json.loads((BINARY.parent / "compile_commands.json").read_text()):
        if entry["file"].endswith(f"/{FEATURES}/{file}"):
            words = shlex.split(entry["command"])
            words = words[next(i for i, word in enumerate(words) if "g++" in word) :]
            output = words.index("-o")
            del words[output : output + 2]
            changed = [word.replace(f"{TOP}/src", str(source_folder)) for word in words if word != "-c"]
            return [*changed, "-fsyntax-only"]
    raise AssertionError(f"the build does not know {file}")


def test_the_recipes(tmp_path):
    source = shutil.copytree(TOP / "src", tmp_path / "src")
    pieces = list(_PIECE.finditer((TOP / "docs/recipes.md").read_text()))
    assert len(pieces) == 14
    for piece in pieces:
        file = source / "features" / piece["file"]
        file.write_text(put_into(file.read_text(), piece["file"], piece["line"], textwrap.dedent(piece["code"])))
    changed = {piece["file"] for piece in pieces if piece["file"].endswith(".cpp")}
    assert any(file.endswith("/jobs.cpp") for file in changed) and any(file.endswith("/routes.cpp") for file in changed)
    for file in sorted(changed | {"blocking/repository.cpp"}):  # it reads and writes the struct with the new field
        run = subprocess.run(compile_command(file, source), cwd=BINARY.parent, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
