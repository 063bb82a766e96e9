"""An SMTP server for the C++ tests, in its own process. It prints {"port", "ca"} and then, as one line of JSON each,
every mail that it accepts; it ends at the end of its standard input.

The recipient selects the behaviour: refuse@… 550 to RCPT, later@… 450 to RCPT, spam@… 554 to the message, full@… 452 to the
message, drop@… the connection is cut after the message, once per server; slow@… is answered after two seconds."""

import argparse
import asyncio
import json
import logging
import ssl
import subprocess
import sys
import tempfile
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self):
        self.dropped = False

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 (the library's name)
        answers = {"refuse": "550 5.1.1 No such user", "later": "450 4.2.1 Try again later"}
        local = address.partition("@")[0]
        if local in answers:
            return answers[local]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        local = envelope.rcpt_tos[0].partition("@")[0]
        if local == "drop" and not self.dropped:
            self.dropped = True
            server.transport.abort()
            return "250 never seen"
        if local == "slow":
            await asyncio.sleep(2)
        answers = {"spam": "554 5.7.1 Looks like spam", "full": "452 4.3.1 Disk full"}
        if local in answers:
            return answers[local]
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "raw": envelope.content.decode(), "tls": server.transport.get_extra_info("sslcontext") is not None,
                "peer": str(session.peer), "user": getattr(session.auth_data, "login", b"").decode()}
        print(json.dumps(mail), flush=True)
        return f"250 2.0.0 Taken as {len(envelope.content)} bytes"


def certificate(folder: str) -> tuple[str, str]:
    names = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out", names[0], "-keyout", names[1]],
                   check=True, capture_output=True)
    return names


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--security", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--login", help="user:password, needed to send")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        handler = Handler()
        logging.disable()
        warnings.simplefilter("ignore")

        def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
            given = f"{data.login.decode()}:{data.password.decode()}"
            return AuthResult(success=given == options.login, handled=False, auth_data=data)

        def connection() -> SMTP:
            starttls = options.security == "starttls"
            return SMTP(handler, hostname="sink", enable_SMTPUTF8=True, tls_context=context if starttls else None, require_starttls=starttls,
                        authenticator=authenticate if options.login else None, auth_required=bool(options.login), auth_require_tls=starttls)

        server = await asyncio.get_running_loop().create_server(
            connection, "localhost", options.port, ssl=context if options.security == "implicit" else None, reuse_address=True)
        print(json.dumps({"port": server.sockets[0].getsockname()[1], "ca": cert}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
