"""Clocks and randomness, injectable: the system's, or a virtual clock that tests advance."""

from __future__ import annotations

import math
import random
import threading
import time
from typing import Protocol

from failwell.contract.extras import needs


class WallClock(Protocol):
    """Where the time of day is read."""

    def wall(self) -> float:
        """Seconds since the epoch."""
        ...


class ServerClock(WallClock, Protocol):
    """The two clocks that a server needs; `failwell.clock.SystemClock` and `VirtualClock` have them."""

    def now(self) -> float:
        """Seconds on a clock that never jumps; only differences mean something."""
        ...


def whole_seconds(until: float, *, now: float) -> int:
    """Whole seconds, at least one, to wait at *now* so as not to come before *until*."""
    seconds = max(1, math.ceil(until - now))
    # The difference may have been rounded down; whoever comes back in time must be let in.
    while now + seconds < until:
        seconds += 1
    return seconds


class Clock(Protocol):
    """What Failwell needs of time and chance. Durations are seconds."""

    def now(self) -> float:
        """A moment on a clock that never jumps; only differences mean something."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch."""
        ...

    def random(self) -> float:
        """A number from 0.0 up to, but not including, 1.0."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, blocking the thread."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Wait, letting other tasks run (asyncio or trio)."""
        ...


class SystemClock:
    """The machine's own time and randomness."""

    # Asked several times for each call: as a method it would take twice as long.
    now = staticmethod(time.monotonic)

    def wall(self) -> float:
        return time.time()

    def random(self) -> float:
        return random.random()  # noqa: S311 - jitter, not a secret

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        with needs("client", "To await"):
            import anyio  # loaded with the first client that awaits

        await anyio.sleep(seconds)


class VirtualClock:
    """A clock that moves only when somebody sleeps on it, at once, and remembers what was asked for.

    Safe to share between threads: a client that "sleeps" 120 s moves the server's limits, leases and expiries too.
    """

    def __init__(self, wall: float = 1_790_000_000.0, *, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._elapsed = 0.0
        self._epoch = wall
        self._random = random.Random(seed)  # noqa: S311 - jitter, and the same in every run
        self._waits: list[float] = []

    def now(self) -> float:
        return self._elapsed

    def wall(self) -> float:
        return self._epoch + self._elapsed

    def random(self) -> float:
        with self._lock:
            return self._random.random()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._waits.append(seconds)
            self._elapsed += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        with needs("client", "To await"):
            from anyio.lowlevel import checkpoint

        await checkpoint()

    def advance(self, seconds: float) -> None:
        """Let time pass without a wait being asked for."""
        with self._lock:
            self._elapsed += seconds

    def waits(self) -> list[float]:
        """Every wait asked for since the start or the last `forget`, in order."""
        with self._lock:
            return list(self._waits)

    def forget(self) -> None:
        """Start the list of waits anew; the time stays."""
        with self._lock:
            self._waits.clear()
