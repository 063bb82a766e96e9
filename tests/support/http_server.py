"""An HTTP server for the C++ tests of the HTTP client, in its own process. It prints {"port", "ca"} and ends at the end
of its standard input."""

import json
import ssl
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from smtp_server import certificate


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:  # noqa: N802 (the library's name)
        if self.path.startswith("/redirect/"):
            left = int(self.path.rpartition("/")[2])
            self.answer(302, b"moved", Location=f"/redirect/{left - 1}" if left else "/hello")
        elif self.path == "/to-file":
            self.answer(302, Location="file:///etc/hostname")
        elif self.path == "/big":
            self.answer(200, b"x" * 5000)
        elif self.path == "/headers":
            self.answer(200, X_Big="y" * 60000, X_Bigger="y" * 60000)
        elif self.path == "/slow":
            time.sleep(3)
            self.answer(200)
        else:
            self.answer(200 if self.path == "/hello" else 404, b"hello", X_Mixed_Case=" spaced ", X_Agent=self.headers["User-Agent"])

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, body, X_Type=self.headers.get("Content-Type", ""), X_Token=self.headers.get("X-Token", ""))

    def log_message(self, *arguments) -> None:
        pass


with tempfile.TemporaryDirectory() as directory:
    cert, key = certificate(directory)
    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.handle_error = lambda request, client: None  # tests close connections on purpose
    if "--tls" in sys.argv:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1], "ca": cert}), flush=True)
    sys.stdin.read()
