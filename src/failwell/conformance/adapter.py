"""How a check calls an SDK: its classes, its colours, its events."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from failwell.clock import Clock

if TYPE_CHECKING:
    from failwell.client.clients import ApiKeyClient
    from failwell.client.resource import Awaiting, Blocking

Colour = Literal["blocking", "awaiting"]
COLOURS: tuple[Colour, ...] = ("blocking", "awaiting")


Clients: TypeAlias = "tuple[type[ApiKeyClient[Blocking]], type[ApiKeyClient[Awaiting]]]"
"""The two clients of an SDK made with Failwell."""


class Adapter(Protocol):
    """How the SDK under test is built. Write one to check an SDK that is not made with Failwell."""

    def client(self, colour: Colour, *, base_url: str, api_key: str, clock: Clock, **settings: Any) -> Any:
        """A client of *colour*; it waits on *clock* where the SDK can."""
        ...

    def error(self, name: str) -> type[BaseException]:
        """The SDK's exception class of that name."""
        ...

    def function(self, name: str) -> Callable[..., Any]:
        """The SDK's function of that name, beside the methods of its client."""
        ...


@dataclass(frozen=True, slots=True)
class ClassAdapter:
    """The adapter of an SDK with a client class per colour that takes `base_url`, `api_key` and `clock`."""

    clients: Mapping[Colour, Callable[..., Any]]
    errors: Mapping[str, type[BaseException]]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        blocking: type[ApiKeyClient[Blocking]],
        awaiting: type[ApiKeyClient[Awaiting]],
        **functions: Callable[..., Any],
    ) -> ClassAdapter:
        """The adapter of an SDK made with Failwell, with all errors of its catalogue, and *functions* of the page."""
        errors = {error.__name__: error for error in blocking.contract().errors}
        return cls({"blocking": blocking, "awaiting": awaiting}, errors, functions)

    def client(self, colour: Colour, *, base_url: str, api_key: str, clock: Clock, **settings: Any) -> Any:
        """A client of *colour*."""
        return self.clients[colour](api_key=api_key, base_url=base_url, clock=clock, **settings)

    def error(self, name: str) -> type[BaseException]:
        """The exception class of that name."""
        return self.errors[name]

    def function(self, name: str) -> Callable[..., Any]:
        """The function of that name."""
        return self.functions[name]


async def settled(value: Any) -> Any:
    """*value*, awaited if it can be: one action serves both colours."""
    return await value if inspect.isawaitable(value) else value


def events_of(stream: Any) -> Any:
    """All events of a *stream* as a list, to be awaited where the stream is awaited: one action serves both colours."""
    return _all(stream) if hasattr(stream, "__aiter__") else list(stream)


async def _all(stream: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in stream]
