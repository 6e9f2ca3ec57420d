"""How often a key may call, and what it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.clock import VirtualClock
from errata.server import RateLimits
from errata.server.limits import Limiter
from errata.server.window import SWEPT_EVERY, Window

from .shop import OpenDesk

RATES = st.sampled_from(["1/second", "2/second", "3/5 second", "10/minute", "5/2 minute", "7/hour"])
STRATEGIES = st.sampled_from(["moving-window", "fixed-window"])


@given(
    rates=st.lists(RATES, min_size=1, max_size=3, unique=True),
    strategy=STRATEGIES,
    pauses=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=40),
    started=st.floats(0, 1e6, allow_nan=False),
)
def test_waiting_as_long_as_asked_always_succeeds(
    rates: list[str], strategy: str, pauses: list[float], started: float
) -> None:
    """
    S13. The integer Retry-After of a 429 is long enough: whoever waits exactly that long is let in.
    """
    clock = VirtualClock()
    clock.advance(started)
    limiter = Limiter(
        RateLimits(*rates, strategy="fixed-window" if strategy == "fixed-window" else "moving-window"), clock
    )
    for pause in pauses:
        clock.advance(pause)
        verdict = limiter.hit("key")
        if not verdict.allowed:
            clock.advance(verdict.retry_after)
            assert limiter.hit("key").allowed


class SetClock:
    """A clock that shows what it is set to."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time


def test_wait_is_long_enough_to_the_last_bit() -> None:
    """
    S13. The Retry-After is long enough also where the difference of two moments is rounded down to whole seconds.
    """
    clock = SetClock()
    limiter = Limiter(RateLimits("1/minute"), clock)
    clock.time = 0.37788450122383965
    limiter.hit("key")
    clock.time = 16.377884501223836
    verdict = limiter.hit("key")
    clock.time += verdict.retry_after

    assert (False, True) == (verdict.allowed, limiter.hit("key").allowed)


@given(pauses=st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=40))
def test_window_never_holds_more_than_the_limit(pauses: list[float]) -> None:
    """
    In any window of 5 s at most 3 calls are let in, however they come.
    """
    clock = VirtualClock()
    limiter = Limiter(RateLimits("3/5 second"), clock)
    allowed: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        if limiter.hit("key").allowed:
            allowed.append(clock.now())

    assert [] == [first for first, fourth in zip(allowed, allowed[3:], strict=False) if first + 5 > fourth]


def test_both_dialects_agree() -> None:
    """
    S13. X-RateLimit-* and RateLimit say the same: the limit, what is left of it, and when there is more.
    """
    clock = VirtualClock(wall=1000.0)
    limiter = Limiter(RateLimits("3/minute", "10/hour"), clock)
    clock.advance(0.5)
    first = limiter.hit("key").headers
    clock.advance(10)
    second = limiter.hit("key").headers

    assert {
        "x-ratelimit-limit": "3",
        "x-ratelimit-remaining": "2",
        "x-ratelimit-reset": "1061",
        "ratelimit-policy": '"3-per-60s";q=3;w=60, "10-per-3600s";q=10;w=3600',
        "ratelimit": '"3-per-60s";r=2;t=60, "10-per-3600s";r=9;t=3600',
    } == first
    assert ("1", '"3-per-60s";r=1;t=50, "10-per-3600s";r=8;t=3590') == (
        second["x-ratelimit-remaining"],
        second["ratelimit"],
    )


def test_limit_that_binds_comes_first() -> None:
    """
    S13. Of several limits the headers put that first which refuses the longest; a refused call costs nothing.
    """
    clock = VirtualClock()
    limiter = Limiter(RateLimits("1/second", "2/minute"), clock)
    limiter.hit("key")
    by_second = limiter.hit("key")
    clock.advance(1)
    limiter.hit("key")
    by_minute = limiter.hit("key")

    assert [(False, "1", 1), (False, "2", 59)] == [
        (verdict.allowed, verdict.headers["x-ratelimit-limit"], verdict.retry_after)
        for verdict in (by_second, by_minute)
    ]


@pytest.mark.anyio
async def test_429_says_how_long_to_wait(open_desk: OpenDesk) -> None:
    """
    S13. The 429 has the envelope and an integer Retry-After; after that wait the next call is answered.
    """
    desk = open_desk(limits=RateLimits("2/minute"))
    async with desk.client() as client:
        replies = [await client.get("/orders/7") for _ in range(3)]
        desk.clock.advance(int(replies[2].headers["retry-after"]))
        after = await client.get("/orders/7")

    assert [200, 200, 429, 200] == [reply.status_code for reply in (*replies, after)]
    assert ["1", "0", "0"] == [reply.headers["x-ratelimit-remaining"] for reply in replies]
    assert ("60", '"2-per-60s";r=0;t=60') == (replies[2].headers["retry-after"], replies[2].headers["ratelimit"])
    assert "Rate limit exceeded: 2 per 1 minute. Try again in 60 s." == replies[2].json()["error"]["message"]


@pytest.mark.anyio
async def test_each_key_has_its_own_limit(open_desk: OpenDesk) -> None:
    """
    A key that is used up leaves the others alone.
    """
    desk = open_desk(limits=RateLimits("1/minute"))
    async with desk.client("a") as one, desk.client("a") as two:
        statuses = [(await client.get("/orders/7")).status_code for client in (one, one, two)]

    assert [200, 429, 200] == statuses


def test_unused_keys_are_forgotten() -> None:
    """
    Memory stays bounded: keys whose window has passed are forgotten.
    """
    clock, window = VirtualClock(), Window()
    for number in range(SWEPT_EVERY - 1):
        window.acquire_entry(f"moving-{number}", 1, 60) if number % 2 else window.incr(f"fixed-{number}", 60)
    held = len(window)
    clock.advance(60)
    window.at = clock.now()
    window.acquire_entry("last", 1, 60)

    assert (SWEPT_EVERY - 1, 1) == (held, len(window))


def test_hits_can_be_forgotten() -> None:
    """
    The library's `clear` and `reset` forget the hits of one key and of all.
    """
    window = Window()
    for key in ("a", "b"):
        window.acquire_entry(key, 1, 60)
        window.incr(key, 60)
    window.clear("a")

    assert (True, False, True) == (
        window.acquire_entry("a", 1, 60),
        window.acquire_entry("b", 1, 60),
        window.check(),
    )
    assert (3, 0, 0) == (window.reset(), len(window), window.get("b"))


def test_limit_that_cannot_be_read_is_refused() -> None:
    """
    A limit that cannot be read, or none at all, is refused when it is declared.
    """
    with pytest.raises(ValueError, match="couldn't parse"):
        RateLimits("many per day")
    with pytest.raises(ValueError, match="No limit was given"):
        RateLimits()
