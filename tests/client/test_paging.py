from __future__ import annotations

import inspect
import pickle
import pydoc
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, TypeVar
from unittest.mock import create_autospec

import httpx2
import pytest
from pydantic import BaseModel

from failwell.client import Awaiting, Blocking, Page, Pages, Resource, model_page, paged
from failwell.policy import Flow
from pictograph import AsyncClient, Client
from pictograph.exceptions import CATALOGUE, ApiError, ConfigurationError, ServerError
from pictograph.resources.datasets import Datasets
from tests.servers.sockets import http, serving

from .colours import KEY, every_colour, raised, read, run_in
from .probe import core

C = TypeVar("C", Blocking, Awaiting)


class Row(BaseModel):
    """A row of a list."""

    id: int


class Rows(Resource[C], name="rows"):
    """A list of rows."""

    @paged
    def iter(self, *, page_size: int = 10, max_total: int | None = None) -> Pages[Row]:
        """Iterate over the rows."""

        def fetch(limit: int, offset: int) -> Flow[Page[Row]]:
            return self.core.call(
                "rows.iter", "GET", "/rows", model_page(Row), params={"limit": limit, "offset": offset}
            )

        return Pages(fetch, page_size, max_total)


class Table:
    """A backend with *total* rows, that gives at most *cap* at once; *trouble* may answer a request in its place."""

    def __init__(self, total: int, *, cap: int = 1000, trouble: Callable[[int], httpx2.Response | None] | None = None):
        self.total = total
        self.cap = cap
        self.trouble = trouble
        self.asked: list[tuple[int, int]] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        limit, offset = int(request.url.params["limit"]), int(request.url.params["offset"])
        self.asked.append((limit, offset))
        answered = self.trouble(len(self.asked)) if self.trouble is not None else None
        if answered is not None:
            return answered
        end = min(offset + min(limit, self.cap), self.total)
        rows = [{"id": number} for number in range(offset, end)]
        return httpx2.Response(200, json={"data": rows, "pagination": {"has_more": end < self.total}})

    async def awaited(self, request: httpx2.Request) -> httpx2.Response:
        return self.answer(request)

    def rows(self, colour: str) -> Any:
        """The list, on a client of *colour*."""
        http: Any
        if colour == "blocking":
            http = httpx2.Client(transport=httpx2.MockTransport(self.answer))
        else:
            http = httpx2.AsyncClient(transport=httpx2.MockTransport(self.awaited))
        return Rows(core("http://rows.test", awaiting=colour != "blocking", http_client=http, max_retries=0))

    def ids(self, colour: str, *, first: int | None = None, **settings: Any) -> list[int]:
        """The ids of the rows (of the *first* so many) as a caller gets them."""
        return [row.id for row in gathered(colour, self.rows(colour).iter(**settings), first=first)]


def gathered(colour: str, iterator: Any, *, first: int | None = None) -> list[Any]:
    """What an iteration gives, or its *first* so many."""
    found: list[Any] = []

    def enough(row: Any) -> bool:
        found.append(row)
        return len(found) == first

    if colour == "blocking":
        for row in iterator:
            if enough(row):
                break
        return found

    async def gather() -> None:
        async for row in iterator:
            if enough(row):
                break

    run_in(colour, gather)
    return found


def say(body: Any, status: int = 200) -> Callable[[int], httpx2.Response]:
    """Answer every request with *body*."""
    return lambda _number: httpx2.Response(status, json=body)


@every_colour
@pytest.mark.parametrize(
    ("total", "asked"),
    [
        (0, [(10, 0)]),
        (1, [(10, 0)]),
        (10, [(10, 0)]),
        (11, [(10, 0), (10, 10)]),
        (25, [(10, 0), (10, 10), (10, 20)]),
    ],
)
def test_all_pages(total: int, asked: list[tuple[int, int]], colour: str) -> None:
    """
    Every row comes, once and in order, and no page is asked for after the one that says it is the last.
    """
    table = Table(total)

    assert list(range(total)) == table.ids(colour)
    assert asked == table.asked


@every_colour
@pytest.mark.parametrize(
    ("most", "asked"),
    [(0, []), (1, [(1, 0)]), (10, [(10, 0)]), (12, [(10, 0), (2, 10)]), (99, [(10, 0), (10, 10), (10, 20)])],
)
def test_at_most(most: int, asked: list[tuple[int, int]], colour: str) -> None:
    """
    With max_total no more than that many rows are given, and none is asked for in vain.
    """
    table = Table(25)

    assert list(range(min(most, 25))) == table.ids(colour, max_total=most)
    assert asked == table.asked


@every_colour
def test_pages_that_are_shorter_than_asked(colour: str) -> None:
    """
    A backend that gives less at once than was asked for leaves no gap.
    """
    table = Table(10, cap=4)

    assert list(range(10)) == table.ids(colour, page_size=100)
    assert [(100, 0), (100, 4), (100, 8)] == table.asked


