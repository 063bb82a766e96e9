"""The pieces of docs/adding-an-endpoint.md, put into the files that they name, compile."""

import json
import re
import shlex
import shutil
import subprocess
import textwrap

from support.engines import TOP
from support.server import BINARY

ROOM = "src/features/activities"
_PIECE = re.compile(r"^ *<!-- into: (?P<file>[\w.]+) -->\n *```cpp\n(?P<code>.*?)^ *```", re.DOTALL | re.MULTILINE)


def put_into(text: str, file: str, code: str) -> str:
    """Declarations of the service go into its class, everything else to the end of the namespace."""
    end = "  private:\n" if file == "service.hpp" else "} // namespace focus::activities"
    at = text.rindex(end)
    return f"{text[:at]}\n{code}\n{text[at:]}"


def compile_command(file: str, source_folder) -> list[str]:
    """That of the build, for looking only, with the changed sources."""
    for entry in json.loads((BINARY.parent / "compile_commands.json").read_text()):
        if entry["file"].endswith(f"/{ROOM}/{file}"):
            words = shlex.split(entry["command"])
            words = words[next(i for i, word in enumerate(words) if "g++" in word) :]
            output = words.index("-o")
            del words[output : output + 2]
            changed = [word.replace(f"{TOP}/src", str(source_folder)) for word in words if word != "-c"]
            return [*changed, "-fsyntax-only"]
    raise AssertionError(f"the build does not know {file}")


def test_the_recipe(tmp_path):
    source = shutil.copytree(TOP / "src", tmp_path / "src")
    pieces = list(_PIECE.finditer((TOP / "docs/adding-an-endpoint.md").read_text()))
    assert len(pieces) == 6
    for piece in pieces:
        file = source / "features/activities" / piece["file"]
        file.write_text(put_into(file.read_text(), piece["file"], textwrap.dedent(piece["code"])))
    for file in sorted({piece["file"] for piece in pieces if piece["file"].endswith(".cpp")}):
        run = subprocess.run(compile_command(file, source), cwd=BINARY.parent, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
