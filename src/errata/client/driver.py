"""Runs flows: the blocking and the awaiting half of the same loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from errata.client.transport import AsyncTransport, Transport
from errata.clock import Clock
from errata.policy.flow import Effect, Emit, Flow, Now, Random, Send, Sleep

T = TypeVar("T")
Observe = Callable[[str, dict[str, Any]], None]


def drive(flow: Flow[T], transport: Transport, clock: Clock, observe: Observe | None = None) -> T:
    """The result of *flow*, doing what it asks for in this thread."""
    try:
        effect = next(flow)
        while True:
            if isinstance(effect, Send):
                effect = flow.send(transport.send(effect.request, effect.timeout))
            elif isinstance(effect, Sleep):
                clock.sleep(effect.seconds)
                effect = flow.send(None)
            else:
                effect = flow.send(_at_once(effect, clock, observe))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


async def adrive(flow: Flow[T], transport: AsyncTransport, clock: Clock, observe: Observe | None = None) -> T:
    """The result of *flow*, doing what it asks for in this task (asyncio or trio)."""
    try:
        effect = next(flow)
        while True:
            if isinstance(effect, Send):
                effect = flow.send(await transport.send(effect.request, effect.timeout))
            elif isinstance(effect, Sleep):
                await clock.asleep(effect.seconds)
                effect = flow.send(None)
            else:
                effect = flow.send(_at_once(effect, clock, observe))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


def _at_once(effect: Effect, clock: Clock, observe: Observe | None) -> float | None:
    """What takes no time: the moment, a random number, a word to an observer."""
    if isinstance(effect, Now):
        return clock.now()
    if isinstance(effect, Random):
        return clock.random()
    if isinstance(effect, Emit) and observe is not None:
        observe(effect.name, effect.facts)
    return None
