"""The event hook of httpx and httpx2, in both colours, over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

from failwell import CatalogueError, evidence, maps
from failwell.adapt.httpx import raising
from failwell.wire.json import KEPT
from tests.adapt.shop import Busy, OutOfStock
from tests.servers.scripted import ScriptedServer

CONTRACT = (OutOfStock, Busy)
GONE = {"error": {"code": "out_of_stock", "message": "No unicorn is left.", "details": {"sku": "unicorn"}}}


def blocking(library: Any) -> Callable[..., Any]:
    """A client of *library* that asks once, for what is there at the end of all redirects."""

    def ask(url: str, hook: Any, **options: Any) -> Any:
        with library.Client(event_hooks={"response": [hook]}, follow_redirects=True) as client:
            return client.get(url, **options)

    return ask


def awaited(library: Any) -> Callable[..., Any]:
    """The same, awaited."""

    def ask(url: str, hook: Any, **options: Any) -> Any:
        async def once() -> Any:
            async with library.AsyncClient(event_hooks={"response": [hook]}, follow_redirects=True) as client:
                return await client.get(url, **options)

        return asyncio.run(once())

    return ask


def streamed(url: str, hook: Any, **options: Any) -> Any:
    """A response that nobody means to read at once."""
    with httpx.Client(event_hooks={"response": [hook]}, follow_redirects=True) as client:
        with client.stream("GET", url, **options) as response:
            response.read()
            return response


CLIENTS: dict[str, Callable[..., Any]] = {
    "httpx": blocking(httpx),
    "httpx2": blocking(httpx2),
    "httpx, awaited": awaited(httpx),
    "httpx2, awaited": awaited(httpx2),
    "httpx, streamed": streamed,
}


@pytest.fixture(params=CLIENTS)
def ask(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """One call by a client."""
    return CLIENTS[request.param]


def test_raised(ask: Callable[..., Any], server: ScriptedServer) -> None:
    """
    A response that is no success leaves the client as the contract's error, with its body and its request id.
    """
    server.answer(409, GONE, X_Request_ID="req_1")

    with pytest.raises(OutOfStock, match=r"^No unicorn is left\.") as caught:
        ask(server.url, raising(CONTRACT))

    assert ("unicorn", "req_1", 1) == (caught.value.sku, caught.value.request_id, len(caught.value.attempts))


def test_success(ask: Callable[..., Any], server: ScriptedServer) -> None:
    """
    A success passes, unread, and so does a redirect, which the client follows.
    """
    server.answer(302, Location="/elsewhere")

    assert {"ok": True} == ask(server.url, raising(CONTRACT)).json()
    assert 2 == len(server.seen)


def test_after_a_redirect(ask: Callable[..., Any], server: ScriptedServer) -> None:
    """
    What is at the end of a redirect is raised.
    """
    server.answer(307, Location="/elsewhere")
    server.answer(503)

    with pytest.raises(Busy):
        ask(server.url, raising(CONTRACT))


def test_bounded(ask: Callable[..., Any], server: ScriptedServer) -> None:
    """
    No more of a body is read than an error needs.
    """
    server.answer(503, b"x" * (KEPT + 3_000_000))

    with pytest.raises(Busy) as caught:
        ask(server.url, raising(CONTRACT))

    assert (True, True) == (len(caught.value.body) <= KEPT, caught.value.body.startswith(b"xxx"))


def test_operation_and_secrets(ask: Callable[..., Any], server: ScriptedServer) -> None:
    """
    A function names the operation by the request; the credentials of the request, and those that are named, are masked.
    """
    named: list[str] = []
    server.answer(503, {"error": {"message": "Bad key sk_canary_0123456789, account acct_canary_1."}})

    def operation(request: Any) -> str:
        named.append(f"{request.method} {request.url.path}")
        return "orders.list"

    with pytest.raises(Busy) as caught:
        ask(
            server.url,
            raising(CONTRACT, operation=operation, secrets=("acct_canary_1",)),
            headers={"Authorization": "Bearer sk_canary_0123456789"},
        )

    assert (["GET /"], False) == (named, "canary" in f"{caught.value}{caught.value.body!r}")


class NoSuchOrder(LookupError):  # noqa: N818 - as people name them
    """There is no such order."""


def test_mapped(ask: Callable[..., Any], server: ScriptedServer) -> None:
    """
    A domain exception that the contract maps is raised itself.
    """
    server.answer(404, {"error": {"message": "No order 7."}})

    with pytest.raises(NoSuchOrder, match="No order 7") as caught:
        ask(server.url, raising((maps(NoSuchOrder, status=404),)))

    assert evidence(caught.value) is not None


def test_connection_is_given_back(server: ScriptedServer) -> None:
    """
    After an error the client goes on.
    """
    server.answer(409, GONE)
    with httpx.Client(event_hooks={"response": [raising(CONTRACT)]}) as client:
        with pytest.raises(OutOfStock):
            client.get(server.url)

        assert 200 == client.get(server.url).status_code


@pytest.mark.parametrize(("contract", "kind"), [((), CatalogueError), (7, TypeError), ((OutOfStock, 7), TypeError)])
def test_no_contract(contract: Any, kind: type[Exception]) -> None:
    """
    What is no contract is refused where the hook is made.
    """
    with pytest.raises(kind):
        raising(contract)
