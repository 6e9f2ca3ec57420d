"""One reference server for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Sandbox, find_vendor
from tests.documented.calls import Colour

from .sdk import Sdk

TWO_DAYS = 172_800.0


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Sandbox, VirtualClock]]:
    """The reference server, one per process, and its clock."""
    clock = VirtualClock()
    with Sandbox(find_vendor("subconscious"), clock=clock) as sandbox:
        yield sandbox, clock


@pytest.fixture
def sandbox(served: tuple[Sandbox, VirtualClock], monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The server with nothing armed and no limit used up; no setting around it."""
    for name in ("SUBCONSCIOUS_API_KEY", "SUBCONSCIOUS_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    running, clock = served
    running.script.clear()
    running.log.clear()
    clock.advance(TWO_DAYS)
    yield running
    # A failure that no request met means that the SDK stopped early.
    assert () == running.script.pending()


@pytest.fixture(params=["blocking", "awaiting"])
def sdk(request: pytest.FixtureRequest, sandbox: Sandbox, served: tuple[Sandbox, VirtualClock]) -> Sdk:
    """The SDK, once blocking, once awaiting."""
    colour: Colour = "awaiting" if request.param == "awaiting" else "blocking"
    return Sdk(sandbox, served[1], colour)
