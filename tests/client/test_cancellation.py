from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
import pytest

from pictograph import AsyncClient
from tests.dice import dice, seed
from tests.servers.echo import echoing

from .awaits import all_places, spans
from .cancellations import KINDS, SCENARIOS, Seen, cancel_everywhere
from .colours import KEY
from .probe import Probe

RUNS = 4_000
"""Of the 10,000 that `python -m tests.client.cancellations` does."""


@pytest.fixture(scope="module")
def seen() -> Seen:
    """What came of cancelling, at other places each day."""
    days = seed("the places where calls are cancelled")
    print(f"python -m tests.client.cancellations {RUNS} {days}")  # noqa: T201 - shown when a test fails
    found = cancel_everywhere(RUNS, days)
    print(*(f"{file}:{line}" for file, line in sorted(found.places)))  # noqa: T201
    return found


def test_cancelled_everywhere(seen: Seen) -> None:
    """
    R12. A call of any kind that is cancelled, wherever it waits, leaves nothing behind and is not retried.

    On asyncio (once, twice, by a scope) and on trio: no failure counted, no token, probe slot, task or connection left,
    none half read; the cancellation leaves as it came, and the next call on the same client gets its own answer.
    """
    assert [] == seen.wrong
    assert {kind: RUNS // len(KINDS) for kind in KINDS} == dict(seen.cancelled)


def test_nearly_all_awaits(seen: Seen) -> None:
    """
    R12. The places where calls are cancelled are at least 95 % of the client's awaits, by its source.
    """
    assert [] == sorted(seen.places - all_places())
    assert seen.share >= 0.95, f"not reached: {sorted(seen.missed)}"


@pytest.mark.anyio
async def test_over_real_sockets() -> None:
    """
    R12. Calls over real sockets that are cancelled at any moment leave no connection that is busy or out of step.
    """
    chance = dice("the moments when calls over sockets are cancelled")
    answered = 0
    with echoing() as server:
        async with AsyncClient(KEY, base_url=server.url, max_retries=0) as client:
            probe = Probe(client.core)
            for number in range(150):
                with anyio.move_on_after(chance.uniform(0.0, 0.004)):
                    assert f"/{number}" == (await probe.get(f"/{number}"))["path"]
                    answered += 1
                if number % 10 == 0:
                    assert f"/{number}/again" == (await probe.get(f"/{number}/again"))["path"]
            pool: Any = client.core._transport._client._transport._pool
            busy = [one.info() for one in pool.connections if not (one.is_idle() or one.is_closed())]

            assert ([], []) == (busy, pool._requests)
            assert answered < 150


def test_what_counts_as_an_await() -> None:
    """
    An await of the source is an `await`, an `async for` or an `async with`: none is overlooked.
    """
    kept = Counter(file for file, _ in all_places())

    inside = ("async_network.py", "body.py", "transport.py")
    wanted = {
        "core.py",
        "runtime/driver.py",
        "operations/base.py",
        "shared.py",
        "operations/paging.py",
        *(f"transport/httpx/{file}" for file in inside),
    }
    assert wanted <= set(kept)
    assert 0 == len(spans("transport/httpx/blocking_network.py"))
    assert len(SCENARIOS) >= 25
