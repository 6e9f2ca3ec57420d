"""Polling: fetch again, at growing intervals, until a long-running job is done or time is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from failwell.contract.case import WAITS_FOR_THE_SERVER
from failwell.contract.error import Error
from failwell.contract.reporting import hint
from failwell.policy.flow import Effect, Flow, Send, Sleep, intercept, notify, now, send, sleep
from failwell.wire.messages import Outcome, Reply

T = TypeVar("T")

SHORTEST_PAUSE = 0.05
"""Seconds between two looks, at the least: an interval of 0 must not make a busy loop."""
LAST_LOOK = 1.0
"""Seconds that a look may take at least, also where fewer are left: the last one begins when time is up."""


class _OverError(Exception):
    """The time is up in the middle of a fetch."""


def poll_until(
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

    The error is told how long was waited, and ends with its hint.

    A *transient* error of one fetch does not end the wait. The last wait is cut so that one fetch still happens at
    the end of *timeout*; a wait inside a fetch, before a retry, that would end later is cut too, and is the last. No
    try of a fetch has more time than is left of *timeout*, or a second where that is more.

    What the last answer says of waiting (Retry-After, or a limit that is used up) is the next pause, within *timeout*.
    """
    started = yield from now()
    end = started + timeout
    last: T | None = None
    # Compared in this order NaN, which is neither more nor less than anything, means the shortest.
    pause = max(SHORTEST_PAUSE, interval)
    asked: float | None = None

    def hear(outcome: Outcome) -> None:
        nonlocal asked
        answered = isinstance(outcome, Reply) and (outcome.status < 300 or outcome.status in WAITS_FOR_THE_SERVER)
        asked = cast(Reply, outcome).asked_wait if answered else None

    while True:
        try:
            last = yield from _until(end, fetch(), hear)
        except _OverError:
            break
        except Error as error:
            error.effect = "done"  # for what is waited for has begun, whatever a look at it met
            if not transient(error):
                raise
            yield from notify("poll_failed", error=type(error).__name__)
        else:
            if done(last):
                return last
        left = end - (yield from now())
        if not left > 0:
            break
        if asked:  # 0 must not make a busy loop
            yield from sleep(min(max(SHORTEST_PAUSE, asked), left))
            continue
        yield from sleep(min(pause, left))
        pause = min(pause * factor, longest_interval)
    late = timed_out(last)
    late.effect = "done"
    late.elapsed = (yield from now()) - started
    if line := hint(late):
        late.add_note(line)
    raise late


def _until(end: float, flow: Flow[T], hear: Callable[[Outcome], None]) -> Flow[T]:
    """The result of *flow*, if it is not still waiting at the moment *end*: then `_OverError`.

    What it sends is answered until then, or within `LAST_LOOK`; *hear* is told the answer.
    """

    def handle(effect: Effect) -> Flow[Any] | None:
        if isinstance(effect, Sleep):
            return asleep(effect.seconds)
        return answered(effect) if isinstance(effect, Send) else None

    def asleep(seconds: float) -> Flow[None]:
        left = end - (yield from now())
        yield from sleep(min(seconds, max(left, 0.0)))
        if seconds > left:
            raise _OverError

    def answered(effect: Send) -> Flow[Outcome]:
        left = max(LAST_LOOK, end - (yield from now()))
        timeout = left if effect.timeout is None else min(effect.timeout, left)
        outcome = yield from send(effect.request, timeout)
        hear(outcome)
        return outcome

    return intercept(flow, handle)
