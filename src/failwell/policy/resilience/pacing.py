"""Pacing: a Retry-After or a used-up rate limit holds back the other calls to the origin, too."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from failwell.contract.evidence import Suppression
from failwell.policy.flow import Flow, NotSent, notify, now, random, sleep

if TYPE_CHECKING:
    from failwell.policy.resilience.budget import Lock

SPREAD = 0.1
"""Up to this share of a wait comes on top of it, by chance: those who wait must not all come back at once."""
CLOSE_ENOUGH = 0.001
"""Seconds that are not waited for: event loops wake a little early."""


class Pacer:
    """Pacing: until when the calls to one server, with the same credentials, are held back."""

    def __init__(self, lock: Lock | None = None) -> None:
        self.renew(lock)

    def renew(self, lock: Lock | None = None) -> None:
        """Nothing is held back, as in a process that has just begun."""
        self._lock: Lock = nullcontext() if lock is None else lock
        self._until = float("-inf")
        self._wait = 0.0

    def learn(self, moment: float, seconds: float) -> None:
        """A reply of *moment* asks to be left alone for *seconds*."""
        with self._lock:
            if moment + seconds > self._until:
                self._until = moment + seconds
                self._wait = seconds

    def left(self, moment: float) -> float:
        """Seconds from *moment* until calls go out again."""
        left = self._until - moment
        return left if left > CLOSE_ENOUGH else 0.0

    def hold(
        self, moment: float, end: float | None, longest: float, operation: str | None = None
    ) -> Flow[tuple[NotSent | None, float]]:
        """Wait until a call of *operation* may go out; the moment of that.

        A wait above *longest* seconds, or one that would not be over before *end*, is not begun: the call is refused.
        """
        while (left := self.left(moment)) > 0:
            if left > longest:
                reason = (
                    f"the server asked earlier calls to wait, for {left:.1f} s more; the most we wait is {longest:g} s"
                )
                return NotSent(Suppression("pacing", reason, left)), moment
            if end is not None and moment + left >= end:
                reason = (
                    f"the server asked earlier calls to wait, for {left:.1f} s more; the deadline is in "
                    f"{max(end - moment, 0.0):.1f} s"
                )
                return NotSent(Suppression("pacing", reason, left)), moment
            chance = yield from random()
            wait = left + self._wait * SPREAD * chance
            if end is not None:
                wait = min(wait, (left + end - moment) / 2)
            yield from notify("paced", operation=operation, seconds=wait)
            yield from sleep(wait)
            moment = yield from now()
        return None, moment


def spread(wait: float, chance: float) -> float:
    """*wait* and up to a tenth of it, by *chance* (0 to 1)."""
    return wait * (1 + SPREAD * chance)
