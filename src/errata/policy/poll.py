"""Asking again until a long-running job is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from errata.contract.error import Error
from errata.policy.flow import Flow, emit, now, sleep

T = TypeVar("T")


def poll(
    fetch: Callable[[], Flow[T]],
    done: Callable[[T], bool],
    *,
    timeout: float,
    timed_out: Callable[[T | None], Error],
    transient: Callable[[Error], bool] = lambda _error: False,
    interval: float = 1.0,
    longest_interval: float = 10.0,
    factor: float = 1.5,
) -> Flow[T]:
    """Fetch until *done*, waiting *interval* and then longer in between; raise *timed_out* after *timeout* seconds.

    A *transient* error of one fetch does not end the wait. The last wait is cut so that one fetch still happens at
    the end of *timeout*.
    """
    started = yield from now()
    last: T | None = None
    pause = interval
    while True:
        try:
            last = yield from fetch()
        except Error as error:
            if not transient(error):
                raise
            yield from emit("poll_failed", error=type(error).__name__)
        else:
            if done(last):
                return last
        left = timeout - ((yield from now()) - started)
        if left <= 0:
            raise timed_out(last)
        yield from sleep(min(pause, left))
        pause = min(pause * factor, longest_interval)
