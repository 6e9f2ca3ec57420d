"""The reference server in-process, one for all tests of the page but for those that need settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from failwell.clock import VirtualClock
from scopix_server import Settings
from tests.scopix_server.api import Api


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server with the default settings."""
    served = Api(tmp_path_factory.mktemp("scopix"), VirtualClock(), Settings())
    yield served
    served.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Settings], Api]]:
    """Starts a server with given settings."""
    started: list[Api] = []

    def start(settings: Settings) -> Api:
        started.append(Api(tmp_path / "data", VirtualClock(), settings))
        return started[-1]

    yield start
    for each in started:
        each.close()