@every_colour
def test_pages_that_are_longer_than_asked(colour: str) -> None:
    """
    A backend that gives more than was asked for cannot make it more than max_total.
    """
    table = Table(0, trouble=say({"data": [{"id": n} for n in range(9)], "pagination": {"has_more": True}}))

    assert [0, 1, 2, 3] == table.ids(colour, max_total=4)


@every_colour
def test_lazy(colour: str) -> None:
    """
    Nothing is asked for before the first row is wanted, and the second page not before the first is used up.
    """
    table = Table(30)
    table.rows(colour).iter()
    assert [] == table.asked

    table.ids(colour, first=10)
    assert [(10, 0)] == table.asked
    table.ids(colour, first=11)
    assert [(10, 0), (10, 0), (10, 10)] == table.asked


@every_colour
def test_error_on_a_later_page(colour: str) -> None:
    """
    An error on page 3 is raised after the rows of pages 1 and 2; the next step asks for page 3 again.
    """
    down = httpx2.Response(500, json={"detail": "down"})
    table = Table(25, trouble=lambda number: down if number == 3 else None)
    iterator = table.rows(colour).iter()

    assert list(range(20)) == [row.id for row in gathered(colour, iterator, first=20)]
    with pytest.raises(ServerError, match="down"):
        gathered(colour, iterator)
    assert list(range(20, 25)) == [row.id for row in gathered(colour, iterator)]
    assert [(10, 0), (10, 10), (10, 20), (10, 20)] == table.asked


@every_colour
@pytest.mark.parametrize(
    ("page", "given", "note"),
    [
        (1, 0, None),
        (2, 1, "1 row was given before. Go on with the same iterator, or from the offset 1."),
        (3, 2, "2 rows were given before. Go on with the same iterator, or from the offset 2."),
    ],
)
def test_what_came_before_an_error(page: int, given: int, note: str | None, colour: str) -> None:
    """
    An error on a later page tells how many rows were given before it, and where to go on.
    """
    down = httpx2.Response(500, json={"detail": "down"})
    table = Table(5, trouble=lambda number: down if number == page else None)
    with pytest.raises(ServerError) as caught:
        table.ids(colour, page_size=1)

    assert given == caught.value.next_offset
    assert ([] if note is None else [note]) == [one for one in caught.value.__notes__ if "given" in one]
    assert given == pickle.loads(pickle.dumps(caught.value)).next_offset  # noqa: S301 - our own


@every_colour
def test_an_error_without_pages(colour: str) -> None:
    """
    An error of any other call knows of no rows.
    """
    with serving(http(500)) as server:
        assert None is raised(colour, read, base_url=server.url).next_offset


@every_colour
def test_it_stays_at_its_end(colour: str) -> None:
    """
    An iteration that has ended asks for nothing more.
    """
    table = Table(3)
    iterator = table.rows(colour).iter()

    assert (3, 0) == (len(gathered(colour, iterator)), len(gathered(colour, iterator)))
    assert 1 == len(table.asked)


@every_colour
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"data": [], "pagination": {"has_more": True}}, "'data' has no rows, and yet there are said to be more"),
        ({"data": []}, "without the key 'pagination'"),
        ({"data": [], "pagination": {}}, "without the key 'has_more'"),
        ({"data": [], "pagination": {"has_more": "no"}}, "'pagination.has_more' is a string, expected a boolean"),
        ({"data": {}, "pagination": {"has_more": False}}, "'data' is an object, expected a list"),
        ({"data": [{"id": "x"}], "pagination": {"has_more": False}}, "id does not fit"),
        ([], "a list without the key 'data'"),
    ],
)
def test_pages_that_cannot_be_read(body: Any, said: str, colour: str) -> None:
    """
    A page that would let the iteration go on for ever, or that is none, is the catch-all error with all evidence.
    """
    with pytest.raises(ApiError) as caught:
        Table(0, trouble=say(body)).ids(colour)

    assert (200, True, 1) == (caught.value.status_code, said in str(caught.value), len(caught.value.attempts))


@every_colour
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"page_size": 0}, "page_size is 0; it must be a whole number from 1."),
        ({"page_size": -1}, "page_size is -1; it must be a whole number from 1."),
        ({"page_size": True}, "page_size is True; it must be a whole number from 1."),
        ({"page_size": 1.5}, "page_size is 1.5; it must be a whole number from 1."),
        ({"page_size": None}, "page_size is None; it must be a whole number from 1."),
        ({"max_total": -1}, "max_total is -1; it must be a whole number from 0, or None for all."),
        ({"max_total": "5"}, "max_total is '5'; it must be a whole number from 0, or None for all."),
    ],
)
def test_numbers_that_make_no_sense(settings: dict[str, Any], said: str, colour: str) -> None:
    """
    A page size or a maximum that makes no sense is refused when the iteration is made, not at its first row.
    """
    table = Table(5)
    with pytest.raises(ConfigurationError) as caught:
        table.rows(colour).iter(**settings)

    assert (said, []) == (str(caught.value), table.asked)


