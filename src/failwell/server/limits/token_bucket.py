"""Token buckets: a sustained rate, and a burst of calls at once."""

from __future__ import annotations

import math

SWEPT_EVERY = 256
"""Hits between two sweeps of keys whose bucket is full again."""

TICKS = 1_000_000_000
"""Moments are counted in whole nanoseconds: sums of fractions would drift until a call too few or too many fits."""


class Buckets:
    """A bucket of *burst* tokens for each key; every call takes one, and *amount* come back in *seconds*, evenly.

    So an idle key may make *burst* calls at once, and in any stretch of time no more than those and its share of the
    rate. In memory, for one process; its owner calls it under a lock, with moments that never go back.
    """

    def __init__(self, amount: int, seconds: int, burst: int) -> None:
        self.burst = burst
        self.fills_in = math.ceil(burst * seconds / amount)
        """Seconds after which an empty bucket is full again, rounded up."""
        # In units of a tick / *amount* both a moment and the time that a token takes are whole numbers.
        self._unit = amount
        self._token = seconds * TICKS
        self._full_at: dict[str, int] = {}
        self._hits = 0

    def take(self, key: str, now: float) -> bool:
        """Take a token of *key*, if there is one."""
        moment = self._moment(now)
        self._sweep(moment)
        full_at = max(self._full_at.get(key, 0), moment)
        if full_at - moment > (self.burst - 1) * self._token:
            return False
        self._full_at[key] = full_at + self._token
        return True

    def left(self, key: str, now: float) -> int:
        """How many tokens *key* has."""
        missing = max(0, self._full_at.get(key, 0) - self._moment(now))
        return self.burst - -(-missing // self._token)

    def wait(self, key: str, now: float) -> int:
        """Whole seconds, at least one, after which *key* has a token more than now."""
        more_at = self._full_at.get(key, 0) - (self.burst - self.left(key, now) - 1) * self._token
        seconds = max(1, (more_at - self._moment(now)) // (self._unit * TICKS))
        # Both divisions round down, and so may the sum; whoever comes back in time must be let in.
        while self._moment(now + seconds) < more_at:
            seconds += 1
        return seconds

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._full_at)

    def _moment(self, now: float) -> int:
        return int(now * TICKS) * self._unit

    def _sweep(self, moment: int) -> None:
        self._hits += 1
        if self._hits % SWEPT_EVERY == 0:
            self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > moment}
