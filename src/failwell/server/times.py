"""Where the server reads the time, so that a test can move it, and how it tells a time to come back."""

from __future__ import annotations

import math
from typing import Protocol


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
