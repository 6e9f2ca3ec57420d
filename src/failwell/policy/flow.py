"""Flows: generators that yield effects (send, sleep, now) and are told what happened. No I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Generic, TypeVar, cast

from failwell._support.frozen import Frozen
from failwell.contract.evidence import Suppression
from failwell.wire.messages import Outcome, Request


class NotSent(Frozen):
    """What a flow is told in place of an outcome: nothing was sent, and why."""

    suppression: Suppression


T = TypeVar("T")


class Send(Frozen):
    """Send *request*, for at most *timeout* seconds; the answer is a `Reply` or a `Failure`."""

    request: Request
    timeout: float | None = None

    def __init__(self, request: Request, timeout: float | None = None) -> None:  # for every try: by hand it is faster
        held = self.__dict__
        held["request"], held["timeout"] = request, timeout


class Sleep(Frozen):
    """Wait *seconds*."""

    seconds: float


class Now(Frozen):
    """Tell the moment, in seconds on a clock that never jumps."""


class Random(Frozen):
    """Give a number from 0.0 up to, but not including, 1.0."""


class Notify(Frozen):
    """Tell observers that *name* happened; nothing comes back."""

    name: str
    facts: dict[str, Any]


class Perform(Frozen):
    """Do work that is no flow: *blocking* is called, or what *awaiting* makes is awaited, by the colour of the driver.

    The flow is told its result. What it raises leaves as it is: `perform` raises it in the flow.
    """

    blocking: Callable[[], Any]
    awaiting: Callable[[], Awaitable[Any]]


NOW, RANDOM = Now(), Random()

Effect = Send | Sleep | Now | Random | Notify | Perform
Flow = Generator[Effect, Any, T]
"""Yields effects, is sent their results, and returns a *T*."""


class Open(Frozen):
    """Send *request* like `Send`, but leave the body of a success to be read. What was open before is closed."""

    request: Request
    timeout: float | None = None


class Read(Frozen):
    """Some more of the open body, within *timeout* seconds: bytes, b"" at its end, or a `Failure`."""

    timeout: float | None = None


class Yield(Frozen, Generic[T]):
    """Hand *items* to whoever iterates, one by one; nothing comes back."""

    items: Sequence[T]


StreamEffect = Effect | Open | Read | Yield[T]
StreamFlow = Generator[StreamEffect[T], Any, None]
"""Yields effects too, among them the *T*s that it gives. It holds nothing open: drivers do."""


def send(request: Request, timeout: float | None = None) -> Flow[Outcome]:
    """What came of sending *request* once."""
    outcome: Outcome = yield Send(request, timeout)
    return outcome


def sleep(seconds: float) -> Flow[None]:
    """Wait *seconds*."""
    yield Sleep(seconds)


def now() -> Flow[float]:
    """The moment."""
    moment: float = yield NOW
    return moment


def random() -> Flow[float]:
    """A number from 0.0 up to, but not including, 1.0."""
    number: float = yield RANDOM
    return number


def notify(name: str, **facts: Any) -> Flow[None]:
    """Tell observers."""
    yield Notify(name, facts)


def perform(blocking: Callable[[], T], awaiting: Callable[[], Awaitable[T]]) -> Flow[T]:
    """The result of *blocking*, or of what *awaiting* makes. Its exceptions are raised here; Ctrl-C leaves as it is."""

    def kept() -> tuple[T | None, Exception | None]:
        try:
            return blocking(), None
        except Exception as problem:  # noqa: BLE001 - raised below, where the flow can handle it
            return None, problem

    async def awaited() -> tuple[T | None, Exception | None]:
        try:
            return await awaiting(), None
        except Exception as problem:  # noqa: BLE001 - the same
            return None, problem

    result, problem = yield Perform(kept, awaited)
    if problem is not None:
        raise problem
    return cast(T, result)


def intercept(
    flow: Generator[Any, Any, T], handle: Callable[[Any], Generator[Any, Any, Any] | None]
) -> Generator[Any, Any, T]:
    """The result of *flow*, with what *handle* does in place of its effects; where that is None, they pass by."""
    try:
        effect = next(flow)
        while True:
            instead = handle(effect)
            effect = flow.send((yield effect) if instead is None else (yield from instead))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()
