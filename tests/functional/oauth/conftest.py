"""A real provider (`real`, `elliptic`) and a simulated one (Google, by GOOGLE_ISSUER), which can send false data."""

import contextlib

import pytest
from support.openid import HandMadeProvider, RealProvider
from support.server import Server

from .scene import SECRET, Place, real_client, settings


@pytest.fixture(scope="session")
def providers():
    with contextlib.ExitStack() as stack:
        google = stack.enter_context(contextlib.closing(HandMadeProvider("web-client", SECRET)))
        real = stack.enter_context(contextlib.closing(RealProvider([
            real_client("focus", "/api/auth/oidc/real/callback"),
            real_client("focus-ec", "/api/auth/oidc/elliptic/callback", id_token_signed_response_alg="ES256"),
        ])))  # fmt: skip
        yield google, real


@pytest.fixture(scope="session", params=["sqlite", "mysql"])
def place(request, world, providers):
    with contextlib.closing(Server(world.database(request.param), world.mail, **settings(*providers))) as server:
        yield Place(server.start(), *providers)


@pytest.fixture
def here(place) -> Place:
    """The shared server, with a provider that conforms again."""
    place.google.broken.clear()
    yield place
    place.google.broken.clear()
    place.server.reset_clock()
