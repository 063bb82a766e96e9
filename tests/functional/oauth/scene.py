"""A server with three OpenID providers, and the flows of browsers and apps."""

import uuid

import httpx
from support.client import Client, expect
from support.openid import HandMadeProvider, RealProvider
from support.server import FRONTEND_URL, Server

SECRET = "a client secret, with + and / and %"
GOOGLE = "/api/auth/google"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Place:
    """A server with three providers."""

    def __init__(self, server: Server, google: HandMadeProvider, real: RealProvider) -> None:
        self.server, self.google, self.real = server, google, real

    def client(self, **options) -> Client:
        return self.server.client(**options)


def real_client(client_id: str, path: str, **more) -> dict:
    return {"client_id": client_id, "client_secret": SECRET, "redirect_uris": [FRONTEND_URL + path]} | more


def settings(google: HandMadeProvider, real: RealProvider) -> dict[str, str]:
    return {
        "GOOGLE_ISSUER": google.issuer, "GOOGLE_CLIENT_ID": f"{google.client_id},phone-client", "GOOGLE_CLIENT_SECRET": SECRET,
        "OIDC_REAL_ISSUER": real.issuer, "OIDC_REAL_CLIENT_ID": "focus", "OIDC_REAL_CLIENT_SECRET": SECRET,
        "OIDC_ELLIPTIC_ISSUER": real.issuer, "OIDC_ELLIPTIC_CLIENT_ID": "focus-ec", "OIDC_ELLIPTIC_CLIENT_SECRET": SECRET,
        "OIDC_ELLIPTIC_SCOPES": "openid email",
    }  # fmt: skip


def begin(api: Client, path: str = GOOGLE, **params) -> dict:
    return expect(api.get(path, params=params), 200)


def callback(api: Client, state: str, code: str, path: str = GOOGLE, **options) -> httpx.Response:
    return api.get(f"{path}/callback", params={"state": state, "code": code}, **options)


def google_sign_in(here: Place, api: Client | None = None, **claims) -> dict:
    """A whole flow without a browser."""
    api = api or here.client()
    start = begin(api)
    code = here.google.grant(start["authorization_url"], **claims)
    return expect(callback(api, start["state"], code), 200)


def signed_in(here: Place, tokens: dict) -> Client:
    return here.client(token=tokens["access_token"])


def native(here: Place, token: str, provider: str = "google", **more) -> httpx.Response:
    path = f"{GOOGLE}/token" if provider == "google" else f"/api/auth/oidc/{provider}/token"
    return here.client().post(path, json={"id_token": token} | more)


def link(api: Client, token: str) -> httpx.Response:
    return api.post("/api/users/me/identities/token", json={"provider": "google", "id_token": token})


def person(**more) -> dict:
    name = uuid.uuid4().hex
    return {"sub": f"sub-{name}", "email": f"{name}@example.com"} | more


def audited(here: Place, user_id: int) -> list[str]:
    return [row[0] for row in here.server.database.query(f"SELECT action FROM audit_log WHERE user_id = {user_id} ORDER BY id")]


def deactivate(here: Place, user_id: int) -> None:
    here.server.database.query(f"UPDATE users SET is_active = 0 WHERE id = {user_id}")
