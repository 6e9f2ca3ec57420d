"""Pagination: a list in pages, written once and iterated over with `for` or `async for`."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar

from failwell.client.api import Pages
from failwell.client.core import Core
from failwell.client.operations.base import Descriptor, Form
from failwell.client.resource import Resource
from failwell.contract.construction import configuration_problem
from failwell.contract.error import Error

if TYPE_CHECKING:
    from failwell.policy.flow import Flow

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")


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


class paged(Descriptor[S, P, Pages[T], Iterator[T], AsyncIterator[T]], Generic[S, P, T]):  # noqa: N801 - a decorator
    """Make a method that returns `Pages` an iteration of both colours.

    `for d in Client().datasets.iter()`, `async for d in AsyncClient().datasets.iter()`. A page is asked for when the
    one before is used up. After an error the next step asks for the same page again: no row is lost or given twice.
    `e.next_offset` says how many rows came before it.
    `client.datasets.iter.raises` is the tuple for an `except`.
    """

    made = "Pages"
    forms = (Form(BlockingRows, "Iterator[{0}]"), Form(AwaitingRows, "AsyncIterator[{0}]"))

    def result(self) -> Any:
        """The type of a row."""
        row = super().result()
        return "Any" if row is Pages else row  # the author did not say
