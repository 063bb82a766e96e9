"""The commands in the documentation do what it says, and their answers are those that it shows."""

import os

from support.engines import TOP

from . import snippets


def test_the_api_guide(make_server, tmp_path):
    server = make_server()
    for setting in ("MAIL_SERVER", "MAIL_PORT", "MAIL_FROM", "FRONTEND_URL", "BCRYPT_COST"):
        server.settings.pop(setting)
    server.start()
    snippets.run(TOP / "docs/api-guide.md", cwd=tmp_path, environment={"PATH": os.environ["PATH"]}, replace={"http://127.0.0.1:8000": server.url})
