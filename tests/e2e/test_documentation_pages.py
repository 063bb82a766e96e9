"""The documentation pages in a real browser, without any other network."""

import shutil
import subprocess

import pytest


def rendered(url: str, folder) -> str:
    """The page's DOM after its scripts have run; the browser reaches this machine only."""
    command = [shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}",
               "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=20000", "--dump-dom", url]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize(("path", "sign"), [("/api/docs", "operation-tag-content"), ("/api/redoc", 'data-section-id="')])
def test_the_page_shows_the_operations(sqlite_server, tmp_path, path, sign):
    page = rendered(sqlite_server.url + path, tmp_path)
    assert sign in page, page[:2000]
    summaries = [operation["summary"] for operations in sqlite_server.contract.document["paths"].values() for operation in operations.values()]
    missing = [summary for summary in summaries if summary not in page]
    assert not missing
