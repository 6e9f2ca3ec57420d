"""Servers on fresh data folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from failwell.clock import VirtualClock
from subconscious_server import Settings

from .api import Api


@pytest.fixture
def clock() -> VirtualClock:
    """The server's clock, which stands still until a test moves it."""
    return VirtualClock()


@pytest.fixture
def serve(tmp_path: Path, clock: VirtualClock) -> Iterator[Callable[[Settings], Api]]:
    """Starts a server with given settings."""
    started: list[Api] = []

    def start(settings: Settings) -> Api:
        started.append(Api(tmp_path / "data", clock, settings))
        return started[-1]

    yield start
    for api in started:
        api.served.close()


@pytest.fixture
def api(serve: Callable[[Settings], Api]) -> Api:
    """A server with the default settings."""
    return serve(Settings())
