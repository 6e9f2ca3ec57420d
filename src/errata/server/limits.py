"""How often a key may call: the `limits` library's windows, and headers that say the same in both dialects."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Literal

import limits
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter

from errata.server.refused import Refused
from errata.server.times import Clock
from errata.server.window import Window

Strategy = Literal["moving-window", "fixed-window"]


class RateLimits:
    """The limits of each API key: `RateLimits("10/second", "600/minute")`. A call must fit into all of them.

    Raises:
        ValueError: a limit cannot be read.
    """

    def __init__(self, *each: str, strategy: Strategy = "moving-window") -> None:
        self.items = tuple(limits.parse(one) for one in each)
        self.strategy: Strategy = strategy
        if not self.items:
            raise ValueError('No limit was given. Give at least one, such as RateLimits("600/minute").')


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may go on, what its reply says about the limits, and how long to wait if it may not."""

    allowed: bool
    headers: dict[str, str]
    retry_after: int
    limit: str

    def check(self) -> None:
        """Let an allowed call go on.

        Raises:
            Refused: 429.
        """
        if not self.allowed:
            message = f"Rate limit exceeded: {self.limit}. Try again in {self.retry_after} s."
            raise Refused(429, message, headers={**self.headers, "retry-after": str(self.retry_after)})


@dataclass(frozen=True, slots=True)
class _State:
    """One limit after a call: what is left of it, and in how many seconds there is more."""

    item: limits.RateLimitItem
    remaining: int
    wait: int

    @property
    def policy(self) -> str:
        return f"{self.item.amount}-per-{self.item.get_expiry()}s"


class Limiter:
    """Counts the calls of each key, in this process."""

    def __init__(self, rate_limits: RateLimits, clock: Clock) -> None:
        self._clock = clock
        self._items = rate_limits.items
        self._namespace = rate_limits.strategy
        self._window = Window()
        self._limiter: RateLimiter = (
            MovingWindowRateLimiter(self._window)
            if rate_limits.strategy == "moving-window"
            else FixedWindowRateLimiter(self._window)
        )
        self._lock = threading.Lock()

    def hit(self, key_id: str) -> Verdict:
        """Count one call of *key_id*, if all limits allow it; a refused call costs nothing."""
        # Keys are named by strategy: counts of one must not be read as those of another.
        who = (self._namespace, key_id)
        with self._lock:
            self._window.at = now = self._clock.now()
            full = [item for item in self._items if not self._limiter.test(item, *who)]
            if not full:
                for item in self._items:
                    self._limiter.hit(item, *who)
            states = [self._state(item, who, now) for item in self._items]
        # The limit that binds comes first: the one with the longest wait, or with the least left.
        states.sort(key=lambda state: (state.remaining > 0, -state.wait if full else state.remaining))
        first = states[0]
        return Verdict(not full, _headers(states, self._clock.wall()), first.wait, str(first.item))

    def _state(self, item: limits.RateLimitItem, who: tuple[str, str], now: float) -> _State:
        reset, remaining = self._limiter.get_window_stats(item, *who)
        wait = max(1, math.ceil(reset - now))
        # The difference may have been rounded down; whoever comes back in time must be let in.
        while now + wait < reset:
            wait += 1
        return _State(item, max(0, remaining), wait)


def _headers(states: list[_State], wall: float) -> dict[str, str]:
    first = states[0]
    return {
        "x-ratelimit-limit": str(first.item.amount),
        "x-ratelimit-remaining": str(first.remaining),
        "x-ratelimit-reset": str(math.ceil(wall + first.wait)),
        "ratelimit-policy": ", ".join(
            f'"{state.policy}";q={state.item.amount};w={state.item.get_expiry()}' for state in states
        ),
        "ratelimit": ", ".join(f'"{state.policy}";r={state.remaining};t={state.wait}' for state in states),
    }
