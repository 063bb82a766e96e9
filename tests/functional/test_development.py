"""The development tools answer only requests of this machine: behind a web server on the same machine, or from a page of
another site, they answer 404."""

import pytest
from support.client import expect
from support.raw import Raw

CLOCK = b'{"now":"2030-01-01T00:00:00Z"}'


@pytest.fixture
def server(make_server):
    """As it runs by default on loopback: mails are kept for /dev/mail."""
    server = make_server()
    server.settings.pop("MAIL_SERVER")
    return server.start()


def ask(server, host: str, *headers: str, line: str = "GET /dev/mail?format=json HTTP/1.1", body: bytes = b"") -> int:
    with Raw(server) as raw:
        raw.send("\r\n".join([line, f"Host: {host}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body)
        return raw.answer().status


def test_only_local_requests_see_the_mails(server):
    port = server.url.rsplit(":", 1)[1]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "localhost", "LOCALHOST", "127.0.0.2"):
        assert ask(server, host) == 200, host
    for host in ("focus.example", "focus.example:80", "localhost.example", "127.0.0.1.example", "10.0.0.1", "[::2]", "[::1].example", "example.org:127"):
        assert ask(server, host) == 404, host
        assert ask(server, host, "Accept: text/html", line="GET /dev/mail HTTP/1.1") == 404, host
        assert ask(server, host, line="GET /dev/mail/1 HTTP/1.1") == 404, host
    assert ask(server, "localhost", line="GET http://focus.example/dev/mail HTTP/1.1") == 404
    assert ask(server, "focus.example", line="GET http://localhost/dev/mail HTTP/1.1") == 200


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For: 203.0.113.9", "x-forwarded-for: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: localhost", "X-Forwarded-Port: 80",
     "Forwarded: for=127.0.0.1", "Via: 1.1 nginx", "X-Real-IP: 127.0.0.1", "X-Forwarded-For:", "Origin: https://evil.example", "Origin: null",
     "Origin: http://localhost.evil.example", "Origin: http://localhost:1"],
)  # fmt: skip
def test_not_through_a_proxy_and_not_from_other_pages(server, header):
    port = server.url.rsplit(":", 1)[1]
    assert ask(server, f"localhost:{port}", header) == 404
    assert ask(server, f"localhost:{port}", header, "Content-Type: application/json", line="POST /dev/clock HTTP/1.1", body=CLOCK) == 404
    assert not server.client().get("/api/health").json()["timestamp"].startswith("2030")


def test_the_clock_takes_json_only(server):
    post = "POST /dev/clock HTTP/1.1"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"):
        assert ask(server, "localhost", f"Content-Type: {kind}", line=post, body=CLOCK) == 415, kind
    assert ask(server, "localhost", line=post, body=CLOCK) == 415
    assert ask(server, "localhost", "Content-Type: application/json", line=post, body=b"{}") == 422
    assert not server.client().get("/api/health").json()["timestamp"].startswith("2030")
    own = server.url.removeprefix("http://")
    assert ask(server, own, "Content-Type: application/json; charset=utf-8", f"Origin: {server.url}", line=post, body=CLOCK) == 200
    assert expect(server.client().get("/api/health"), 200)["timestamp"].startswith("2030")
