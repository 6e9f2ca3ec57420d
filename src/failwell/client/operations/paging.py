"""A list that comes in pages, written once and iterated over with `for` or `async for`, with the type of each."""

from __future__ import annotations

import functools
import inspect
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from failwell._support.frozen import Frozen
from failwell.client.config import configuration_problem
from failwell.client.core import Core
from failwell.client.decoders import Page
from failwell.client.operations.operation import bound, dressed, inner
from failwell.client.resource import Awaiting, Blocking, Resource
from failwell.contract.error import Error

if TYPE_CHECKING:
    from failwell.policy.flow import Flow

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Pages(Frozen, Generic[T]):
    """How a list is asked for: *fetch* takes a limit and an offset.

    *page_size* is how many rows are asked for at once, *max_total* how many are given at most (None: all).
    """

    fetch: Callable[[int, int], Flow[Page[T]]]
    page_size: int
    max_total: int | None = None


class BlockingPages(Protocol[P, T_co]):
    """A list of a blocking client."""

    raises: tuple[type[Error], ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[T_co]:
        """Iterate over its rows with `for`."""
        ...


class AwaitingPages(Protocol[P, T_co]):
    """A list of an awaiting client."""

    raises: tuple[type[Error], ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T_co]:
        """Iterate over its rows with `async for`."""
        ...


class PlainPages(Protocol[P, T_co]):
    """A list looked up on its class."""

    def __call__(self, resource: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Iterate in the colour of *resource*."""
        ...


class paged(Generic[S, P, T]):  # noqa: N801 - used as a decorator
    """Make a method that returns `Pages` an iteration of both colours.

    `for d in Client().datasets.iter()`, `async for d in AsyncClient().datasets.iter()`. A page is asked for when the
    one before is used up. After an error the next step asks for the same page again: no row is lost or given twice.
    `e.next_offset` says how many rows came before it.
    `client.datasets.iter.raises` is the tuple for an `except`.
    """

    def __init__(self, pages: Callable[Concatenate[S, P], Pages[T]]) -> None:
        self._pages = pages
        self.__doc__ = pages.__doc__

    def __set_name__(self, owner: type[Resource[Any]], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> PlainPages[P, T]: ...
    @overload
    def __get__(self, instance: Resource[Blocking], owner: type) -> BlockingPages[P, T]: ...
    @overload
    def __get__(self, instance: Resource[Awaiting], owner: type) -> AwaitingPages[P, T]: ...
    def __get__(self, instance: Resource[Any] | None, owner: type) -> Any:
        if instance is None:
            return self.plain
        return bound(self.awaiting if instance.core.awaiting else self.blocking, instance, self._name)

    @functools.cached_property
    def plain(self) -> Callable[..., Any]:
        """What the class shows: iterates in the colour of the resource it is given."""

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return getattr(resource, self._name)(*args, **kwargs)

        return self._dressed(run, "Iterator[{0}] | AsyncIterator[{0}]")

    @functools.cached_property
    def blocking(self) -> Callable[..., Any]:
        """The function of the blocking colour."""
        pages = self._pages

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return BlockingRows(resource.core, pages(resource, *args, **kwargs))

        return self._dressed(run, "Iterator[{0}]")

    @functools.cached_property
    def awaiting(self) -> Callable[..., Any]:
        """The function of the awaiting colour. It is not awaited: what it returns is iterated over."""
        pages = self._pages

        def run(resource: Any, /, *args: Any, **kwargs: Any) -> Any:
            return AwaitingRows(resource.core, pages(resource, *args, **kwargs))

        return self._dressed(run, "AsyncIterator[{0}]")

    def _dressed(self, run: Callable[..., Any], returns: str) -> Callable[..., Any]:
        row = inner(inspect.signature(self._pages).return_annotation, "Pages")
        if row in (inspect.Signature.empty, Pages):
            row = "Any"  # the author did not say
        return dressed(run, self._pages, returns.format(row if isinstance(row, str) else row.__name__))


class _Rows(Generic[T]):
    """Where an iteration stands. One task or thread at a time may ask it for the next row."""

    def __init__(self, core: Core, pages: Pages[T]) -> None:
        _check(core, "page_size", pages.page_size, 1)
        if pages.max_total is not None:
            _check(core, "max_total", pages.max_total, 0)
        self._core = core
        self._pages = pages
        self._rows: deque[T] = deque()
        self._seen = 0
        self._more = pages.max_total != 0

    def _next_page(self) -> Flow[None]:
        """Ask for the rows after those that were seen. An error leaves everything as it was."""
        pages = self._pages
        left = pages.page_size if pages.max_total is None else pages.max_total - self._seen
        try:
            page = yield from pages.fetch(min(pages.page_size, left), self._seen)
        except Error as error:
            error.next_offset = self._seen
            if self._seen:
                given = "1 row was" if self._seen == 1 else f"{self._seen} rows were"
                error.add_note(f"{given} given before. Go on with the same iterator, or from the offset {self._seen}.")
            raise
        rows = page.rows if pages.max_total is None else page.rows[:left]
        self._rows.extend(rows)
        self._seen += len(rows)
        self._more = page.has_more and self._seen != pages.max_total


class BlockingRows(_Rows[T]):
    """The rows of a list, for a `for`."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        while not self._rows:
            if not self._more:
                raise StopIteration
            self._core.run(self._next_page())
        return self._rows.popleft()


class AwaitingRows(_Rows[T]):
    """The rows of a list, for an `async for`. There is nothing to close when it is left early."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._rows:
            if not self._more:
                raise StopAsyncIteration
            await self._core.arun(self._next_page())
        return self._rows.popleft()


def _check(core: Core, name: str, value: object, least: int) -> None:
    """Raises: the vendor's configuration error, for a *value* that is no whole number from *least*."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        none = ", or None for all" if name == "max_total" else ""
        message = f"{name} is {value!r}; it must be a whole number from {least}{none}."
        raise configuration_problem(core.catalogue, message)
