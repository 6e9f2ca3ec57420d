"""A server for the clients of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.scripted import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers as it is told."""
    with ScriptedServer() as server:
        yield server
