"""pytest plugin: fixtures that pytest finds by itself. Nothing is loaded until a test asks for one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from failwell.clock import VirtualClock
    from failwell.contract.catalogues.catalogue import Catalogue
    from failwell.sandbox.sandbox import Sandbox

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
def failwell_clock() -> VirtualClock:
    """A clock that moves only when somebody sleeps on it: `Client(clock=failwell_clock)`, `failwell_clock.waits()`."""
    from failwell.clock import VirtualClock

    return VirtualClock()


@pytest.fixture
def failwell_sandbox(failwell_clock: VirtualClock) -> Generator[StartSandbox]:
    """Start an installed vendor's sandbox, `failwell_sandbox("pictograph")`, on `failwell_clock`, for one test."""
    with _told_in_a_sentence():
        from failwell.sandbox.sandbox import Sandbox
        from failwell.sandbox.vendor import find_vendor

    with ExitStack() as started:

        def start(vendor: str) -> Sandbox:
            return started.enter_context(Sandbox(find_vendor(vendor), clock=failwell_clock))

        yield start


@pytest.fixture
def failwell_faults(failwell_clock: VirtualClock) -> Generator[StartFaults]:
    """Start an ASGI app behind the fault layer, `failwell_faults(app, CATALOGUE)`, until the test ends."""
    with _told_in_a_sentence():
        from failwell.testing.fault_injection import faults

    with ExitStack() as started:

        def start(app: Any, catalogue: Catalogue | None = None, *, keys: Mapping[str, str] | None = None) -> Sandbox:
            return started.enter_context(faults(app, catalogue, keys=keys, clock=failwell_clock))

        yield start


@contextmanager
def _told_in_a_sentence() -> Generator[None]:
    """Around imports: an extra that is missing ends the test with the sentence that names it, and no traceback."""
    from failwell.contract.extras import MissingExtraError

    try:
        yield
    except MissingExtraError as problem:
        pytest.fail(str(problem), pytrace=False)
