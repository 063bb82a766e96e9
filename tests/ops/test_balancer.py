"""HAProxy with the configuration that we ship follows an instance whose name gets another address."""

import contextlib
import http.server
import socket
import socketserver
import struct
import threading

import httpx
import pytest
from support.engines import TOP
from support.processes import eventually, free_port, spawn, stop
from support.server import base_environment

NAME = "focus1.test"


class NameServer(socketserver.UDPServer):
    """Answers each query of type A with `address`, every other one with no records."""

    def __init__(self) -> None:
        self.address = ""
        super().__init__(("127.0.0.1", 0), self.Handler)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            end = data.index(b"\0", 12) + 5  # the query: labels, a zero, type and class
            question, (kind,) = data[12:end], struct.unpack("!H", data[end - 4 : end - 2])
            answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(self.server.address) if kind == 1 else b""
            sock.sendto(data[:2] + struct.pack("!HHHHH", 0x8180, 1, bool(answer), 0, 0) + question + answer, self.client_address)


def instance(address: str, port: int) -> http.server.ThreadingHTTPServer:
    """Replaces Focus: is ready, and answers with the address of the request."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(address)))
            self.end_headers()
            self.wfile.write(address.encode())

        def log_message(self, *_) -> None:
            pass

    return http.server.ThreadingHTTPServer((address, port), Handler)


@pytest.fixture
def running():
    with contextlib.ExitStack() as stack:

        def run(server: socketserver.BaseServer):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return server

        yield stack, run


def test_an_instance_with_another_address_is_found_again(running):
    stack, run = running
    names = run(NameServer())
    first = run(instance("127.0.0.1", 0))
    port = first.server_port
    run(instance("127.0.0.2", port))
    names.address = "127.0.0.1"
    front = free_port()
    balancer = spawn(["haproxy", "-db", "-f", str(TOP / "deploy/haproxy/haproxy.cfg")],
                     env=base_environment() | {"FOCUS_BIND": f"127.0.0.1:{front}", "FOCUS_MAXCONN": "100", "FOCUS_1": f"{NAME}:{port}",
                                               "FOCUS_2": "127.0.0.1:1", "FOCUS_3": "127.0.0.1:1",
                                               "FOCUS_DNS": f"127.0.0.1:{names.server_address[1]}"})  # fmt: skip
    stack.callback(stop, balancer)

    def serves(address: str) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{front}/", timeout=2).text == address
        return False

    eventually(lambda: serves("127.0.0.1"), "the first address", seconds=30)
    names.address = "127.0.0.2"
    eventually(lambda: serves("127.0.0.2"), "the second address", seconds=60)
