"""A layer before a real server, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from failwell.sandbox import FaultLayer, in_thread

from .sockets import Uvicorn, echo_app, layer_before


@pytest.fixture(scope="session")
def real_server() -> Iterator[tuple[str, int]]:
    """The address of a server run by uvicorn."""
    server = Uvicorn(echo_app)
    with in_thread(server):
        yield server.address


@pytest.fixture
def layer(real_server: tuple[str, int]) -> Iterator[FaultLayer]:
    """A fresh fault layer before the real server."""
    with layer_before(real_server) as running:
        yield running
