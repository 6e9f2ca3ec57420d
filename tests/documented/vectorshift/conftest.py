"""A key, and no other setting of the machine, as the tests of the SDK have it; and one reference server for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Sandbox, find_vendor
from tests.documented.calls import Colour
from tests.vectorshift.conftest import environment, sdk

from .server import Server

TWO_DAYS = 172_800.0


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Sandbox, VirtualClock]]:
    """The reference server, one per process, and its clock."""
    clock = VirtualClock()
    with Sandbox(find_vendor("vectorshift"), clock=clock) as sandbox:
        yield sandbox, clock


@pytest.fixture(params=["blocking", "awaiting"])
def reference(request: pytest.FixtureRequest, served: tuple[Sandbox, VirtualClock]) -> Server:
    """The SDK, once blocking, once awaiting, before the server with no limit used up."""
    running, clock = served
    running.log.clear()
    clock.advance(TWO_DAYS)
    colour: Colour = "awaiting" if request.param == "awaiting" else "blocking"
    return Server(running, clock, colour)


__all__ = ["environment", "reference", "sdk", "served"]
