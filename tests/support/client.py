"""An HTTP client whose every reply is checked against the published OpenAPI document, and the users of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from .server import Server


# All open clients: a fixture closes them after each test (see fixtures.py).
opened: list[httpx.Client] = []


class Client(httpx.Client):
    """httpx with the server's address, no redirects and the contract's check. `checked=False` allows replies that break the contract."""

    def __init__(self, server: Server, *, token: str = "", checked: bool = True, **options) -> None:
        headers = options.pop("headers", {})
        if token:
            headers = headers | {"Authorization": f"Bearer {token}"}
        super().__init__(base_url=server.url, headers=headers, timeout=60, follow_redirects=False, **options)
        self.server, self.checked = server, checked
        opened.append(self)

    def send(self, request: httpx.Request, **options) -> httpx.Response:
        response = super().send(request, **options)
        if self.checked and not options.get("stream"):
            self.server.contract.check(request, response)
        return response


def expect(response: httpx.Response, status: int, code: str = "") -> dict | list:
    """The JSON of a reply that must have this status (and, for a problem, this code); {} for a reply without a body."""
    assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    body = response.json() if response.content else {}
    if code:
        assert body["code"] == code, response.text
    return body


class Account:
    """A user: the values of the registration, tokens, and `api`, a signed-in client."""

    def __init__(self, server: Server, fields: dict) -> None:
        self.server, self.fields = server, fields
        self.anonymous = server.client()
        self.id = 0
        self.tokens: dict = {}
        self.api: Client = self.anonymous

    @property
    def email(self) -> str:
        return self.fields["email"]

    @property
    def username(self) -> str:
        return self.fields["username"]

    @property
    def password(self) -> str:
        return self.fields["password"]

    def register(self) -> dict:
        user = expect(self.anonymous.post("/api/auth/register", json=self.fields), 201)
        self.id = user["id"]
        return user

    def verification_token(self) -> str:
        return self.server.mail.wait_for(self.email, "/verify-email").token("/verify-email")

    def verify(self) -> dict:
        return expect(self.anonymous.post("/api/auth/verify-email", json={"token": self.verification_token()}), 200)

    def login(self, **headers: str) -> dict:
        """A new session; `api` uses it from now on."""
        credentials = {"email": self.email, "password": self.password}
        self.tokens = expect(self.anonymous.post("/api/auth/login", json=credentials, headers=headers), 200)
        self.api = self.server.client(token=self.tokens["access_token"])
        return self.tokens

    def outlive_grace(self) -> None:
        """Lets half a minute pass after the last use of the refresh tokens."""
        self.server.database.query("UPDATE refresh_tokens SET spent_at_ms = spent_at_ms - 31000 WHERE session_id IN "
                                   f"(SELECT id FROM sessions WHERE user_id = {self.id})")  # fmt: skip

    def record(self, app_name: str = "Instagram", duration_minutes: float = 10, **fields) -> dict:
        body = {"app_name": app_name, "duration_minutes": duration_minutes} | fields
        return expect(self.api.post("/api/activities", json=body), 201)

    def daily(self, date: str = "") -> dict:
        return expect(self.api.get("/api/activities/stats/daily", params={"date": date} if date else {}), 200)
