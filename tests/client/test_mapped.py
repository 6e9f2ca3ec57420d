"""Domain exceptions that a catalogue maps, out of the clients of an SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

import failwell
from failwell import Catalogue, evidence, maps
from failwell.client import Core, Pages, Resource, event, json_body, operation, paged, streamed
from failwell.clock import VirtualClock
from failwell.policy import Flow, StreamFlow
from failwell.wire.envelopes import ErrorObject


class DeskError(failwell.Error):
    """Whatever goes wrong at the desk."""


class NoSuchOrder(LookupError):  # noqa: N818 - as people name them
    """There is no such order."""

    def __init__(self, order_id: int | None) -> None:
        super().__init__(f"There is no order {order_id}.")
        self.order_id = order_id


class Offline(OSError):  # noqa: N818
    """No answer came."""


class ClosedDesk(RuntimeError):  # noqa: N818 - what a driver raises of its own is one, too
    """Nobody is there."""


ERRORS = (
    maps(NoSuchOrder, status=404, fields={"order_id": int}, base=DeskError),
    maps(ClosedDesk, status=503, retry="transient", base=DeskError),
    maps(Offline, on="network", base=DeskError),
)
DESK = Catalogue("desk", base=DeskError, default=DeskError, errors=ERRORS, envelope=ErrorObject())
GONE = {"error": {"message": "Gone.", "details": {"order_id": 7}}}


class Orders(Resource[Any], name="orders"):
    """Operations of each kind."""

    @operation
    def get(self, number: int) -> Flow[Any]:
        return self.api.call("GET", f"/{number}", json_body)

    @operation
    def get_or_none(self, number: int) -> Flow[Any]:
        try:
            return (yield from self.api.call("GET", f"/{number}", json_body))
        except DeskError as error:
            return type(error).__name__

    @paged
    def iter(self) -> Pages[Any]:
        def fetch(_limit: int, _offset: int) -> Flow[Any]:
            return self.api.call("GET", "/", json_body)

        return Pages(fetch, 2)

    @streamed
    def watch(self) -> StreamFlow[Any]:
        return self.api.stream("GET", "/", event)


def answering(status: int, body: Any = None) -> Callable[[httpx2.Request], httpx2.Response]:
    """A server that always says so."""
    return lambda _request: httpx2.Response(status, json=body or {})


def refusing(_request: httpx2.Request) -> httpx2.Response:
    """One that is not there."""
    raise httpx2.ConnectError("Connection refused")


def blocking(handler: Any, use: Callable[[Orders], Any]) -> Any:
    """What comes of *use* by a client whose methods return."""
    http = httpx2.Client(transport=httpx2.MockTransport(handler))
    return use(Orders(Core(DESK, base_url="http://desk", credentials=(), http_client=http, clock=VirtualClock())))


def awaiting(handler: Any, use: Callable[[Orders], Any]) -> Any:
    """The same for one whose methods are awaited."""

    async def ask() -> Any:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(handler))
        core = Core(DESK, base_url="http://desk", credentials=(), http_client=http, clock=VirtualClock(), awaiting=True)
        found = use(Orders(core))
        if isinstance(found, AsyncIterator):
            return [each async for each in found]
        return await found

    return asyncio.run(ask())


COLOURS = [blocking, awaiting]


def all_of(found: Any) -> Any:
    """All that an iterator gives, or itself where it is awaited."""
    return found if hasattr(found, "__aiter__") else list(found)


USES: dict[str, Callable[[Orders], Any]] = {
    "call": lambda orders: orders.get(7),
    "pages": lambda orders: all_of(orders.iter()),
    "stream": lambda orders: all_of(orders.watch()),
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("use", USES)
def test_raised(use: str, colour: Callable[..., Any]) -> None:
    """
    A call, a list and a stream raise the domain exception, with its facts, and with what is known of the call.
    """
    with pytest.raises(NoSuchOrder, match="There is no order 7") as caught:
        colour(answering(404, GONE), USES[use])
    known = evidence(caught.value)

    assert known is not None
    assert (7, known, 1, "Gone.") == (caught.value.order_id, caught.value.__cause__, len(known.attempts), str(known))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("handler", "cls", "attempts"),
    [(refusing, Offline, 4), (answering(503), ClosedDesk, 4), (answering(400), DeskError, 1)],
)
def test_occasions(handler: Any, cls: type[Exception], attempts: int, colour: Callable[..., Any]) -> None:
    """
    An occasion without an answer is mapped, retries are as the mapping says, and what is not mapped is of the base.
    """
    with pytest.raises(cls) as caught:
        colour(handler, USES["call"])
    known = evidence(caught.value)

    assert known is not None
    assert (cls, attempts) == (type(caught.value), len(known.attempts))


@pytest.mark.parametrize("colour", COLOURS)
def test_inside_of_an_operation(colour: Callable[..., Any]) -> None:
    """
    The author of an operation, who goes by the contract, meets the contract's class.
    """
    assert "NoSuchOrder" == colour(answering(404, GONE), lambda orders: orders.get_or_none(7))


def test_batch() -> None:
    """
    A batch collects the contract's class, by which it knows what to do, and goes on.
    """

    def both(orders: Orders) -> Any:
        batch: Any = failwell.batch(orders.get, [1, 2])
        return batch.raise_on_failures()

    with pytest.raises(failwell.BatchError) as caught:
        blocking(answering(404, GONE), both)

    assert [ERRORS[0]] * 2 == [type(failure) for failure in caught.value.failures.values()]
