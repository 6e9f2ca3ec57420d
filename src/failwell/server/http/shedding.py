"""Load shedding: how many requests may be at work at once, and when those that are refused may come back."""

from __future__ import annotations

import math
from collections.abc import Callable

LONGEST_WAIT = 120.0
"""Seconds that a refused request is asked to wait at most: longer waits are given up by clients that keep to a cap."""

_FIRST_GUESS = 0.1
"""Seconds that a request is taken to last, as long as none was seen."""

_NEW = 0.1
"""How much of the mean duration the last request makes."""


class Shedding:
    """Lets *at_once* requests work at the same time. Each that is refused gets a place of its own later.

    The capacity is measured: as many as may be at work, by how long each lasts. The places follow one another at that
    rate, so that those who keep to their Retry-After come back as fast as they can be served, and not all at once.

    It decides, and keeps no time: *now* is a moment of one clock that does not jump. *chance* gives 0.0 up to 1.0.
    """

    def __init__(self, at_once: int, chance: Callable[[], float]) -> None:
        if at_once < 1:
            raise ValueError(f"at_once={at_once} would refuse every request. Let one work at least.")
        self.at_once = at_once
        self.working = 0
        self._chance = chance
        self._mean = _FIRST_GUESS
        self._last_done = 0.0
        self._booked = 0.0

    def enter(self, now: float) -> float | None:
        """None, and the request counts as at work until `leave`; or the seconds after which it may come back."""
        if self.working < self.at_once:
            if not self.working:
                self._last_done = now  # nobody was waited for until now
            self.working += 1
            return None
        self._booked = max(self._booked, now) + 1 / self.capacity(now)
        wait = self._booked - now
        if wait <= LONGEST_WAIT:
            return wait
        # More wait than can be served in the longest wait: any place below it, for they are not to meet at its end.
        self._booked = now + LONGEST_WAIT
        return max(1.0, LONGEST_WAIT * self._chance())

    def leave(self, begun: float, now: float) -> None:
        """A request that has entered at *begun* is done."""
        self.working -= 1
        self._last_done = now
        self._mean += _NEW * (now - begun - self._mean)

    def capacity(self, now: float) -> float:
        """Requests a second that can be done."""
        # While all stand still, each of them lasts as long as nothing was done.
        lasts = max(self._mean, now - self._last_done, 1e-4)
        return self.at_once / lasts


def retry_after(wait: float) -> str:
    """*wait* as the whole seconds of a Retry-After."""
    return str(max(1, math.ceil(wait)))
