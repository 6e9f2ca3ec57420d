"""Event loop detection: which loop runs this, and what is closed when it ends."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncGenerator
from weakref import WeakSet

import anyio
from httpcore2 import AsyncConnectionPool

from failwell.client.transport.httpx.fork import remember_pool


class LoopEnds:
    """Closes pools when the event loop ends that they belong to."""

    def __init__(self) -> None:
        self._by_loop: dict[object, tuple[WeakSet[AsyncConnectionPool], object]] = {}
        remember_pool(self)

    def renew(self) -> None:
        """Close nothing of the parent's, in the child of a fork."""
        for pools, _ in self._by_loop.values():
            pools.clear()

    def known(self, loop: object) -> bool:
        """Whether *loop* has pools, and has not ended."""
        return loop in self._by_loop

    def close_with(self, loop: object, pool: AsyncConnectionPool) -> None:
        """Close *pool* when *loop* ends, which runs this."""
        if loop not in self._by_loop:
            for other in [other for other in self._by_loop if getattr(other, "is_closed", bool)()]:
                self._by_loop.pop(other, None)  # it was closed by hand, without a word to its generators
            pools = WeakSet[AsyncConnectionPool]()
            end = self._end(loop, pools)
            with contextlib.suppress(StopIteration):
                anext(end).send(None)  # it waits for nothing, and from here on the loop knows it
            self._by_loop[loop] = pools, end
        self._by_loop[loop][0].add(pool)

    async def _end(self, loop: object, pools: WeakSet[AsyncConnectionPool]) -> AsyncGenerator[None]:
        """Asyncio and trio end the generators of a loop before the loop: the one place to close what belongs to it."""
        try:
            yield
        finally:
            self._by_loop.pop(loop, None)
            with anyio.CancelScope(shield=True):
                for pool in list(pools):
                    await pool.aclose()


ENDS = LoopEnds()


def running_loop() -> object:
    """What tells this run of asyncio or trio from all others."""
    # Whichever runs this is loaded, and the other must not be for a look at it.
    if (asyncio := sys.modules.get("asyncio")) is not None:
        with contextlib.suppress(RuntimeError):
            return asyncio.get_running_loop()
    return sys.modules["trio"].lowlevel.current_trio_token()


def on_asyncio() -> bool:
    """Whether asyncio runs this, and not trio."""
    with contextlib.suppress(RuntimeError, KeyError):
        return sys.modules["asyncio"].get_running_loop() is not None
    return False
