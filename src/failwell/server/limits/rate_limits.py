"""Rate limits of a caller, and their headers in both dialects."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from failwell.clock import ServerClock, whole_seconds
from failwell.contract.extras import needs
from failwell.server.limits.token_bucket import Buckets
from failwell.server.refusal import Refusal

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import RateLimiter

Strategy = Literal["moving-window", "fixed-window"]

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy", "RateLimit")
"""What every reply says of the limits."""


class RateLimits:
    """The limits of each API key, in one of two forms.

    `RateLimits("10/second", "600/minute")` counts calls in windows: a call must fit into all of them, and any of them
    may be used up at once. `RateLimits.rate("300/minute", burst=60)` is a sustained rate and a burst.

    Each process counts by itself, in memory: there is no store that could be down, and a key may call each of several
    workers as often as the limits say.

    Raises:
        ValueError: a limit cannot be read.
        MissingExtraError: the package that reads and counts them is not installed.
    """

    def __init__(self, *each: str, strategy: Strategy = "moving-window") -> None:
        with needs("limits", "RateLimits"):
            from limits import parse
        self.items = tuple(parse(one) for one in each)
        self.strategy: Strategy = strategy
        self.burst: int | None = None
        """How many calls may come at once; None where the windows decide that."""
        if not self.items:
            raise ValueError('No limit was given. Give at least one, such as RateLimits("600/minute").')

    @classmethod
    def rate(cls, rate: str, *, burst: int) -> RateLimits:
        """A sustained *rate*, and how many calls a key may make at once after it was idle: a token bucket.

        Under `rate("300/minute", burst=60)` a bucket holds 60 calls, and one comes back every 0.2 s; an empty one is
        full again after 12 s. A minute of it has 360 calls at most, an hour 18,060.

        Raises:
            ValueError: *rate* cannot be read, or *burst* lets no call through.
        """
        if burst < 1:
            raise ValueError(f"burst={burst} lets no call through. Give at least burst=1.")
        rated = cls(rate)
        rated.burst = burst
        return rated


@dataclass(frozen=True, slots=True)
class LimitDecision:
    """Whether a call may go on, what its reply says about the limits, and how long to wait if it may not."""

    allowed: bool
    headers: dict[str, str]
    retry_after: int
    limit: str

    def check(self) -> None:
        """Let an allowed call go on.

        Raises:
            Refusal: 429.
        """
        if not self.allowed:
            message = f"Rate limit exceeded: {self.limit}. Try again in {self.retry_after} s."
            raise Refusal(429, message, headers={**self.headers, "retry-after": str(self.retry_after)})


@dataclass(frozen=True, slots=True)
class _State:
    """One limit after a call: *quota* calls fit into *window* seconds, *remaining* are left, in *wait* s is one more.

    *name* is for the headers, *words* are for people.
    """

    name: str
    words: str
    quota: int
    window: int
    remaining: int
    wait: int


class _Counter(Protocol):
    """Counts calls. It is asked under a lock, with moments that never go back."""

    def hit(self, key_id: str, now: float) -> tuple[bool, list[_State]]:
        """Count a call of *key_id*, unless it does not fit; the limit that binds comes first."""
        ...


class Limiter:
    """Counts the calls of each key, in this process. A refused call costs nothing, and is told its *tier*."""

    def __init__(self, rate_limits: RateLimits, clock: ServerClock, *, tier: str = "") -> None:
        self._clock = clock
        self._tier = f' (tier "{tier}")' if tier else ""
        self._counter: _Counter = _Windows(rate_limits) if rate_limits.burst is None else _Bucket(rate_limits)
        self._lock = threading.Lock()

    def hit(self, key_id: str) -> LimitDecision:
        """Count one call of *key_id*, if all limits allow it."""
        with self._lock:
            allowed, states = self._counter.hit(key_id, self._clock.now())
        first = states[0]
        return LimitDecision(allowed, _headers(states, self._clock.wall()), first.wait, first.words + self._tier)


class _Windows:
    """Counts calls in the windows of the `limits` library."""

    def __init__(self, rate_limits: RateLimits) -> None:
        from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

        from failwell.server.limits.window_storage import WindowStorage

        self._items = rate_limits.items
        self._namespace = rate_limits.strategy
        self._window = WindowStorage()
        self._limiter: RateLimiter = (
            MovingWindowRateLimiter(self._window)
            if rate_limits.strategy == "moving-window"
            else FixedWindowRateLimiter(self._window)
        )

    def hit(self, key_id: str, now: float) -> tuple[bool, list[_State]]:
        # Keys are named by strategy: counts of one must not be read as those of another.
        who = (self._namespace, key_id)
        self._window.at = now
        full = [item for item in self._items if not self._limiter.test(item, *who)]
        if not full:
            for item in self._items:
                self._limiter.hit(item, *who)
        states = [self._state(item, who, now) for item in self._items]
        # The one that binds: the longest wait, or the least left.
        states.sort(key=lambda state: (state.remaining > 0, -state.wait if full else state.remaining))
        return not full, states

    def _state(self, item: RateLimitItem, who: tuple[str, str], now: float) -> _State:
        reset, remaining = self._limiter.get_window_stats(item, *who)
        seconds = item.get_expiry()
        name, left = f"{item.amount}-per-{seconds}s", max(0, remaining)
        return _State(name, str(item), item.amount, seconds, left, whole_seconds(reset, now=now))


class _Bucket:
    """Counts calls in token buckets."""

    def __init__(self, rate_limits: RateLimits) -> None:
        [item] = rate_limits.items
        burst = rate_limits.burst or 1
        self._buckets = Buckets(item.amount, item.get_expiry(), burst)
        self._name = f"{item.amount}-per-{item.get_expiry()}s-burst-{burst}"
        self._words = f"{item}, {burst} at once"

    def hit(self, key_id: str, now: float) -> tuple[bool, list[_State]]:
        buckets = self._buckets
        allowed = buckets.take(key_id, now)
        left, wait = buckets.left(key_id, now), buckets.wait(key_id, now)
        return allowed, [_State(self._name, self._words, buckets.burst, buckets.fills_in, left, wait)]


def _headers(states: list[_State], wall: float) -> dict[str, str]:
    """What a reply says: how many calls there may be, how many are left, and when there is one more."""
    first = states[0]
    return {
        "x-ratelimit-limit": str(first.quota),
        "x-ratelimit-remaining": str(first.remaining),
        "x-ratelimit-reset": str(math.ceil(wall + first.wait)),
        "ratelimit-policy": ", ".join(f'"{state.name}";q={state.quota};w={state.window}' for state in states),
        "ratelimit": ", ".join(f'"{state.name}";r={state.remaining};t={state.wait}' for state in states),
    }
