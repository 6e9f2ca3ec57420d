"""The retry flow around a call that does nothing, beside a decorator as one writes it by hand: P3."""

from __future__ import annotations

import asyncio
import functools
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from benchmarks.goals import Goal
from benchmarks.pairs import Pair
from failwell.client.guards import Guards
from failwell.clock import SystemClock
from failwell.contract import BreakerRules, Resilience
from failwell.policy import RetryPolicy, Send, with_retries
from failwell.runtime.driver import AsyncDriver, Driver
from failwell.wire import Reply, Request

P = ParamSpec("P")
R = TypeVar("R")
FINE = Reply(200, {"content-type": "application/json", "x-request-id": "req-1"})
ASK = Send(Request("GET", "/things/1", operation="things.get"), 30.0)
DEADLINE = 600.0
OFTEN = 20
"""A round has so many times the calls of other pairs: each takes some microseconds."""


class Nothing:
    """A transport that answers at once."""

    def send(self, request: Request, timeout: float | None) -> Reply:
        """The answer."""
        return FINE

    def close(self) -> None:
        """Nothing is open."""


class NothingAwaited:
    """The same, awaited."""

    async def send(self, request: Request, timeout: float | None) -> Reply:
        """The answer."""
        return FINE

    async def aclose(self) -> None:
        """Nothing is open."""


def pairs() -> list[Pair]:
    """The flow by itself, and with all that a call of a client has around it; in both colours."""
    policy, clock, nothing, awaited = RetryPolicy(), SystemClock(), Nothing(), NothingAwaited()
    driver, async_driver = Driver(nothing, clock), AsyncDriver(awaited, clock)
    by_hand, by_hand_awaited = _retried(nothing.send), _retried_awaiting(awaited.send)
    rules = Resilience(breaker=BreakerRules())
    guard = Guards("https://api.example", rules, clock, "").of("things.get", "/things/1")
    assert guard.budget is not None
    assert guard.breaker is not None

    def guarded() -> Any:
        return with_retries(ASK, policy, deadline=DEADLINE, guard=guard)

    return [
        Pair(
            "P3",
            "retry flow",
            lambda: driver.drive(with_retries(ASK, policy)),
            lambda: by_hand(ASK.request, ASK.timeout),
            Goal(5.0, 3.0),
            by_count=True,
            often=OFTEN,
        ),
        Pair(
            "P3",
            "retry flow, awaiting",
            lambda: _result(async_driver.drive(with_retries(ASK, policy))),
            lambda: _result(by_hand_awaited(ASK.request, ASK.timeout)),
            Goal(4.0, 2.5),
            by_count=True,
            often=OFTEN,
        ),
        Pair(
            "P3",
            "with budget, breaker and deadline",
            lambda: driver.drive(guarded()),
            lambda: by_hand(ASK.request, ASK.timeout),
            Goal(12.0, 8.0),
            by_count=True,
            often=OFTEN,
        ),
        Pair(
            "P3",
            "with budget, breaker and deadline, awaiting",
            lambda: _result(async_driver.drive(guarded())),
            lambda: _result(by_hand_awaited(ASK.request, ASK.timeout)),
            Goal(12.0, 8.0),
            by_count=True,
            often=OFTEN,
        ),
    ]


def _retried(call: Callable[P, R], retries: int = 3, first: float = 1.0, longest: float = 8.0) -> Callable[P, R]:
    """The decorator by hand: a call that the network failed is repeated after 1, 2 and 4 seconds, or a bit off."""

    @functools.wraps(call)
    def retried(*args: P.args, **kwargs: P.kwargs) -> R:
        for retry in range(retries):
            try:
                return call(*args, **kwargs)
            except OSError:
                time.sleep(min(first * 2**retry, longest) * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
        return call(*args, **kwargs)

    return retried


def _retried_awaiting(
    call: Callable[P, Awaitable[R]], retries: int = 3, first: float = 1.0, longest: float = 8.0
) -> Callable[P, Coroutine[Any, Any, R]]:
    @functools.wraps(call)
    async def retried(*args: P.args, **kwargs: P.kwargs) -> R:
        for retry in range(retries):
            try:
                return await call(*args, **kwargs)
            except OSError:
                await asyncio.sleep(min(first * 2**retry, longest) * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
        return await call(*args, **kwargs)

    return retried


def _result(call: Coroutine[Any, Any, Any]) -> Any:
    """What *call* comes to, which never waits: an event loop would take longer than both sides."""
    try:
        call.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the call waits for something")
