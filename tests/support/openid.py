"""OpenID providers: a real one (npm oidc-provider), and a simulated one that can send false data."""

import base64
import hashlib
import hmac
import itertools
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .engines import TOP
from .processes import spawn, stop

_numbers = itertools.count(1)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def fragment_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).fragment))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class RealProvider:
    """oidc-provider in its own process."""

    def __init__(self, clients: list[dict]) -> None:
        assert (TOP / "tests/oidc/node_modules/oidc-provider").exists(), "run the tests by ./dev test, which installs tests/oidc"
        self.process = spawn(["node", str(TOP / "tests/oidc/provider.mjs"), json.dumps(clients)],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
        self.issuer = json.loads(self.process.stdout.readline())["issuer"]

    def account(self, login: str, /, **claims) -> str:
        """Sets what the provider says of the account with this login."""
        httpx.put(f"{self.issuer}/test/accounts/{login}", json=claims).raise_for_status()
        return login

    def visit(self, authorization_url: str, name: str) -> str:
        """Signs in on the provider's pages as this user; returns the address of the redirect back."""
        with httpx.Client(follow_redirects=False) as browser:
            answer = browser.get(authorization_url)
            while answer.is_redirect:
                location = str(answer.next_request.url)
                if not location.startswith(self.issuer):
                    return location
                answer = browser.get(location)
                if not answer.is_redirect:  # a form: login or consent
                    assert answer.status_code == 200, answer.text
                    prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)[1]
                    answer = browser.post(location, data={"prompt": prompt, "login": name, "password": "any"})
        raise AssertionError(f"{answer.status_code} {answer.text}")

    def close(self) -> None:
        stop(self.process)
        self.process.stdout.close()


class SigningKey:
    """A key with an id; `kind` is rsa or ec."""

    def __init__(self, kind: str = "rsa", key_id: str = "") -> None:
        self.kind, self.id = kind, key_id or f"key{next(_numbers)}"
        self.algorithm = "RS256" if kind == "rsa" else "ES256"
        self._key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())

    def sign(self, text: bytes) -> bytes:
        if self.kind == "rsa":
            return self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self._key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def pem(self) -> bytes:
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def jwk(self) -> dict:
        numbers = self._key.public_key().public_numbers()
        if self.kind == "rsa":
            parts = {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": b64(numbers.e.to_bytes(3, "big"))}
        else:
            parts = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}
        return parts | {"kid": self.id, "use": "sig", "alg": self.algorithm}

    def token(self, claims: dict, **header) -> str:
        head = {"alg": self.algorithm, "kid": self.id, "typ": "JWT"} | header
        text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{text}.{b64(self.sign(text.encode()))}"


def hs256_token(claims: dict, secret: bytes, **header) -> str:
    text = f"{b64(json.dumps({'alg': 'HS256'} | header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


class HandMadeProvider:
    """Conforms, unless a test changes it: `forge` makes the ID token of its next grants from the claims, `keys` are the published
    ones, `broken` paths answer 500. It checks what a provider checks: client, redirect URI, PKCE, single use."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.key = SigningKey()
        self.keys = [self.key]
        self.broken: set[str] = set()
        self.hits: dict[str, int] = {}
        self._grants: dict[str, dict] = {}
        self._userinfo: dict[str, dict] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802 (the library's name)
                self.answer(*provider._get(self.path, self.headers))

            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(*provider._post(self.path, self.headers, parse_qs(body)))

            def answer(self, status: int, body: dict) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    # --- actions of the user -------------------------------------------------------------------------------------

    def claims(self, **more) -> dict:
        """The claims of a new user with a verified address; `None` omits a claim."""
        now = int(time.time())
        name = f"stranger{time.time_ns()}x{next(_numbers)}"
        claims = {"iss": self.issuer, "jti": name, "sub": name, "aud": self.client_id, "iat": now, "exp": now + 600,
                  "email": f"{name}@example.com", "email_verified": True, "name": "Some Stranger"}  # fmt: skip
        return {key: value for key, value in (claims | more).items() if value is not None}

    def grant(self, authorization_url: str, forge: Callable[[dict], str] | None = None, userinfo: dict | None = None, **claims) -> str:
        """The user consents: returns the code for this request. `claims` override those of the ID token."""
        asked = query_of(authorization_url)
        assert authorization_url.startswith(f"{self.issuer}/authorize?"), authorization_url
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256", asked
        assert asked["client_id"] == self.client_id and "openid" in asked["scope"].split(), asked
        code = f"code{next(_numbers)}"
        told = self.claims(**{"nonce": asked["nonce"]} | claims)
        self._grants[code] = {"asked": asked, "token": (forge or self.key.token)(told), "userinfo": userinfo}
        return code

    # --- endpoints ----------------------------------------------------------------------------------------------

    def _get(self, path: str, headers) -> tuple[int, dict]:
        self.hits[path] = self.hits.get(path, 0) + 1
        if path in self.broken:
            return 500, {}
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
                         "userinfo_endpoint": f"{self.issuer}/userinfo", "jwks_uri": f"{self.issuer}/keys"}  # fmt: skip
        if path == "/keys":
            return 200, {"keys": [key.jwk() for key in self.keys]}
        if path == "/userinfo":
            found = self._userinfo.get(headers.get("Authorization", "").removeprefix("Bearer "))
            return (200, found) if found else (401, {})
        return 404, {}

    def _post(self, path: str, headers, form: dict) -> tuple[int, dict]:
        self.hits[path] = self.hits.get(path, 0) + 1
        if path in self.broken:
            return 500, {}
        client_id, _, secret = base64.b64decode(headers.get("Authorization", "Basic ").removeprefix("Basic ")).decode().partition(":")
        if (unquote(client_id), unquote(secret)) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client"}
        grant = self._grants.pop(form.get("code", [""])[0], None)
        if grant is None or form.get("redirect_uri") != [grant["asked"]["redirect_uri"]]:
            return 400, {"error": "invalid_grant"}
        verifier = form.get("code_verifier", [""])[0]
        if b64(hashlib.sha256(verifier.encode()).digest()) != grant["asked"]["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        access_token = f"access{next(_numbers)}"
        if grant["userinfo"]:
            self._userinfo[access_token] = grant["userinfo"]
        return 200, {"access_token": access_token, "token_type": "Bearer", "expires_in": 600, "id_token": grant["token"]}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
