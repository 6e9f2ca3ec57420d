"""Where the server reads the time, so that a test can move it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The two clocks that a server needs; `errata.clock.SystemClock` and `VirtualClock` have them."""

    def now(self) -> float:
        """Seconds on a clock that never jumps; only differences mean something."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch."""
        ...
