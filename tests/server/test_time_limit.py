"""The time limit of something awaited."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from failwell.server.http.time_limit import within

pytestmark = pytest.mark.anyio


class LateError(Exception):
    """It was not there in time."""


async def after(seconds: float, problem: Exception | None = None) -> str:
    """A body that comes after *seconds*, or the *problem* in its place; 0 waits for nothing."""
    if seconds:
        with anyio.CancelScope():  # as a framework's middleware has one around what it reads
            await anyio.sleep(seconds)
    if problem is not None:
        raise problem
    return "body"


@pytest.mark.parametrize("seconds", [None, 5.0])
@pytest.mark.parametrize("wait", [0, 0.001])
async def test_in_time(wait: float, seconds: float | None) -> None:
    """
    What is there at once, and what comes in time, is returned.
    """
    assert "body" == await within(seconds, after(wait), LateError)


async def test_too_late() -> None:
    """
    What is not there in time is given up, also where it waits in a cancel scope of its own.
    """
    with pytest.raises(LateError):
        await within(0.01, after(60.0), LateError)


@pytest.mark.parametrize("wait", [0, 0.001])
async def test_a_timeout_of_its_own(wait: float) -> None:
    """
    A `TimeoutError` of what is awaited, a socket's, is not the limit's.
    """
    with pytest.raises(TimeoutError, match="the socket"):
        await within(5.0, after(wait, TimeoutError("the socket")), LateError)


async def test_cancelled_from_outside() -> None:
    """
    A cancellation from outside ends it, and is no lateness.
    """
    with anyio.move_on_after(0.01) as outer:
        await within(60.0, after(60.0), LateError)

    assert outer.cancelled_caught


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_no_timer_for_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What is there at once sets no timer; what is waited for sets one.
    """
    timers: list[float | None] = []
    own = asyncio.timeout

    def timeout(seconds: float | None) -> asyncio.Timeout:
        timers.append(seconds)
        return own(seconds)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    await within(5.0, after(0), LateError)
    await within(6.0, after(0.001), LateError)

    assert [6.0] == timers
