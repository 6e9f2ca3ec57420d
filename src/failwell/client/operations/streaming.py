"""A stream of events, written once and iterated over with `for` or `async for`, with the type of each."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, get_args, overload

from failwell.client.core import Core
from failwell.client.operations.operation import bound, dressed, inner
from failwell.client.resource import Awaiting, Blocking, NeedsAsyncWith, NeedsWith, Resource
from failwell.client.transport.failures import ContentError, show_context
from failwell.contract.error import Error
from failwell.policy.flow import Yield

if TYPE_CHECKING:
    from failwell.policy.flow import StreamFlow

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")


class EventStream(NeedsWith, Generic[T]):
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
            # The frames of drivers and generators tell a caller nothing.
            show_context(error)
            raise error.with_traceback(None)
        except (ContentError, RuntimeError) as met:
            problem = self._core.plain(met)
        raise problem

    def close(self) -> None:
        """Read no more. There is no next event afterwards."""
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncEventStream(NeedsAsyncWith, Generic[T]):
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
            show_context(error)
            raise error.with_traceback(None)
        except (ContentError, RuntimeError) as met:
            problem = self._core.plain(met)
        raise problem

    async def aclose(self) -> None:
        """Read no more. There is no next event afterwards."""
        await self._events.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


class BlockingStreams(Protocol[P, T]):
    """A stream of a blocking client."""

    raises: tuple[type[Error], ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> EventStream[T]:
        """Iterate over its events with `for`."""
        ...


class AwaitingStreams(Protocol[P, T]):
    """A stream of an awaiting client."""

    raises: tuple[type[Error], ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncEventStream[T]:
        """Iterate over its events with `async for`."""
        ...


class PlainStreams(Protocol[P, T]):
    """A stream looked up on its class."""

    @property
    def flow(self) -> Callable[Concatenate[Any, P], StreamFlow[T]]:
        """The generator."""
        ...

    def __call__(self, resource: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Iterate in the colour of *resource*."""
        ...


class streamed(Generic[S, P, T]):  # noqa: N801 - used as a decorator
    """Make a method that returns the flow of a stream (`core.stream(...)`) an iteration of both colours.

    `for event in Client().runs.stream("run_1")`, `async for event in AsyncClient().runs.stream("run_1")`; with `with`
    and `async with` it is closed where the block is left. `client.runs.stream.raises` is the tuple for an `except`.
    A method that asks for something first is a generator: `yield from self.core.call(...)`, then
    `yield from self.core.stream(...)`.
    """

    def __init__(self, flow: Callable[Concatenate[S, P], StreamFlow[T]]) -> None:
        self._flow = flow
        self.__doc__ = flow.__doc__

    def __set_name__(self, owner: type[Resource[Any]], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> PlainStreams[P, T]: ...
    @overload
    def __get__(self, instance: Resource[Blocking], owner: type) -> BlockingStreams[P, T]: ...
    @overload
    def __get__(self, instance: Resource[Awaiting], owner: type) -> AwaitingStreams[P, T]: ...
    def __get__(self, instance: Resource[Any] | None, owner: type) -> Any:
        if instance is None:
            return self.plain
        return bound(self.awaiting if instance.core.awaiting else self.blocking, instance, self._name)

    @functools.cached_property
    def plain(self) -> Callable[..., Any]:
        """What the class shows: iterates in the colour of the resource it is given."""

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return getattr(resource, self._name)(*args, **kwargs)

        return self._dressed(run, "EventStream[{0}] | AsyncEventStream[{0}]")

    @functools.cached_property
    def blocking(self) -> Callable[..., Any]:
        """The function of the blocking colour."""
        flow = self._flow

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return EventStream(resource.core, flow(resource, *args, **kwargs))

        return self._dressed(run, "EventStream[{0}]")

    @functools.cached_property
    def awaiting(self) -> Callable[..., Any]:
        """The function of the awaiting colour. It is not awaited: what it returns is iterated over."""
        flow = self._flow

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return AsyncEventStream(resource.core, flow(resource, *args, **kwargs))

        return self._dressed(run, "AsyncEventStream[{0}]")

    def _dressed(self, run: Callable[..., Any], returns: str) -> Callable[..., Any]:
        return dressed(run, self._flow, returns.format(_event_of(self._flow)))


def _event_of(flow: Callable[..., Any]) -> str:
    """The author writes `StreamFlow[RunEvent]`: the name of what is given."""
    annotation = inspect.signature(flow).return_annotation
    if not get_args(annotation) and not isinstance(annotation, str):
        return "Any"  # the author did not say
    if not isinstance(annotation, str):
        effects = get_args(get_args(annotation)[0])
        annotation = next(get_args(effect)[0] for effect in effects if getattr(effect, "__origin__", None) is Yield)
        return annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return str(inner(annotation, "StreamFlow"))
