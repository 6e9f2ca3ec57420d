"""Runs flows: the blocking and the awaiting half of the same loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.policy.flow import NOW, Effect, Flow, Notify, Now, Open, Random, Read, Send, Sleep, StreamFlow, Yield
from failwell.wire.messages import Failure, Outcome, Reply

if TYPE_CHECKING:
    from failwell.client.transport.base import (
        AsyncOpener,
        AsyncResponseBody,
        AsyncTransport,
        Opener,
        ResponseBody,
        Transport,
    )
    from failwell.clock import Clock

T = TypeVar("T")
OnEvent = Callable[[str, dict[str, Any]], None]


def drive(flow: Flow[T], transport: Transport, clock: Clock, on_event: OnEvent | None = None) -> T:
    """The result of *flow*, doing what it asks for in this thread."""
    now = clock.now
    try:
        effect = next(flow)
        while True:
            if effect is NOW:
                effect = flow.send(now())
            elif isinstance(effect, Send):
                effect = flow.send(transport.send(effect.request, effect.timeout))
            elif isinstance(effect, Sleep):
                clock.sleep(effect.seconds)
                effect = flow.send(None)
            else:
                effect = flow.send(_at_once(effect, clock, on_event))
    except StopIteration as stop:
        result: T = stop.value
        return result
    except BaseException:
        flow.close()
        raise


async def adrive(flow: Flow[T], transport: AsyncTransport, clock: Clock, on_event: OnEvent | None = None) -> T:
    """The result of *flow*, doing what it asks for in this task (asyncio or trio)."""
    now = clock.now
    try:
        effect = next(flow)
        while True:
            if effect is NOW:
                effect = flow.send(now())
            elif isinstance(effect, Send):
                effect = flow.send(await transport.send(effect.request, effect.timeout))
            elif isinstance(effect, Sleep):
                await clock.asleep(effect.seconds)
                effect = flow.send(None)
            else:
                effect = flow.send(_at_once(effect, clock, on_event))
    except StopIteration as stop:
        result: T = stop.value
        return result
    except BaseException:
        flow.close()
        raise


def stream(
    flow: StreamFlow[T], opener: Opener, clock: Clock, on_event: OnEvent | None = None
) -> Generator[T, None, None]:
    """What *flow* gives, one by one, doing what it asks for in this thread. What it opened is closed at the end."""
    body: ResponseBody | None = None
    try:
        effect = next(flow)
        while True:
            told: object = None
            if isinstance(effect, Yield):
                yield from effect.items
            elif isinstance(effect, Read):
                assert body is not None
                told = body.read(effect.timeout)
            elif isinstance(effect, Open):
                body, told = _opened(body, opener, effect)
            elif isinstance(effect, Send):
                told = opener.send(effect.request, effect.timeout)
            elif isinstance(effect, Sleep):
                clock.sleep(effect.seconds)
            else:
                told = _at_once(effect, clock, on_event)
            effect = flow.send(told)
    except StopIteration:
        return
    finally:
        flow.close()
        if body is not None:
            body.close()


async def astream(
    flow: StreamFlow[T], opener: AsyncOpener, clock: Clock, on_event: OnEvent | None = None
) -> AsyncGenerator[T, None]:
    """What *flow* gives, one by one, doing what it asks for in this task. What it opened is closed at the end."""
    body: AsyncResponseBody | None = None
    try:
        effect = next(flow)
        while True:
            told: object = None
            if isinstance(effect, Yield):
                for item in effect.items:
                    yield item
            elif isinstance(effect, Read):
                assert body is not None
                told = await body.read(effect.timeout)
            elif isinstance(effect, Open):
                body, told = await _aopened(body, opener, effect)
            elif isinstance(effect, Send):
                told = await opener.send(effect.request, effect.timeout)
            elif isinstance(effect, Sleep):
                await clock.asleep(effect.seconds)
            else:
                told = _at_once(effect, clock, on_event)
            effect = flow.send(told)
    except StopIteration:
        return
    finally:
        flow.close()
        if body is not None:
            await body.aclose()


def _opened(before: ResponseBody | None, opener: Opener, effect: Open) -> tuple[ResponseBody | None, Outcome]:
    """The body that is open now, if any, and the outcome that a flow is told; *before* is closed."""
    if before is not None:
        before.close()
    found = opener.open(effect.request, effect.timeout)
    return (None, found) if isinstance(found, Reply | Failure) else (found, found.head)


async def _aopened(
    before: AsyncResponseBody | None, opener: AsyncOpener, effect: Open
) -> tuple[AsyncResponseBody | None, Outcome]:
    if before is not None:
        await before.aclose()
    found = await opener.open(effect.request, effect.timeout)
    return (None, found) if isinstance(found, Reply | Failure) else (found, found.head)


def _at_once(effect: Effect, clock: Clock, on_event: OnEvent | None) -> float | None:
    """What takes no time: the moment, a random number, a word to an observer."""
    if isinstance(effect, Now):
        return clock.now()
    if isinstance(effect, Random):
        return clock.random()
    if isinstance(effect, Notify) and on_event is not None:
        on_event(effect.name, effect.facts)
    return None
