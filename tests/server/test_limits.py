"""How often a key may call, and what it is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.clock import VirtualClock
from failwell.server import RateLimits
from failwell.server.http.responses import Outgoing, ReplyHeaderNames
from failwell.server.limits.rate_limits import Limiter
from failwell.server.limits.token_bucket import SWEPT_EVERY as BUCKETS_SWEPT_EVERY, Buckets
from failwell.server.limits.windows import SWEPT_EVERY, FixedWindow, MovingWindow
from failwell.server.side_effects import Effects

from .shop import OpenDesk

RATES = st.sampled_from(["1/second", "2/second", "3/5 second", "10/minute", "5/2 minute", "7/hour"])
WINDOWS = st.builds(
    lambda rates, strategy: RateLimits(*rates, strategy=strategy),
    st.lists(RATES, min_size=1, max_size=3, unique=True),
    st.sampled_from(["moving-window", "fixed-window"]),
)
BUCKETS = st.builds(
    lambda rate, burst: RateLimits.rate(rate, burst=burst),
    st.sampled_from(["1/second", "7/3 second", "300/minute", "7/minute", "11/hour", "1000/hour", "86399/day"]),
    st.integers(1, 70),
)
PAUSES = st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=40)
STARTED = st.floats(0, 1e9, allow_nan=False)
"""What a clock that never jumps may show at first: seconds since the machine was started, or since 1970."""


@given(limits=WINDOWS | BUCKETS, started=STARTED, pauses=PAUSES, all_at_once=st.booleans())
def test_waiting_as_long_as_asked_always_succeeds(
    limits: RateLimits, started: float, pauses: list[float], all_at_once: bool
) -> None:
    """
    S13. The integer Retry-After of a 429 is long enough: whoever waits exactly that long is let in.
    """
    clock = VirtualClock()
    clock.advance(started)
    limiter = Limiter(limits, clock)
    for pause in pauses:
        clock.advance(pause)
        if all_at_once:
            burst_of(limiter)
        verdict = limiter.hit("key")
        if not verdict.allowed:
            clock.advance(verdict.retry_after)
            assert limiter.hit("key").allowed


def burst_of(limiter: Limiter) -> int:
    """How many calls pass at once."""
    calls = 0
    while limiter.hit("key").allowed:
        calls += 1
    return calls


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


OWN = {b"x-ratelimit-limit": b"2", b"x-ratelimit-remaining": b"0", b"retry-after": b"7"}
LINE = {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "299", "ratelimit": '"300-per-60s";r=299;t=1'}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "own", "told"),
    [
        (429, OWN, OWN),
        (429, {b"retry-after": b"7"}, {b"retry-after": b"7", **{n.encode(): v.encode() for n, v in LINE.items()}}),
        (200, OWN, {b"retry-after": b"7", **{n.encode(): v.encode() for n, v in LINE.items()}}),
    ],
)
async def test_a_limit_of_the_apps_own(status: int, own: dict[bytes, bytes], told: dict[bytes, bytes]) -> None:
    """
    S13. A 429 of the app tells of the limit that it is about; what other limits still allow would contradict it.
    """
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    effects = Effects()
    effects.running = True
    out = Outgoing(send, {"method": "GET"}, ReplyHeaderNames(b"x-request-id", b"side-effect"), "req_1", effects)
    out.headers |= LINE
    await out({"type": "http.response.start", "status": status, "headers": [*own.items()]})

    assert {**told, b"x-request-id": b"req_1"} == dict(sent[0]["headers"])


@pytest.mark.anyio
async def test_each_key_has_its_own_limit(open_desk: OpenDesk) -> None:
    """
    A key that is used up leaves the others alone.
    """
    desk = open_desk(limits=RateLimits("1/minute"))
    async with desk.client("a") as one, desk.client("a") as two:
        statuses = [(await client.get("/orders/7")).status_code for client in (one, one, two)]

    assert [200, 429, 200] == statuses


@pytest.mark.parametrize("window", [MovingWindow(1, 60), FixedWindow(1, 60)], ids=lambda each: type(each).__name__)
def test_unused_keys_are_forgotten(window: MovingWindow | FixedWindow) -> None:
    """
    Memory stays bounded: keys whose window has passed are forgotten.
    """
    for number in range(SWEPT_EVERY - 1):
        window.enter(f"key-{number}", 0.0)
    held = len(window)
    window.enter("last", 60.0)

    assert (SWEPT_EVERY - 1, 1) == (held, len(window))


def test_limit_that_cannot_be_read_is_refused() -> None:
    """
    A limit that cannot be read, or none at all, is refused when it is declared.
    """
    with pytest.raises(ValueError, match="couldn't parse"):
        RateLimits("many per day")
    with pytest.raises(ValueError, match="No limit was given"):
        RateLimits()


@given(limits=BUCKETS, started=STARTED, pauses=PAUSES)
def test_burst_passes_at_once_after_a_rest(limits: RateLimits, started: float, pauses: list[float]) -> None:
    """
    A key that was idle for as long as its bucket takes to fill makes its whole burst at once, and no call more.
    """
    clock = VirtualClock()
    clock.advance(started)
    limiter = Limiter(limits, clock)
    bursts = [burst_of(limiter)]
    for pause in pauses:
        clock.advance(pause)
        limiter.hit("key")
    clock.advance(int(limiter.hit("key").headers["ratelimit-policy"].rpartition("w=")[2]) + 1e-6)
    bursts.append(burst_of(limiter))

    assert [limits.burst] * 2 == bursts


@given(limits=BUCKETS, started=STARTED, pauses=PAUSES)
def test_wait_of_a_bucket_is_not_too_long(limits: RateLimits, started: float, pauses: list[float]) -> None:
    """
    S13. The Retry-After of a bucket is not a second longer than it must be.
    """
    clock = VirtualClock()
    clock.advance(started)
    limiter = Limiter(limits, clock)
    for pause in pauses:
        clock.advance(pause)
        burst_of(limiter)
        clock.advance(max(0.0, limiter.hit("key").retry_after - 1 - 1e-3))

        assert not limiter.hit("key").allowed


@given(limits=BUCKETS, started=STARTED, pauses=st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=80))
def test_rate_holds_over_any_stretch_of_time(limits: RateLimits, started: float, pauses: list[float]) -> None:
    """
    However calls come, no stretch of time has more of them than the burst and its share of the rate.
    """
    clock = VirtualClock()
    clock.advance(started)
    limiter, [item] = Limiter(limits, clock), limits.items
    let_in: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        let_in += [clock.now()] * burst_of(limiter)
    a_moment = 1e-6
    too_many = [
        (first, last)
        for first in range(0, len(let_in), 7)
        for last in range(first, len(let_in), 7)
        if last - first + 1
        > (limits.burst or 0) + (let_in[last] - let_in[first] + a_moment) * item.amount / item.get_expiry()
    ]

    assert [] == too_many


@pytest.mark.parametrize(("rate", "burst"), [("300/minute", 60), ("1/second", 1), ("7/3 second", 2), ("1000/day", 5)])
def test_rate_is_reached_in_the_long_run(rate: str, burst: int) -> None:
    """
    Who comes back as soon as it may gets its burst and then exactly the rate, for as long as it likes.
    """
    clock = VirtualClock()
    limits = RateLimits.rate(rate, burst=burst)
    limiter, [item] = Limiter(limits, clock), limits.items
    steps, calls = 10 * item.amount, 0
    for _ in range(steps):
        calls += burst_of(limiter)
        clock.advance(item.get_expiry() / item.amount + 1e-9)

    assert burst + steps - 1 == calls


def test_waiting_as_asked_reaches_the_rate() -> None:
    """
    A client that only ever waits as long as a 429 asks is let in at once, and at no less than its rate.
    """
    clock = VirtualClock()
    limiter = Limiter(RateLimits.rate("300/minute", burst=60), clock)
    calls = 0
    while clock.now() < 600:
        verdict = limiter.hit("key")
        calls += verdict.allowed
        clock.advance(0 if verdict.allowed else verdict.retry_after)

    assert 60 + 599 * 5 == calls


def test_both_dialects_agree_on_a_bucket() -> None:
    """
    S13. The limit is the burst, its window the time in which an empty bucket fills; both dialects tell the same.
    """
    clock = VirtualClock(wall=1000.0)
    limiter = Limiter(RateLimits.rate("30/minute", burst=5), clock, tier="free")
    replies = [limiter.hit("key") for _ in range(6)]
    clock.advance(replies[-1].retry_after)
    after = limiter.hit("key").headers

    assert {
        "x-ratelimit-limit": "5",
        "x-ratelimit-remaining": "4",
        "x-ratelimit-reset": "1002",
        "ratelimit-policy": '"30-per-60s-burst-5";q=5;w=10',
        "ratelimit": '"30-per-60s-burst-5";r=4;t=2',
    } == replies[0].headers
    assert [(True, "0"), (False, "0")] == [(one.allowed, one.headers["x-ratelimit-remaining"]) for one in replies[4:]]
    assert (2, '30 per 1 minute, 5 at once (tier "free")') == (replies[-1].retry_after, replies[-1].limit)
    assert ("0", "1004", '"30-per-60s-burst-5";r=0;t=2') == (
        after["x-ratelimit-remaining"],
        after["x-ratelimit-reset"],
        after["ratelimit"],
    )


@pytest.mark.anyio
async def test_429_after_a_burst(open_desk: OpenDesk) -> None:
    """
    S13. After the burst the 429 tells both numbers and how long to wait; then the next call is answered.
    """
    desk = open_desk(limits=RateLimits.rate("30/minute", burst=2))
    async with desk.client() as client:
        replies = [await client.get("/orders/7") for _ in range(3)]
        desk.clock.advance(int(replies[2].headers["retry-after"]))
        after = [await client.get("/orders/7") for _ in range(2)]

    assert [200, 200, 429, 200, 429] == [reply.status_code for reply in (*replies, *after)]
    assert "Rate limit exceeded: 30 per 1 minute, 2 at once. Try again in 2 s." == replies[2].json()["error"]["message"]


def test_full_buckets_are_forgotten() -> None:
    """
    Memory stays bounded: keys whose bucket is full again are forgotten.
    """
    buckets = Buckets(1, 1, 2)
    for number in range(BUCKETS_SWEPT_EVERY - 1):
        buckets.take(f"key-{number}", 0.0)
    held = len(buckets)
    buckets.take("last", 1.0)

    assert (BUCKETS_SWEPT_EVERY - 1, 1, 1) == (held, len(buckets), buckets.left("last", 1.0))


def test_burst_that_lets_nothing_through_is_refused() -> None:
    """
    A burst of no calls, or a rate that cannot be read, is refused when it is declared.
    """
    with pytest.raises(ValueError, match=r"burst=0 lets no call through. Give at least burst=1"):
        RateLimits.rate("1/second", burst=0)
    with pytest.raises(ValueError, match="couldn't parse"):
        RateLimits.rate("often", burst=1)
