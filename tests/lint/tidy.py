#!/usr/bin/env python3
"""Runs clang-tidy over src/ (tests excepted), one process per core. A file that was clean is not
checked again until its text, our headers, flags or checks change: ~/.cache/focus-tidy has their hashes."""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SOURCE = TOP / "src"
DATABASE = TOP / "build/release/compile_commands.json"
MEMORY = Path.home() / ".cache/focus-tidy"
NAMES = Path("rfl/internal/get_field_names.hpp")


@cache
def headers_of_ours(file: Path) -> frozenset[Path]:
    """Our headers that the file includes directly."""
    names = re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.read_text(), re.MULTILINE)
    return frozenset(path for name in names for path in (SOURCE / name, file.parent / name) if path.exists())


def everything_behind(file: Path) -> list[Path]:
    """The file and all our headers that it includes, also indirectly."""
    found, waiting = set(), [file]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(headers_of_ours(path))
    return sorted(found)


@cache
def reflection() -> str:
    """A folder with reflect-cpp's header of field names, as clang needs it here: it cuts "}]" off clang's name of a wrapped
    pointer, but ours are not wrapped and end in "]", so that every name would lose its last letter."""
    text = (Path("/usr/include") / NAMES).read_text()
    text = re.sub(r'#include "(\.\./)?(.*?)"', lambda m: f"#include <rfl/{'' if m[1] else 'internal/'}{m[2]}>", text)
    patched = text.replace("func_name.size() - 2", "func_name.size() - 1", 1)
    assert text.index("defined(__clang__)") < patched.index("func_name.size() - 1") < patched.index("defined(__GNUC__)")
    header = TOP / "build/lint/include" / NAMES
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text(patched)
    return str(TOP / "build/lint/include")


def flags(command: str) -> list[str]:
    """The compiler's flags without its precompiled header (every file includes what it needs) and without the output."""
    words = shlex.split(command)
    kept = ["-isystem", reflection()]
    kept += [word for word in words if word.startswith(("-D", "-I", "-std="))]
    kept += [f"-isystem{words[i + 1]}" for i, word in enumerate(words) if word == "-isystem"]
    return kept


def fingerprint(file: Path, arguments: list[str]) -> str:
    digest = hashlib.sha256()
    digest.update((TOP / ".clang-tidy").read_bytes())
    digest.update(" ".join(arguments).replace(str(TOP), "").encode())
    for path in everything_behind(file):
        digest.update(str(path.relative_to(TOP)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def tidy(file: Path, arguments: list[str]) -> str:
    """The findings; "" when there are none."""
    result = subprocess.run(["clang-tidy", "--quiet", str(file), "--", *arguments], capture_output=True, text=True)
    return result.stdout or (result.stderr if result.returncode else "")


def main() -> int:
    MEMORY.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    commands = {Path(entry["file"]): flags(entry["command"]) for entry in json.loads(DATABASE.read_text())}
    ours = {file: arguments for file, arguments in commands.items() if file.is_relative_to(SOURCE) and not file.name.endswith("_test.cpp")}
    prints = {file: fingerprint(file, arguments) for file, arguments in ours.items() if file.exists()}
    todo = [file for file, known in prints.items() if not (MEMORY / known).exists()]
    findings = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, told in zip(todo, pool.map(lambda f: tidy(f, ours[f]), todo)):
            if told:
                findings += 1
                print(told, flush=True)
            else:
                (MEMORY / prints[file]).touch()
    print(f"clang-tidy: {len(todo)} of {len(prints)} files looked at, {findings} with findings, {time.monotonic() - begun:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
