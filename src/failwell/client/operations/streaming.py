"""Streaming operations (SSE), written once and iterated over with `for` or `async for`."""

from __future__ import annotations

import inspect
from typing import Any, Generic, ParamSpec, Self, TypeVar, get_args, get_origin

from failwell.client.core import Core
from failwell.client.operations.base import Descriptor, Form
from failwell.client.resource import AsyncClosing, Closing, Resource
from failwell.client.transport.content_error import ContentError
from failwell.contract.error import Error
from failwell.contract.mapping import domain_exception
from failwell.contract.reporting import without_frames
from failwell.policy.flow import StreamFlow, Yield

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")


class EventStream(Closing, Generic[T]):
    """The events of a stream, for a `for`. One thread at a time may ask for the next.

    The server is asked when the first event is. The connection is closed when the stream ends or fails, by `close`, at
    the end of a `with`, and when nobody holds the stream any more, as after a `break` out of a loop over the call.
    """

    def __init__(self, core: Core, flow: StreamFlow[T]) -> None:
        self._core = core
        self._events = core.events(flow)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            return next(self._events)
        except Error as error:
            raise domain_exception(without_frames(error))
        except (ContentError, RuntimeError) as met:
            problem = self._core.plain(met)
        raise problem

    def close(self) -> None:
        """Read no more. There is no next event afterwards."""
        self._events.close()


class AsyncEventStream(AsyncClosing, Generic[T]):
    """The events of a stream, for an `async for`. One task at a time may ask for the next.

    The server is asked when the first event is. The connection is closed when the stream ends or fails, by `aclose`, at
    the end of an `async with`, and by the event loop when nobody holds the stream any more. Trio warns of the latter.
    """

    def __init__(self, core: Core, flow: StreamFlow[T]) -> None:
        self._core = core
        self._events = core.aevents(flow)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            return await anext(self._events)
        except Error as error:
            raise domain_exception(without_frames(error))
        except (ContentError, RuntimeError) as met:
            problem = self._core.plain(met)
        raise problem

    async def aclose(self) -> None:
        """Read no more. There is no next event afterwards."""
        await self._events.aclose()


class streamed(  # noqa: N801 - used as a decorator
    Descriptor[S, P, StreamFlow[T], EventStream[T], AsyncEventStream[T]], Generic[S, P, T]
):
    """Make a method that returns the flow of a stream (`core.stream(...)`) an iteration of both colours.

    `for event in Client().runs.stream("run_1")`, `async for event in AsyncClient().runs.stream("run_1")`; with `with`
    and `async with` it is closed where the block is left. `client.runs.stream.raises` is the tuple for an `except`.
    A method that asks for something first is a generator: `yield from self.core.call(...)`, then
    `yield from self.core.stream(...)`.
    """

    made = "StreamFlow"
    forms = (Form(EventStream, "EventStream[{0}]"), Form(AsyncEventStream, "AsyncEventStream[{0}]"))

    def result(self) -> Any:
        """The type of an event."""
        annotation = inspect.signature(self.author).return_annotation
        if isinstance(annotation, str):
            return super().result()
        # `StreamFlow[RunEvent]` is an alias: of what a generator yields, one is a `Yield[RunEvent]`.
        effects = get_args(next(iter(get_args(annotation)), None))
        given = (get_args(effect)[0] for effect in effects if get_origin(effect) is Yield)
        return next(given, "Any")
