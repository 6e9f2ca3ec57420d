"""Blocking calls to stores, beside the event loop and never for long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, fail_after, to_thread
from anyio.lowlevel import RunVar

from failwell.server.store import StoreDownError

T = TypeVar("T")

AT_ONCE = 32
"""Calls that may wait for stores at the same time."""

_limiter: RunVar[CapacityLimiter] = RunVar("failwell_store_threads")


async def in_thread(call: Callable[[], T], *, patience: float) -> T:
    """What *call* returns, in a thread of its own kind; left to itself after *patience* seconds.

    Raises:
        StoreDownError: also if it does not return in time.
    """
    try:
        with fail_after(patience):
            return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=_threads())
    except TimeoutError as problem:
        raise StoreDownError(f"The store did not answer within {patience:g} s.") from problem


def _threads() -> CapacityLimiter:
    # Not the threads that run FastAPI's synchronous handlers: a server full of those could not even look up a key.
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(AT_ONCE)
        _limiter.set(limiter)
        return limiter