@every_colour
def test_two_iterations(colour: str) -> None:
    """
    Two iterations of one list know nothing of each other.
    """
    rows = Table(12).rows(colour)
    one, other = rows.iter(), rows.iter()

    assert [0, 1] == [row.id for row in gathered(colour, one, first=2)]
    assert 12 == len(gathered(colour, other))
    assert 10 == len(gathered(colour, one))


def test_on_the_class() -> None:
    """
    On the class a list is a plain function, which iterates in the colour of the resource it is given.
    """
    function: Any = Rows.iter
    rows = Table(2).rows("blocking")

    assert FunctionType is type(function)
    assert Rows.iter is function
    assert [0, 1] == [row.id for row in Rows.iter(rows)]


def test_on_an_instance() -> None:
    """
    On an instance it is a bound method, neither awaited nor a generator function in either colour.
    """
    for colour in ("blocking", "asyncio"):
        rows = Table(2).rows(colour)
        assert (MethodType, rows) == (type(rows.iter), rows.iter.__self__)
        assert rows.iter == rows.iter
        assert not inspect.iscoroutinefunction(rows.iter)
        assert not inspect.isgeneratorfunction(rows.iter)


def test_names_and_docstrings() -> None:
    """
    It has the name, the place and the docstring that its author wrote.
    """
    for method in (Rows.iter, Table(0).rows("blocking").iter, Table(0).rows("asyncio").iter):
        told: Any = method
        assert ("iter", "Rows.iter", "Iterate over the rows.", __name__) == (
            told.__name__,
            told.__qualname__,
            told.__doc__,
            told.__module__,
        )


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        (
            Client(KEY).datasets.iter,
            "(*, page_size: 'int' = 100, max_total: 'int | None' = None) -> 'Iterator[Dataset]'",
        ),
        (
            AsyncClient(KEY).datasets.iter,
            "(*, page_size: 'int' = 100, max_total: 'int | None' = None) -> 'AsyncIterator[Dataset]'",
        ),
        (
            Datasets.iter,
            (
                "(self, *, page_size: 'int' = 100, max_total: 'int | None' = None) -> "
                "'Iterator[Dataset] | AsyncIterator[Dataset]'"
            ),
        ),
    ],
)
def test_signature(method: Any, signature: str) -> None:
    """
    The signature has the arguments, their defaults, and what is iterated over in this colour.
    """
    assert signature == str(inspect.signature(method))
    assert signature.rpartition("-> ")[2].strip("'") == method.__annotations__["return"]


def test_help() -> None:
    """
    `help()` shows name, signature and docstring.
    """
    shown = pydoc.plain(pydoc.render_doc(Client(KEY).datasets.iter))

    assert "page_size: 'int' = 100" in shown
    assert "Iterator[Dataset]" in shown
    assert "Iterate over the datasets" in shown
    assert "max_total" in pydoc.plain(pydoc.render_doc(Datasets))


def test_raises() -> None:
    """
    `.raises` is the tuple of a list's errors.
    """
    for client in (Client(KEY), AsyncClient(KEY)):
        assert CATALOGUE.raises("images.iter") == client.images.iter.raises


def test_wrong_arguments() -> None:
    """
    Wrong arguments are a TypeError that names the method, before anything is sent.
    """
    for colour in ("blocking", "asyncio"):
        with pytest.raises(TypeError, match=r"iter\(\) got an unexpected keyword argument 'limit'"):
            Table(2).rows(colour).iter(limit=1)


def test_pickling_of_bound_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The bound method of a client pickles, without its key.
    """
    monkeypatch.setenv("PICTOGRAPH_API_KEY", "pk_other")
    written = pickle.dumps(Client(KEY).datasets.iter)

    assert KEY.encode() not in written
    assert "iter" == pickle.loads(written).__name__  # noqa: S301 - our own bytes


def test_autospec() -> None:
    """
    `create_autospec` keeps the signature in both colours, and what is returned may be iterated over.
    """
    blocking = create_autospec(Client(KEY).datasets, instance=True)
    blocking.iter.return_value = iter(["ds"])
    awaiting = create_autospec(AsyncClient(KEY).datasets, instance=True)
    awaiting.iter.return_value.__aiter__.return_value = ["ds"]

    assert ["ds"] == list(blocking.iter(page_size=5))
    assert ["ds"] == gathered("asyncio", awaiting.iter(page_size=5))
    for mock in (blocking, awaiting):
        with pytest.raises(TypeError):
            mock.iter(limit=5)


def test_closed_client() -> None:
    """
    The rows that have come are given out when the client is closed meanwhile; then it is said.
    """
    table = Table(12)
    rows = table.rows("blocking")
    iterator = rows.iter()
    next(iterator)
    rows.core._transport._client.close()

    assert list(range(1, 10)) == [row.id for row in gathered("blocking", iterator, first=9)]
    with pytest.raises(ConfigurationError, match="The client is closed"):
        next(iterator)
    assert [(10, 0)] == table.asked
