"""The sentences of a vendor's page, each with the check that holds it."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from failwell.clock import Clock

if TYPE_CHECKING:
    from failwell.client.keyed import AwaitingClient, BlockingClient
    from failwell.conformance.agreement import Agreement
    from failwell.conformance.bench import Bench
    from failwell.conformance.faults.calls import Calls

Colour = Literal["blocking", "awaiting"]
COLOURS: tuple[Colour, ...] = ("blocking", "awaiting")


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
class Promise:
    """One sentence or row of the page, under its heading, and the function that tries it.

    *lines* are where the page says so: the first and the last of each sentence, row or snippet, counted from 1; of
    several between the same lines, also which it is. What the page does not say, and every reader expects, has none.
    """

    section: str
    sentence: str
    check: Callable[[Bench], None]
    lines: tuple[tuple[int, ...], ...] = ()

    @property
    def name(self) -> str:
        """The name of the check, as reports give it."""
        return self.check.__name__.strip("_")


class Promises:
    """All promises of one page, in its order.

    *agreement* has those that an SDK made with Failwell keeps beside the page: one for each case of its contract.
    *calls* are the two that meet every fault.
    """

    def __init__(self, adapter: Adapter, agreement: Agreement | None = None, calls: Calls | None = None) -> None:
        self.adapter = adapter
        self.agreement = agreement
        self.calls = calls
        self._promises: list[Promise] = []

    def __call__(
        self, section: str, sentence: str, *lines: int | tuple[int, ...]
    ) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
        """Decorate a check with the *sentence* it holds, its *section*, and the *lines* of the page it stands on."""
        places = tuple((line, line) if isinstance(line, int) else line for line in lines)

        def keep(check: Callable[[Bench], None]) -> Callable[[Bench], None]:
            self._promises.append(Promise(section, sentence, check, places))
            return check

        return keep

    def through(self, adapter: Adapter) -> Promises:
        """The promises of the page, of the SDK of another *adapter*, which may know nothing of cases."""
        others = Promises(adapter, calls=self.calls)
        others._promises = list(self._promises)
        return others

    def __iter__(self) -> Iterator[Promise]:
        return iter(self._promises)

    def __len__(self) -> int:
        return len(self._promises)


@dataclass(frozen=True, slots=True)
class ClassAdapter:
    """The adapter of an SDK with a client class per colour that takes `base_url`, `api_key` and `clock`."""

    clients: Mapping[Colour, Callable[..., Any]]
    errors: Mapping[str, type[BaseException]]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, blocking: type[BlockingClient], awaiting: type[AwaitingClient], **functions: Callable[..., Any]
    ) -> ClassAdapter:
        """The adapter of an SDK made with Failwell, with all errors of its catalogue, and *functions* of the page."""
        errors = {error.__name__: error for error in blocking.service.catalogue.errors}
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


Errors = tuple[type[BaseException], ...]


def repeated(action: Callable[[Any], Any], times: int, *, ignoring: Errors = ()) -> Callable[[Any], Any]:
    """*action* so many *times* on one client, or until it raises what is not to be ignored; it serves both colours."""

    def run(client: Any) -> Any:
        for done in range(times):
            with contextlib.suppress(*ignoring):
                value = action(client)
                if inspect.isawaitable(value):
                    return _repeated(value, action, client, times - done - 1, ignoring)
        return None

    return run


async def _repeated(
    first: Awaitable[Any], action: Callable[[Any], Any], client: Any, more: int, ignoring: Errors
) -> None:
    with contextlib.suppress(*ignoring):
        await first
    for _ in range(more):
        with contextlib.suppress(*ignoring):
            await action(client)


def events_of(stream: Any) -> Any:
    """All events of a *stream* as a list, to be awaited where the stream is awaited: one action serves both colours."""
    return _all(stream) if hasattr(stream, "__aiter__") else list(stream)


async def _all(stream: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in stream]
