"""Rate limits of a caller, and their headers in both dialects."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from failwell.clock import ServerClock, whole_seconds
from failwell.contract.extras import needs
from failwell.server.limits.token_bucket import Buckets
from failwell.server.limits.windows import FixedWindow, MovingWindow
from failwell.server.refusal import Refusal

if TYPE_CHECKING:
    from limits import RateLimitItem

Strategy = Literal["moving-window", "fixed-window"]

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy", "RateLimit")
"""What every reply says of the limits."""


class RateLimits:
    """The limits of each API key, in one of two forms.

    `RateLimits("10/second", "600/minute")` counts calls in windows: a call must fit into all of them, and any of them
    may be used up at once. `RateLimits.rate("300/minute", burst=60)` is a sustained rate and a burst.

    Each process counts by itself, in memory: there is no store that could be down, and a key may call each of several
    workers as often as the limits say. `SharedLimits` count for all of them.

    Raises:
        ValueError: a limit cannot be read.
        MissingExtraError: the package that reads and counts them is not installed.
    """

    def __init__(self, *each: str, strategy: Strategy = "moving-window") -> None:
        with needs("limits", "RateLimits"):
            from limits import parse
        self.items: tuple[RateLimitItem, ...] = tuple(parse(one) for one in each)
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


class LimitDecision(NamedTuple):
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


class _Limit:
    """One limit: *quota* calls fit into *window* seconds. *name* is for the headers, *words* are for people."""

    def __init__(self, name: str, words: str, quota: int, window: int) -> None:
        self.words = words
        self.said_quota = str(quota)
        self.said_name = f'"{name}"'
        self.policy = f'"{name}";q={quota};w={window}'


class _State(NamedTuple):
    """A *limit* after a call: *remaining* calls are left, in *wait* seconds is one more."""

    limit: _Limit
    remaining: int
    wait: int


class _Counter(Protocol):
    """Counts calls within *limits*. It is asked under a lock, with moments that never go back."""

    limits: list[_Limit]

    def hit(self, key_id: str, now: float) -> tuple[bool, list[_State]]:
        """Count a call of *key_id*, unless it does not fit; the limit that binds comes first."""
        ...


class Limiter:
    """Counts the calls of each key, in this process. A refused call costs nothing, and is told its *tier*."""

    def __init__(self, rate_limits: RateLimits, clock: ServerClock, *, tier: str = "") -> None:
        self.rate_limits = rate_limits
        self.tier = tier
        self._clock = clock
        self._tier = f' (tier "{tier}")' if tier else ""
        self._counter: _Counter = _Windows(rate_limits) if rate_limits.burst is None else _Bucket(rate_limits)
        self._lock = threading.Lock()

    def hit(self, key_id: str) -> LimitDecision:
        """Count one call of *key_id*, if all limits allow it."""
        with self._lock:
            allowed, states = self._counter.hit(key_id, self._clock.now())
        return self._decided(allowed, states)

    def decided(self, counted: Sequence[tuple[int, int]], *, allowed: bool) -> LimitDecision:
        """The decision on a call that was counted elsewhere: how many are left of each limit, and when is one more."""
        states = [_State(limit, *state) for limit, state in zip(self._counter.limits, counted, strict=True)]
        return self._decided(allowed, _binding_first(states, allowed=allowed))

    def _decided(self, allowed: bool, states: list[_State]) -> LimitDecision:
        first = states[0]
        return LimitDecision(allowed, _headers(states, self._clock.wall()), first.wait, first.limit.words + self._tier)


class _Window(Protocol):
    """Counts the hits of a limit, as `MovingWindow` does."""

    def room(self, key: str, now: float) -> int: ...
    def enter(self, key: str, now: float) -> None: ...
    def ends(self, key: str, now: float) -> float: ...


class _Windows:
    """Counts calls in windows, one for each limit."""

    def __init__(self, rate_limits: RateLimits) -> None:
        kind = MovingWindow if rate_limits.strategy == "moving-window" else FixedWindow
        self._each: list[tuple[_Window, _Limit]] = []
        for item in rate_limits.items:
            seconds = item.get_expiry()
            limit = _Limit(f"{item.amount}-per-{seconds}s", str(item), item.amount, seconds)
            self._each.append((kind(item.amount, seconds), limit))
        self.limits = [limit for _, limit in self._each]

    def hit(self, key_id: str, now: float) -> tuple[bool, list[_State]]:
        rooms = [window.room(key_id, now) for window, _ in self._each]
        allowed = min(rooms) > 0
        states: list[_State] = []
        for (window, limit), room in zip(self._each, rooms, strict=True):
            if allowed:
                window.enter(key_id, now)
            wait = whole_seconds(window.ends(key_id, now), now=now)
            states.append(_State(limit, max(0, room - allowed), wait))
        return allowed, _binding_first(states, allowed=allowed)


def _binding_first(states: list[_State], *, allowed: bool) -> list[_State]:
    """*states* with the one in front that binds: the longest wait, or the least left."""
    if len(states) > 1:
        states.sort(key=lambda state: (state.remaining > 0, state.remaining if allowed else -state.wait))
    return states


class _Bucket:
    """Counts calls in token buckets."""

    def __init__(self, rate_limits: RateLimits) -> None:
        [item] = rate_limits.items
        burst = rate_limits.burst or 1
        self._buckets = Buckets(item.amount, item.get_expiry(), burst)
        name = f"{item.amount}-per-{item.get_expiry()}s-burst-{burst}"
        self.limits = [_Limit(name, f"{item}, {burst} at once", burst, self._buckets.fills_in)]

    def hit(self, key_id: str, now: float) -> tuple[bool, list[_State]]:
        buckets = self._buckets
        allowed = buckets.take(key_id, now)
        left, wait = buckets.left(key_id, now), buckets.wait(key_id, now)
        return allowed, [_State(self.limits[0], left, wait)]


def _headers(states: list[_State], wall: float) -> dict[str, str]:
    """What a reply says: how many calls there may be, how many are left, and when there is one more."""
    first = states[0]
    return {
        "x-ratelimit-limit": first.limit.said_quota,
        "x-ratelimit-remaining": str(first.remaining),
        "x-ratelimit-reset": str(math.ceil(wall + first.wait)),
        "ratelimit-policy": ", ".join([state.limit.policy for state in states]),
        "ratelimit": ", ".join([f"{limit.said_name};r={remaining};t={wait}" for limit, remaining, wait in states]),
    }
