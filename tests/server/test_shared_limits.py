"""Rate limits that several processes share in a Redis, also while it is down, stalls or forgets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Literal

import anyio
import pytest
import redis

from failwell.clock import VirtualClock
from failwell.server import Caller, RateLimits, SharedLimits
from failwell.server.limits.rate_limits import Limiter
from failwell.server.limits.redis_counts import RedisCounts
from failwell.server.limits.shared_limits import PAUSE
from failwell.server.limits.tiers import Tiers

from .shop import OpenDesk
from .stores import running_redis

WhenDown = Literal["local", "open", "closed"]

EACH = [
    RateLimits("3/minute", "5/hour"),
    RateLimits("3/minute", "5/hour", strategy="fixed-window"),
    RateLimits.rate("60/hour", burst=3),
]
"""Three calls at once, whatever counts them."""

NAMES = ["moving", "fixed", "bucket"]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the tests of this module."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def url(redis_url: str) -> str:
    """A Redis in which nothing is counted."""
    with closing(redis.Redis.from_url(redis_url)) as db:
        db.flushdb()
    return redis_url


def counts(url: str) -> RedisCounts:
    """What one process counts with."""
    return RedisCounts(url, prefix="failwell", busy=5)


def older(url: str, seconds: float) -> None:
    """Let all that is counted be older by *seconds*."""
    with closing(redis.Redis.from_url(url)) as db:
        for key in db.scan_iter():
            left = db.pttl(key) - int(seconds * 1000)
            if db.type(key) == b"list":
                moments = [int(moment) - int(seconds * 1e6) for moment in db.lrange(key, 0, -1)]
                db.delete(key)
                db.rpush(key, *moments)
            elif b":bucket-" in key:
                db.set(key, float(db.get(key) or 0) - seconds * 1e6)
            db.pexpire(key, left) if left > 0 else db.delete(key)


@pytest.mark.parametrize("limits", EACH, ids=NAMES)
def test_counted_as_in_one_process(limits: RateLimits, url: str) -> None:
    """
    Calls that are counted in Redis are let in, refused and told the same as those that one process counts.
    """
    clock = VirtualClock()
    here = Limiter(limits, clock)
    with closing(counts(url)) as one, closing(counts(url)) as other:
        for number, pause in enumerate([0, 0, 0, 0, 45, 20, 0, 75]):
            clock.advance(pause)
            older(url, pause)
            expected = here.hit("key")
            allowed, counted = (one, other)[number % 2].hit(limits, "", "key")

            assert (number, expected.allowed) == (number, allowed)
            # Time goes on while Redis is asked: there is less of it left than where it stands still.
            told = [
                here.decided([(left, wait + late) for left, wait in counted], allowed=allowed).headers["ratelimit"]
                for late in range(10)
            ]
            each = {limit for one_of_ten in told for limit in one_of_ten.split(", ")}
            assert set(expected.headers["ratelimit"].split(", ")) <= each


@pytest.mark.parametrize("limits", EACH, ids=NAMES)
def test_many_at_once(limits: RateLimits, url: str) -> None:
    """
    Of calls that come to several processes at the same moment, no more are let in than the limits say.
    """
    each = [counts(url) for _ in range(4)]
    with ThreadPoolExecutor(16) as threads:
        decisions = list(threads.map(lambda number: each[number % 4].hit(limits, "", "key")[0], range(40)))
    for one in each:
        one.close()

    assert 3 == sum(decisions)


@pytest.mark.parametrize("limits", EACH, ids=NAMES)
def test_key_and_tier_count_alone(limits: RateLimits, url: str) -> None:
    """
    Another key, and the same key in another tier, has limits of its own.
    """
    with closing(counts(url)) as one:
        decisions = [one.hit(limits, tier, key)[0] for tier, key in [("", "a")] * 4 + [("", "b"), ("pro", "a")]]

    assert [True, True, True, False, True, True] == decisions


@pytest.mark.parametrize("limits", EACH, ids=NAMES)
def test_clock_that_was_set_back(limits: RateLimits, url: str) -> None:
    """
    Where the clock of Redis was set back by a day, nobody waits for that day to go by.
    """
    with closing(counts(url)) as one:
        for _ in range(3):
            one.hit(limits, "", "key")
        older(url, -86_400)
        one.hit(limits, "", "key")
        older(url, 3 * 60)

        assert one.hit(limits, "", "key")[0]


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["stopped", "stalled"])
@pytest.mark.parametrize("when_down", ["local", "open", "closed"])
async def test_down_under_load(
    how: str, when_down: WhenDown, tmp_path: Path, open_desk: OpenDesk, clock: VirtualClock
) -> None:
    """
    S12. While Redis is down, or does not answer, calls are treated as declared, in bounded time; afterwards it counts.
    """
    with running_redis(tmp_path, "--appendonly", "no") as url:
        with closing(redis.Redis.from_url(url)) as db:
            pid = int(db.info("server")["process_id"])
        desk = open_desk(limits=SharedLimits(RateLimits("3/hour"), url, when_down=when_down, patience=1.0))
        async with desk.client() as client:
            statuses: list[int] = []

            async def ask() -> None:
                statuses.append((await client.put("/orders")).status_code)

            await ask()
            os.kill(pid, signal.SIGSTOP if how == "stalled" else signal.SIGKILL)
            begun = time.monotonic()
            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(ask)
            waited = time.monotonic() - begun
            refused = (await client.put("/orders")).headers.get("retry-after")
            if how == "stalled":
                os.kill(pid, signal.SIGCONT)
                clock.advance(PAUSE)
                while (reply := await client.put("/orders")).status_code == 503:
                    clock.advance(PAUSE)
                # What Redis was asked while it stood still, it has done since, or not.
                assert reply.headers["x-ratelimit-remaining"] in {"0", "1"}

    wanted = {"local": [200] * 4 + [429] * 17, "open": [200] * 21, "closed": [200] + [503] * 20}
    assert wanted[when_down] == sorted(statuses)
    assert {"local": True, "open": False, "closed": True}[when_down] == (refused is not None)
    assert waited < 10  # it takes a third of a second where nobody else works


@pytest.mark.anyio
async def test_down_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """
    S12. An app starts while Redis is down; the log tells it once, with what happens meanwhile.
    """
    clock = VirtualClock()
    tiers = Tiers(SharedLimits({"": RateLimits("3/minute")}, "redis://127.0.0.1:1/0"), clock)
    allowed = []
    for _ in range(4):
        allowed.append((await tiers.hit(Caller("a", "key", ""))).allowed)
        clock.advance(PAUSE)

    assert [True, True, True, False] == allowed
    [told] = [record.getMessage() for record in caplog.records]
    assert told.startswith(
        "Rate limits cannot be shared, each process counts by itself: The store in Redis at 127.0.0.1:1"
    )


def test_no_address() -> None:
    """
    What is no address of a Redis is told when the app is set up.
    """
    with pytest.raises(ValueError, match="redis://"):
        Tiers(SharedLimits(RateLimits("1/minute"), "127.0.0.1:6379"), VirtualClock())


def test_without_redis_py() -> None:
    """
    Where redis-py is missing, the extra that brings it is named, when the app is set up.
    """
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "from failwell.clock import SystemClock; from failwell.server import RateLimits, SharedLimits\n"
        "from failwell.server.limits.tiers import Tiers\n"
        "Tiers(SharedLimits(RateLimits('1/minute'), 'redis://127.0.0.1'), SystemClock())"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert 'pip install "failwell[redis]"' in ran.stderr
