"""Blocking calls to stores, beside the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")

AT_ONCE = 32
"""Calls that may wait for stores at the same time."""

_limiter: RunVar[CapacityLimiter] = RunVar("errata_store_threads")


async def in_thread(call: Callable[..., T], *args: object, abandon: bool = False) -> T:
    """*call* with *args*, in a thread of its own kind; *abandon* it if the caller is cancelled."""
    return await to_thread.run_sync(call, *args, abandon_on_cancel=abandon, limiter=_threads())


def _threads() -> CapacityLimiter:
    # Not the threads that run FastAPI's synchronous handlers: a server full of those could not even look up a key.
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(AT_ONCE)
        _limiter.set(limiter)
        return limiter
