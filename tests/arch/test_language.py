"""Comments, messages and documents are in plain technical English: none uses a word of words.txt."""

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

# Folders and files that are checked. Not yet: "tests" and unit tests, whose names and data use some of the words, and "web".
PATHS = [".github", "CHANGELOG.md", "CMakeLists.txt", "CONTRIBUTING.md", "Dockerfile", "README.md", "SECURITY.md", "bench", "cmake", "deploy", "dev",
         "docker-compose.yml", "docs", "examples", "scripts", "src"]  # fmt: skip

# French, generated from something that is checked, data, or a list of the words themselves.
SKIPPED = re.compile(r"\.fr\.md$|_test\.cpp$|common_passwords\.txt$|/fr\b|\.(json|svg|png|ico|lock|dict|woff2)$|^tests/(arch/words\.txt|arch/test_language\.py|fuzz/corpus/|fixtures/)")

_CODE = {".cpp", ".hpp", ".ts", ".js", ".svelte"}
_COMMENTS_AND_STRINGS = re.compile(
    r"""(?P<text>//[^\n]*|/\*.*?\*/|<!--.*?-->|R"(?P<end>[^()\s\\]*)\(.*?\)(?P=end)"|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<!\w)'(?:\\.|[^'\\\n])*')""", re.DOTALL)
# A page marks what a program has written into it: <!-- NAME: begin … --> to <!-- NAME: end -->.
_GENERATED = re.compile(r"<!-- (\w+): begin.*?<!-- \1: end -->", re.DOTALL)


def words() -> list[tuple[re.Pattern, str]]:
    lines = (Path(__file__).parent / "words.txt").read_text().splitlines()
    entries = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), instead) for pattern, instead in entries]


WORDS = words()


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def prose(path: str, text: str) -> str:
    """The file's text with blanks, line by line, for everything that is no comment, string or document."""
    suffix = Path(path).suffix
    if suffix in _CODE:
        parts, at = [], 0
        for found in _COMMENTS_AND_STRINGS.finditer(text):
            parts += [_blank(text[at : found.start()]), found["text"]]
            at = found.end()
        return "".join([*parts, _blank(text[at:])])
    if suffix == ".py":
        lines = [""] * (text.count("\n") + 1)
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.COMMENT, tokenize.STRING, tokenize.FSTRING_MIDDLE):
                for n, line in enumerate(token.string.splitlines()):
                    lines[token.start[0] - 1 + n] += f" {line}"
        return "\n".join(lines)
    if suffix == ".md":
        return _GENERATED.sub(lambda found: _blank(found.group()), text)
    return text


def faults(path: str, text: str) -> Iterator[str]:
    for number, line in enumerate(prose(path, text).split("\n"), 1):
        for pattern, instead in WORDS:
            for found in pattern.finditer(line):
                yield f"{path}:{number}: “{found.group()}”: {instead}"


def files(paths: list[str]) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths], cwd=TOP, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if not SKIPPED.search(path) and (TOP / path).is_file()]


@pytest.mark.parametrize("path", PATHS)
def test_plain_words(path):
    found = [fault for file in files([path]) for fault in faults(file, (TOP / file).read_text())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("path", "text", "lines"), [
    ("a.md", "The user sees his day.\nThe user sees the day.\n", [1]),
    ("a.md", "<!-- settings: begin -->\n| His password |\n<!-- settings: end -->\nHis password\n", [4]),
    ("a.cpp", "int room = 1; // no space\nint x; // the room for it\n", [2]),
    ("a.cpp", 'log("somebody came");\nnobody();\nlog(R"(\nNobody)");\n', [1, 4]),
    ("a.cpp", "/* one\n   he */ int he;\n", [2]),
    ("a.cpp", "auto c = '\"'; int he = 1; // fine\n", []),
    ("a.py", 'he = "the house"  # anew\n"""one\ntold"""\nf"{he} whoever"\n', [1, 1, 3, 4]),
    ("a.ts", "const room = `a visit`; // x\n", [1]),
    ("a.sh", "echo nobody\n", [1]),
])  # fmt: skip
def test_what_is_found(path, text, lines):
    assert [int(fault.split(":")[1]) for fault in faults(path, text)] == lines


def test_other_words_are_left_alone():
    text = "The theme of this history is housekeeping; a cached bedroom, heartbeats and revisits.\n"
    assert list(faults("a.md", text)) == []
