"""Servers on fresh data folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pictograph_server import Settings, Store, set_credits

from .api import Api, MovableClock


@pytest.fixture
def clock() -> MovableClock:
    """A clock that stands at the beginning of 2026."""
    return MovableClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    store = Store(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def serve(store: Store, clock: MovableClock) -> Iterator[Callable[[Settings], Api]]:
    """Starts a server with given settings, and ends its training after the test."""
    started: list[Api] = []

    def start(settings: Settings) -> Api:
        started.append(Api(store, clock, settings))
        return started[-1]

    yield start
    for api in started:
        api.app.state.services.jobs.close()


@pytest.fixture
def api(serve: Callable[[Settings], Api]) -> Api:
    """A server on which "acme" has 100 credits and an empty dataset "ds"."""
    api = serve(Settings())
    set_credits(api.store, "acme", 100)
    api.post("/datasets/", {"name": "ds"})
    return api
