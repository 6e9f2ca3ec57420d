"""A layer before a real server, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from failwell.sandbox import FaultLayer
from tests.servers.apps import under_uvicorn

from .sockets import echo_app, layer_before


@pytest.fixture(scope="session")
def real_server() -> Iterator[tuple[str, int]]:
    """The address of a server run by uvicorn."""
    with under_uvicorn(echo_app, lifespan="off", ws="none") as port:
        yield ("127.0.0.1", port)


@pytest.fixture
def layer(real_server: tuple[str, int]) -> Iterator[FaultLayer]:
    """A fresh fault layer before the real server."""
    with layer_before(real_server) as running:
        yield running
