"""The schema is valid on MySQL as well as on MariaDB: developers' machines have MariaDB only, CI tests against MySQL 8.0."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
MIGRATIONS = sorted((TOP / "migrations/mysql").glob("*.sql"))
RESERVED = {word for line in (Path(__file__).parent / "mysql_reserved_words.txt").read_text().splitlines() if not line.startswith("#") for word in line.split()}

# Syntax that MariaDB accepts and MySQL 8.0 does not.
ONLY_MARIADB = {
    r"(TEXT|BLOB|JSON)\b[^,\n]*\bDEFAULT\s+(?!NULL)": "a default of a TEXT column",
    r"\bADD (COLUMN |KEY |INDEX )?IF NOT EXISTS|\bDROP (COLUMN |KEY |INDEX )?IF EXISTS (?!\w+;)": "IF EXISTS within ALTER TABLE",
    r"\bRETURNING\b": "RETURNING",
    r"utf8mb4_(nopad_bin|general_nopad_ci|uca1400\w*)|utf8mb4_0900\w*": "a collation that only one of both has",
    r"\bCREATE (OR REPLACE )?(SEQUENCE|OR REPLACE TABLE)\b|\bWITH SYSTEM VERSIONING\b|\bINVISIBLE\b": "a feature of MariaDB",
    r"\bUUID\s+NOT NULL|\bINET[46]\b": "a type of MariaDB",
}


def names_of(sql: str) -> set[str]:
    """Tables, columns, keys."""
    sql = re.sub(r"--.*", "", sql)
    columns = re.findall(r"^\s+(?:ADD COLUMN )?(\w+)\s+(?:BIGINT|INT|TINYINT|VARCHAR|CHAR|TEXT|MEDIUMTEXT|DOUBLE|VARBINARY|BINARY|BLOB)\b", sql, re.MULTILINE)
    return set(columns) | set(re.findall(r"\b(?:TABLE|KEY|INDEX|COLUMN|TO)\s+(?:IF (?:NOT )?EXISTS\s+)?(\w+)\b(?=\s*[(\s;])", sql)) - {"UPDATE"}


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_names_are_not_reserved(path):
    names = {name for name in names_of(path.read_text()) if name not in ("IF",)}
    assert names, "the names were not found"
    assert not sorted(name for name in names if name.upper() in RESERVED)


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_nothing_that_only_mariadb_has(path):
    text = re.sub(r"--.*", "", path.read_text())
    assert not [why for pattern, why in ONLY_MARIADB.items() if re.search(pattern, text)]


def test_the_check_sees_what_it_looks_for():
    bad = "CREATE TABLE groups (\n  rank INT NOT NULL,\n  body TEXT NOT NULL DEFAULT 'x',\n  KEY of (rank)\n);"
    assert {name for name in names_of(bad) if name.upper() in RESERVED} == {"groups", "rank", "of"}
    assert [why for pattern, why in ONLY_MARIADB.items() if re.search(pattern, bad)] == ["a default of a TEXT column"]
