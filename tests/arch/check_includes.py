#!/usr/bin/env python3
"""Checks the includes between the parts of src/ (docs/architecture.md) and that every header says what it is for.

Prints one line per violation and exits with 1 when there is any. `--lengths` also lists the files over the guideline.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

# A feature may use the features before it, through these headers of theirs.
FEATURES = ["users", "auth", "oidc", "activities", "notifications", "blocking", "challenges", "reminders", "reports", "admin"]
PUBLIC_FILES = ("types.hpp", "errors.hpp", "queries.hpp", "service.hpp", "module.hpp")

# The parts of the core that each part uses: only parts listed before it, so that there is no cycle.
CORE = {
    "base": (),
    "async": ("base",),
    "json": ("base",),
    "net": ("async",),
    "redis": ("async", "base"),
    "metrics": (),
    "crypto": ("async", "base", "json", "metrics"),
    "bus": ("async", "base", "crypto", "redis"),
    "db": ("async", "base", "json", "metrics"),
    "recount": ("db",),
    "counters": ("base", "db", "recount"),
    "personal": ("db",),
    "cache": ("async", "base", "bus", "db", "json", "metrics", "redis"),
    "attempts": ("base", "crypto", "db"),
    "audit": ("base", "db", "personal", "recount"),
    "http": ("async", "base", "crypto", "json", "metrics", "redis"),
    "idempotency": ("base", "crypto", "db", "http", "json"),
    "instances": ("async", "base", "db"),
    "jobs": ("async", "base", "crypto", "db", "metrics"),
    "mail": ("async", "audit", "base", "counters", "crypto", "db", "json", "metrics", "net", "personal", "recount"),
}

# Libraries that must stay inside one part of the core: header pattern -> folders that may include it.
HEAVY = {
    r"boost/beast(/|\.hpp)": ("core/http",),
    r"boost/mysql(/|\.hpp)": ("core/db",),
    r"sqlite3\.h$": ("core/db",),
    r"boost/redis(/|\.hpp)": ("core/redis",),
    r"boost/url(/|\.hpp)": ("core/base", "core/json"),
    r"curl/": ("core/net",),
    r"prometheus/": ("core/metrics",),
    r"spdlog/": ("core/base",),
    r"CLI/": ("app",),
}

MAX_LINES = 400
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


@dataclass(frozen=True)
class Violation:
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def includes(text: str) -> list[tuple[int, str]]:
    """Line and path of every include."""
    return [(text.count("\n", 0, match.start(2)) + 1, match.group(2)) for match in _INCLUDE.finditer(text)]


def part_of(path: str) -> tuple[str, str]:
    """("core", "http"), ("features", "users"), ("app", "") or ("", "") for a path relative to src/."""
    steps = path.split("/")
    if steps[0] in ("core", "features") and len(steps) > 2:
        return steps[0], steps[1]
    return (steps[0], "") if len(steps) > 1 else ("", "")


def feature_fault(feature: str, target: str, target_file: str) -> str:
    """Why `feature` must not include `target_file` of another feature; "" when it may."""
    if feature not in FEATURES or target not in FEATURES:
        return f"the feature {feature if feature not in FEATURES else target} is not in the checker's list"
    if target_file not in PUBLIC_FILES:
        return f"a feature shows others only {', '.join(PUBLIC_FILES)}"
    if FEATURES.index(target) > FEATURES.index(feature):
        return f"{target} comes after {feature}; let the earlier one offer a hook, and bind it in app/wiring.cpp"
    return ""


def core_fault(part: str, target: str) -> str:
    """Why the core's `part` must not include another one, `target`; "" when it may."""
    if target == "":
        return "core/core.hpp is for features: a part of the core takes what it needs"
    if part not in CORE or target not in CORE:
        return f"the core's part {part if part not in CORE else target} is not in the checker's list"
    if target not in CORE[part]:
        return f"core/{part} does not build on core/{target}"
    return ""


def include_fault(path: str, target: str) -> str:
    """Why the file `path` must not include `target`; "" when it may."""
    for pattern, folders in HEAVY.items():
        if re.match(pattern, target):
            if not any(path.startswith(folder + "/") for folder in folders):
                return f"{target} belongs into {' and '.join(folders)} only"
            return ""
    area, part = part_of(path)
    target_area, target_part = part_of(target)
    is_test = path.endswith("_test.cpp")
    if area == "core" and target_area in ("features", "app"):
        return f"the core knows no {target_area}"
    if area == target_area == "core" and part != target_part and not is_test:
        return core_fault(part, target_part)
    if area == "features" and target_area == "app":
        return "features do not know app"
    if area == target_area == "features" and part != target_part:
        target_file = target.split("/", 2)[2]
        if is_test and target_file != "repository.hpp":
            target_file = "types.hpp"  # a test may also use an earlier feature's messages
        return feature_fault(part, target_part, target_file)
    return ""


def opens_with_comment(text: str) -> bool:
    return text.lstrip().startswith(("//", "/*"))


def check(source: Path) -> list[Violation]:
    found = []
    for file in sorted([*source.rglob("*.hpp"), *source.rglob("*.cpp")]):
        path = file.relative_to(source).as_posix()
        text = file.read_text(encoding="utf-8")
        for line, target in includes(text):
            fault = include_fault(path, target)
            if fault:
                found.append(Violation(f"{source.name}/{path}", line, fault))
        if file.suffix == ".hpp" and not opens_with_comment(text):
            found.append(Violation(f"{source.name}/{path}", 1, "a header opens with what it is for"))
    return found


def long_files(source: Path) -> list[tuple[int, str]]:
    lengths = [(file.read_text(encoding="utf-8").count("\n"), file.relative_to(source).as_posix()) for file in source.rglob("*.[ch]pp")]
    return sorted((entry for entry in lengths if entry[0] > MAX_LINES), reverse=True)


def main(arguments: list[str]) -> int:
    source = Path(__file__).resolve().parents[2] / "src"
    violations = check(source)
    for violation in violations:
        print(violation)
    if "--lengths" in arguments:
        for lines, path in long_files(source):
            print(f"{source.name}/{path}: {lines} lines, the guideline is {MAX_LINES}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
