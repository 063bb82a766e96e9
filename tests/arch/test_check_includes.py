"""The include checker finds each kind of violation, and none in the present tree."""

from pathlib import Path

import pytest
from arch import check_includes as checker

TREE = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.parametrize(
    ("path", "target", "reason"),
    [
        ("core/http/router.cpp", "features/users/types.hpp", "the core knows no features"),
        ("core/db/pool.cpp", "app/config.hpp", "the core knows no app"),
        ("features/users/service.cpp", "app/config.hpp", "features do not know app"),
        ("features/users/service.cpp", "features/auth/service.hpp", "auth comes after users"),
        ("features/auth/service.cpp", "features/users/repository.hpp", "a feature shows others only"),
        ("features/auth/service.cpp", "features/users/rules.hpp", "a feature shows others only"),
        ("features/auth/service.cpp", "features/gossip/types.hpp", "not in the checker's list"),
        ("features/auth/service.cpp", "features/oidc/service.hpp", "oidc comes after auth"),
        ("core/json/json.hpp", "core/db/database.hpp", "core/json does not build on core/db"),
        ("core/base/log.cpp", "core/json/json.hpp", "core/base does not build on core/json"),
        ("core/gossip/gossip.cpp", "core/base/log.hpp", "part gossip is not in the checker's list"),
        ("core/base/log.cpp", "core/core.hpp", "core/core.hpp is for features"),
        ("features/users/routes.cpp", "boost/beast/http.hpp", "belongs into core/http only"),
        ("core/http/server.cpp", "boost/mysql.hpp", "belongs into core/db only"),
        ("core/cache/cache.cpp", "sqlite3.h", "belongs into core/db only"),
        ("core/jobs/jobs.cpp", "boost/redis/connection.hpp", "belongs into core/redis only"),
        ("core/mail/smtp.cpp", "curl/curl.h", "belongs into core/net only"),
        ("app/app.cpp", "spdlog/spdlog.h", "belongs into core/base only"),
        ("core/http/server.cpp", "prometheus/counter.h", "belongs into core/metrics only"),
    ],
)
def test_forbidden(path: str, target: str, reason: str) -> None:
    assert reason in checker.include_fault(path, target)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("core/http/server.cpp", "boost/beast.hpp"),
        ("core/http/server.cpp", "core/base/log.hpp"),
        ("core/http/server_test.cpp", "core/db/database.hpp"),
        ("features/users/service.hpp", "core/core.hpp"),
        ("features/oidc/service.cpp", "features/auth/errors.hpp"),
        ("core/db/mysql/pool.cpp", "boost/mysql/any_connection.hpp"),
        ("core/redis/link.cpp", "boost/redis/connection.hpp"),
        ("features/auth/service.cpp", "features/users/service.hpp"),
        ("features/auth/service.cpp", "features/auth/repository.hpp"),
        ("app/app.cpp", "features/admin/module.hpp"),
        ("main.cpp", "app/commands.hpp"),
    ],
)
def test_allowed(path: str, target: str) -> None:
    assert checker.include_fault(path, target) == ""


def test_a_tree_with_faults(tmp_path: Path) -> None:
    source = tmp_path / "src"
    (source / "core/base").mkdir(parents=True)
    (source / "core/base/good.hpp").write_text("// What it is for.\n#pragma once\n#include <string>\n")
    (source / "core/base/bad.hpp").write_text('#pragma once\n\n#  include "app/app.hpp"\n')
    assert [str(violation) for violation in checker.check(source)] == [
        "src/core/base/bad.hpp:3: the core knows no app",
        "src/core/base/bad.hpp:1: a header opens with what it is for",
    ]


def test_the_core_has_no_cycle() -> None:
    """Each part's list names only parts listed before it."""
    parts = list(checker.CORE)
    later = {part: [one for one in used if parts.index(one) >= parts.index(part)] for part, used in checker.CORE.items()}
    assert {part: used for part, used in later.items() if used} == {}


def test_the_core_builds_on_what_the_list_says(tmp_path: Path) -> None:
    """Each entry of the list is used, so that it describes the core."""
    used = {(part, target.split("/")[1]) for part in checker.CORE for file in (TREE / "core" / part).rglob("*.[ch]pp")
            for _, target in checker.includes(file.read_text()) if target.startswith("core/") and not file.name.endswith("_test.cpp")}  # fmt: skip
    assert {(part, one) for part, all_used in checker.CORE.items() for one in all_used} - used == set()


def test_long_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "long.cpp").write_text("\n" * 401)
    (tmp_path / "short.cpp").write_text("\n" * 400)
    assert checker.long_files(tmp_path) == [(401, "long.cpp")]


def test_this_tree() -> None:
    assert [str(violation) for violation in checker.check(TREE)] == []
