from __future__ import annotations

import threading
import time

import anyio
import pytest

from failwell.clock import SystemClock, VirtualClock


def test_a_virtual_clock_moves_by_sleeping() -> None:
    """
    A virtual clock moves when somebody sleeps on it, at once, and remembers the waits.
    """
    clock, begun = VirtualClock(wall=1_000.0), time.monotonic()
    before = clock.now()
    clock.sleep(3_600.0)
    clock.sleep(0.5)

    assert (3_600.5, 4_600.5, [3_600.0, 0.5]) == (clock.now() - before, clock.wall(), clock.waits())
    assert time.monotonic() - begun < 1.0


@pytest.mark.anyio
async def test_awaited_sleep_lets_others_run() -> None:
    """
    A virtual sleep that is awaited takes no time, and other tasks run meanwhile.
    """
    clock, order = VirtualClock(), []

    async def other() -> None:
        order.append("other")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        for _ in range(3):
            await clock.asleep(100.0)
        order.append("awake")

    assert (["other", "awake"], 300.0) == (order, clock.now())


def test_advance_is_no_wait() -> None:
    """
    Time that passes by itself is not among the waits.
    """
    clock = VirtualClock()
    clock.advance(60.0)

    assert (60.0, []) == (clock.now(), clock.waits())


def test_forget() -> None:
    """
    Forgetting the waits leaves the time.
    """
    clock = VirtualClock()
    clock.sleep(5.0)
    clock.forget()

    assert (5.0, []) == (clock.now(), clock.waits())


def test_shared_between_threads() -> None:
    """
    No wait of many threads is lost.
    """
    clock = VirtualClock()

    def sleep() -> None:
        for _ in range(500):
            clock.sleep(1.0)

    threads = [threading.Thread(target=sleep) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (10_000.0, 10_000) == (clock.now(), len(clock.waits()))


def test_same_chance_in_every_run() -> None:
    """
    A seed gives the same numbers, another seed others; all are from 0 up to 1.
    """
    one, same, other = VirtualClock(seed=1), VirtualClock(seed=1), VirtualClock(seed=2)
    numbers = [one.random() for _ in range(100)]

    assert numbers == [same.random() for _ in range(100)]
    assert numbers != [other.random() for _ in range(100)]
    assert all(0.0 <= number < 1.0 for number in numbers)


@pytest.mark.anyio
async def test_the_systems_own() -> None:
    """
    The system's clock tells monotonic and wall time, and really sleeps.
    """
    clock = SystemClock()
    begun = clock.now()
    clock.sleep(0.01)
    await clock.asleep(0.01)

    assert clock.now() - begun >= 0.02
    assert abs(clock.wall() - time.time()) < 1.0
    assert 0.0 <= clock.random() < 1.0
