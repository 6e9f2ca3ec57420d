"""Fixtures for pytest, which finds them by itself. Nothing is loaded until a test asks for one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from errata.clock import VirtualClock
    from errata.contract.catalogue import Catalogue
    from errata.sandbox.sandbox import Sandbox

    class StartSandbox(Protocol):
        """Starts the sandbox of an installed vendor."""

        def __call__(self, vendor: str) -> Sandbox:
            """The API of *vendor*, running until the test ends."""
            ...

    class StartFaults(Protocol):
        """Starts an app behind the fault layer."""

        def __call__(
            self, app: Any, catalogue: Catalogue | None = None, *, keys: Mapping[str, str] | None = None
        ) -> Sandbox:
            """The ASGI *app*, running until the test ends."""
            ...


@pytest.fixture
def errata_clock() -> VirtualClock:
    """A clock that moves only when somebody sleeps on it: `Client(clock=errata_clock)`, `errata_clock.waits()`."""
    from errata.clock import VirtualClock

    return VirtualClock()


@pytest.fixture
def errata_sandbox(errata_clock: VirtualClock) -> Generator[StartSandbox]:
    """Start an installed vendor's sandbox, `errata_sandbox("pictograph")`, on `errata_clock` until the test ends."""
    from errata.sandbox.sandbox import Sandbox
    from errata.sandbox.vendor import find_vendor

    with ExitStack() as started:

        def start(vendor: str) -> Sandbox:
            return started.enter_context(Sandbox(find_vendor(vendor), clock=errata_clock))

        yield start


@pytest.fixture
def errata_faults(errata_clock: VirtualClock) -> Generator[StartFaults]:
    """Start an ASGI app behind the fault layer, `errata_faults(app, CATALOGUE)`, until the test ends."""
    from errata.testing.faults import faults

    with ExitStack() as started:

        def start(app: Any, catalogue: Catalogue | None = None, *, keys: Mapping[str, str] | None = None) -> Sandbox:
            return started.enter_context(faults(app, catalogue, keys=keys, clock=errata_clock))

        yield start
