"""Servers on fresh data folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from failwell.clock import VirtualClock
from vectorshift_server import Settings

from .api import Api


@pytest.fixture
def clock() -> VirtualClock:
    """The server's clock, which stands still until a test moves it."""
    return VirtualClock()


@pytest.fixture
def serve(tmp_path: Path, clock: VirtualClock) -> Iterator[Callable[[Settings], Api]]:
    """Starts a server with given settings, on the same folder each time."""
    started: list[Api] = []

    def start(settings: Settings) -> Api:
        started.append(Api(tmp_path / "data", clock, settings))
        return started[-1]

    yield start
    for api in started:
        api.close()


@pytest.fixture
def api(serve: Callable[[Settings], Api]) -> Api:
    """A server with the default settings."""
    return serve(Settings())
