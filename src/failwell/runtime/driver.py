"""Drivers: run a flow blocking or awaiting, doing the effects that it yields."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from failwell.policy.flow import NOW, Notify, Now, Open, Perform, Random, Read, Send, Sleep, StreamFlow, Yield
from failwell.wire.messages import Failure, Outcome, Reply

if TYPE_CHECKING:
    from failwell.clock import Clock
    from failwell.runtime.transport import (
        AsyncOpener,
        AsyncResponseBody,
        AsyncTransport,
        Opener,
        ResponseBody,
        Transport,
    )

T = TypeVar("T")
B = TypeVar("B", "ResponseBody", "AsyncResponseBody")
K_co = TypeVar("K_co", covariant=True)
X_co = TypeVar("X_co", bound="Transport", covariant=True)
A_co = TypeVar("A_co", bound="AsyncTransport", covariant=True)
OnEvent = Callable[[str, dict[str, Any]], None]


class _Driver(Generic[K_co]):
    def __init__(self, transport: K_co, clock: Clock, on_event: OnEvent | None = None) -> None:
        self.transport = transport
        self.clock = clock
        self.on_event = on_event
        self._now = clock.now


class Driver(_Driver[X_co]):
    """Runs flows in this thread: sends with *transport*, waits on *clock*, tells *on_event* what they notify of."""

    def drive(self, flow: Generator[Any, Any, T]) -> T:
        """The result of *flow*."""
        transport, now = self.transport, self._now
        try:
            effect = next(flow)
            while True:
                # What every call asks for is done here; `act` would do it, too, and is a function more to call.
                if effect is NOW:
                    effect = flow.send(now())
                elif isinstance(effect, Send):
                    effect = flow.send(transport.send(effect.request, effect.timeout))
                else:
                    effect = flow.send(self.act(effect))
        except StopIteration as stop:
            result: T = stop.value
            return result
        except BaseException:
            flow.close()
            raise

    def stream(self: Driver[Opener], flow: StreamFlow[T]) -> Generator[T, None, None]:
        """What *flow* gives, one by one. What it opened is closed at the end."""
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
                    if body is not None:
                        body.close()
                    body, told = _opened(self.transport.open(effect.request, effect.timeout))
                else:
                    told = self.act(effect)
                effect = flow.send(told)
        except StopIteration:
            return
        finally:
            flow.close()
            if body is not None:
                body.close()

    def act(self, effect: Any) -> object:
        """Do *effect*; what its flow is told."""
        if isinstance(effect, Send):
            return self.transport.send(effect.request, effect.timeout)
        if isinstance(effect, Sleep):
            self.clock.sleep(effect.seconds)
            return None
        if isinstance(effect, Perform):
            return effect.blocking()
        return at_once(effect, self.clock, self.on_event)


class AsyncDriver(_Driver[A_co]):
    """Runs flows in this task, on asyncio or trio; otherwise as `Driver`."""

    async def drive(self, flow: Generator[Any, Any, T]) -> T:
        """The result of *flow*."""
        transport, now = self.transport, self._now
        try:
            effect = next(flow)
            while True:
                if effect is NOW:
                    effect = flow.send(now())
                elif isinstance(effect, Send):
                    effect = flow.send(await transport.send(effect.request, effect.timeout))
                else:
                    effect = flow.send(await self.act(effect))
        except StopIteration as stop:
            result: T = stop.value
            return result
        except BaseException:
            flow.close()
            raise

    async def stream(self: AsyncDriver[AsyncOpener], flow: StreamFlow[T]) -> AsyncGenerator[T, None]:
        """What *flow* gives, one by one. What it opened is closed at the end."""
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
                    if body is not None:
                        await body.aclose()
                    body, told = _opened(await self.transport.open(effect.request, effect.timeout))
                else:
                    told = await self.act(effect)
                effect = flow.send(told)
        except StopIteration:
            return
        finally:
            flow.close()
            if body is not None:
                await body.aclose()

    async def act(self, effect: Any) -> object:
        """Do *effect*; what its flow is told."""
        if isinstance(effect, Send):
            return await self.transport.send(effect.request, effect.timeout)
        if isinstance(effect, Sleep):
            await self.clock.asleep(effect.seconds)
            return None
        if isinstance(effect, Perform):
            return await effect.awaiting()
        return at_once(effect, self.clock, self.on_event)


def at_once(effect: Any, clock: Clock, on_event: OnEvent | None) -> float | None:
    """Do what takes no time: tell the moment, or a random number, or observers."""
    if isinstance(effect, Now):
        return clock.now()
    if isinstance(effect, Random):
        return clock.random()
    if isinstance(effect, Notify) and on_event is not None:
        on_event(effect.name, effect.facts)
    return None


def _opened(found: Outcome | B) -> tuple[B | None, Outcome]:
    """The body that *found* leaves open, if it does, and what a flow is told."""
    return (None, found) if isinstance(found, Reply | Failure) else (found, found.head)
