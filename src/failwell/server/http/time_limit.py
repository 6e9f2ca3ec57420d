"""Time limit of something awaited, whose timer runs only while it is really waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from types import coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


async def within(seconds: float | None, awaited: Awaitable[T], late: Callable[[], Exception]) -> T:
    """What *awaited* returns, or *late* raised if it is not there after *seconds*.

    Most bodies came with their headers, and a timer costs more than to read one. So on asyncio it is set when the first
    step of *awaited* has not brought it; on trio a limit may not begin half way.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with anyio.move_on_after(seconds):
            return await awaited
        raise late() from None
    steps: Generator[Any, Any, T] = awaited.__await__()
    try:
        pending = next(steps)
    except StopIteration as done:
        found: T = done.value
        return found
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _rest(pending, steps)
    except TimeoutError:
        if limit.expired():
            raise late() from None
        raise


@coroutine
def _rest(pending: Any, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """What *steps* return, after their first, which waits for *pending*."""
    try:
        while True:
            try:
                answer = yield pending
            except BaseException as thrown:  # noqa: BLE001 - it is for who waits inside, as a cancellation is
                pending = steps.throw(thrown)
            else:
                pending = steps.send(answer)
    except StopIteration as done:
        found: T = done.value
        return found
