"""All mails in a real browser: both languages, phone and desktop, light and dark. Screenshots go to build/e2e/mails."""

import re
import shutil
import subprocess

import pytest
from support.engines import TOP

MAILS = ["account_deleted", "challenge_results", "daily_reminder", "identity_linked", "identity_unlinked", "limit_warning", "password_changed",
         "reset_password", "verify_email", "weekly_summary", "welcome"]  # fmt: skip
SCREENSHOTS = TOP / "build/e2e/mails"
# Puts the width of the page and of its text into the title.
PROBE = "<script>document.title = `${document.documentElement.scrollWidth} ${document.body.innerText.length}`</script>"


def browse(folder, *arguments: str) -> str:
    command = [shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
               f"--user-data-dir={folder}", "--host-resolver-rules=MAP * ~NOTFOUND", *arguments]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_fits_every_screen(sqlite_server, tmp_path, name, language):
    preview = sqlite_server.command("mail", "preview", name, "--lang", language)
    assert preview.returncode == 0, preview.stderr
    page = tmp_path / "mail.html"
    page.write_text(preview.stdout + PROBE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width, scheme in ((390, "light"), (800, "dark")):
        look = [f"--window-size={width},1100", f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"]
        shot = SCREENSHOTS / f"{name}-{language}-{width}-{scheme}.png"
        shot.unlink(missing_ok=True)
        browse(tmp_path / "profile", *look, f"--screenshot={shot}", page.as_uri())
        assert shot.stat().st_size > 5000, "nothing was drawn"
        title = re.search(r"<title>(\d+) (\d+)</title>", browse(tmp_path / "profile", *look, "--dump-dom", page.as_uri()))
        assert title, "the page did not load"
        assert int(title[1]) <= max(width, 500), f"{title[1]} pixels do not fit a screen of {width}"  # a window is 500 wide at least
        assert int(title[2]) > 80, "hardly any text"
