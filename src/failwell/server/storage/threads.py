"""Thread pool for blocking stores, beside the event loop and with a bounded wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread
from anyio.lowlevel import RunVar

from failwell.server.storage.errors import StoreDownError

T = TypeVar("T")

AT_ONCE = 32
"""Calls to one store that may be under way at the same time, and as many that hang."""


class Threads:
    """Threads for the calls to one store: their number is bounded, also when the store never answers.

    They are not those that run FastAPI's synchronous handlers: a server full of those could not even look up a key.
    """

    def __init__(self) -> None:
        self._limiter: RunVar[CapacityLimiter] = RunVar("failwell_store_threads")
        self._lock = threading.Lock()
        self._hanging = 0

    async def run(self, work: Callable[[], T], *, patience: float, late: Callable[[T], object] | None = None) -> T:
        """What *work* returns in a thread; left to itself after *patience* seconds, or when the caller is cancelled.

        What it returns after that is given to *late*, in a thread.

        Raises:
            StoreDownError: also if it does not return in time, and at once if too many others never did.
        """
        call = _Call(work, late)
        try:
            with fail_after(patience):
                return await to_thread.run_sync(
                    self._guarded, call, abandon_on_cancel=True, limiter=self._of_this_loop()
                )
        except TimeoutError as problem:
            self._give_up(call)
            raise StoreDownError(f"The store did not answer within {patience:g} s.") from problem
        except BaseException:
            self._give_up(call)
            raise

    def _guarded(self, call: _Call[T]) -> T:
        with self._lock:
            # One that was given up before its turn came is not begun: nobody waits for it, and nobody counts it.
            if call.given_up or self._hanging >= AT_ONCE:
                raise StoreDownError(f"{self._hanging} calls to the store have not returned yet.")
            call.running = True
        try:
            call.results.append(call.work())
        finally:
            with self._lock:
                call.running = False
                self._hanging -= call.given_up
        if call.given_up:
            call.too_late()
        return call.results[0]

    def _give_up(self, call: _Call[T]) -> None:
        with self._lock:
            call.given_up = True
            self._hanging += call.running
            returned = not call.running and bool(call.results)
        if returned and call.late is not None:
            # It returned in the very moment in which it was given up.
            threading.Thread(target=call.too_late, daemon=True).start()

    def _of_this_loop(self) -> CapacityLimiter:
        try:
            return self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(AT_ONCE)
            self._limiter.set(limiter)
            return limiter


class InLoop:
    """What `Threads` does, for a store that never blocks: its calls are made at once, in the event loop."""

    async def run(self, work: Callable[[], T], *, patience: float, late: Callable[[T], object] | None = None) -> T:
        """What *work* returns. It is never late."""
        del patience, late
        return work()


class _Call(Generic[T]):
    """One call on its way: whether it is *running*, whether it was *given_up*, and the one thing it returned."""

    __slots__ = ("given_up", "late", "results", "running", "work")

    def __init__(self, work: Callable[[], T], late: Callable[[T], object] | None) -> None:
        self.work = work
        self.late = late
        self.running = False
        self.given_up = False
        self.results: list[T] = []

    def too_late(self) -> None:
        if self.late is not None:
            self.late(self.results[0])
