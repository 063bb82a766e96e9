"""The table of docs/benchmarks.md: each measurement has its rows, and new figures replace only their own."""

import sys

import pytest
from support.engines import TOP

sys.path.append(str(TOP / "bench"))
import figures  # noqa: E402

PAGE = f"""text before

{figures.BEGIN}
| bench | figure | SQLite | MariaDB |
|---|---|---|---|
| http | old | 1 | 2 |
| reminders | all mails queued | 9 s | 9 s |
{figures.END}

text after
"""


def test_rows_of_one_measurement_are_replaced():
    data = {"sqlite": {"seconds": 26.1, "busy_p99_ms": 0.82, "slowdown": 1.25}, "mysql": {"seconds": 50.7, "busy_p99_ms": 1.46, "slowdown": 1.31}}
    page = figures.replace_lines(PAGE, "reminders", figures.lines("reminders", data))
    assert "| http | old | 1 | 2 |\n| reminders | all mails queued | 26 s | 51 s |\n" in page
    assert "9 s" not in page and page.startswith("text before") and page.endswith("text after\n")
    assert figures.replace_lines(page, "reminders", figures.lines("reminders", data)) == page


def test_rows_of_a_new_measurement_are_appended():
    page = figures.replace_lines(PAGE, "metrics", figures.lines("metrics", {"results": [{"scrape_ms": 19.6, "series": 3910}]}))
    assert page.index("| metrics | a scrape | 19.6 ms, 3,910 series | |") > page.index("| reminders |")


@pytest.mark.parametrize("name", figures.OF)
def test_the_page_has_figures_of(name):
    assert f"\n| {name} | " in (TOP / "docs/benchmarks.md").read_text()
