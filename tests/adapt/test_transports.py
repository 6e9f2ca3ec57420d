from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from failwell.adapt.aiohttp import middleware
from failwell.adapt.httpx import AsyncTransport, Transport
from failwell.adapt.requests import Adapter
from failwell.clock import VirtualClock
from tests.adapt.scripted_server import ScriptedServer
from tests.adapt.shop import Busy, OutOfStock
from tests.adapt.test_calling import keyed_contract

CONTRACT = (OutOfStock, Busy)
GONE = {"error": {"code": "out_of_stock", "message": "No unicorn is left.", "details": {"sku": "unicorn"}}}


def by_httpx(contract: Any, method: str, url: str, **options: Any) -> int:
    """A client of httpx over the transport."""
    below: Any = Transport(contract, httpx.HTTPTransport(), **options)
    with httpx.Client(transport=below) as client:
        return client.request(method, url, content=b"body").status_code


def by_httpx2(contract: Any, method: str, url: str, **options: Any) -> int:
    """The same of httpx2."""
    below: Any = Transport(contract, httpx2.HTTPTransport(), **options)
    with httpx2.Client(transport=below) as client:
        return client.request(method, url, content=b"body").status_code


def by_async_httpx(contract: Any, method: str, url: str, **options: Any) -> int:
    """The same, awaited."""

    async def ask() -> int:
        below: Any = AsyncTransport(contract, httpx.AsyncHTTPTransport(), **options)
        async with httpx.AsyncClient(transport=below) as client:
            return (await client.request(method, url, content=b"body")).status_code

    return asyncio.run(ask())


def by_requests(contract: Any, method: str, url: str, **options: Any) -> int:
    """A session of requests with the adapter."""
    with requests.Session() as session:
        session.mount("http://", Adapter(contract, **options))
        return session.request(method, url, data=b"body", timeout=5).status_code


def by_aiohttp(contract: Any, method: str, url: str, **options: Any) -> int:
    """A session of aiohttp with the middleware."""

    async def ask() -> int:
        async with aiohttp.ClientSession(middlewares=(middleware(contract, **options),)) as session:
            async with session.request(method, url, data=b"body") as response:
                return response.status

    return asyncio.run(ask())


CLIENTS: dict[str, Callable[..., int]] = {
    "httpx": by_httpx,
    "httpx2": by_httpx2,
    "httpx, awaited": by_async_httpx,
    "requests": by_requests,
    "aiohttp": by_aiohttp,
}


@pytest.mark.parametrize("client", CLIENTS)
def test_retried(client: str, server: ScriptedServer) -> None:
    """
    A client whose transport it is sends again what the contract calls transient, with one key, after the same waits.
    """
    clock = VirtualClock()
    server.answer(503)
    server.answer(503, Retry_After="7")

    assert 200 == CLIENTS[client](keyed_contract(), "POST", server.url, clock=clock)

    assert (3, 7.0) == (len(server.seen), clock.waits()[-1])
    assert 1 == len({headers["idempotency-key"] for headers in server.seen})
    assert ["4"] * 3 == [headers["content-length"] for headers in server.seen]


@pytest.mark.parametrize("client", CLIENTS)
def test_raised(client: str, server: ScriptedServer) -> None:
    """
    An error of the contract leaves the client.
    """
    server.answer(409, GONE)

    with pytest.raises(OutOfStock, match=r"^No unicorn is left\.") as caught:
        CLIENTS[client](CONTRACT, "GET", server.url)

    assert "unicorn" == caught.value.sku


@pytest.mark.parametrize("client", CLIENTS)
def test_given_back(client: str, server: ScriptedServer) -> None:
    """
    With `raises=False` a client that has errors of its own gets the last response, after the retries.
    """
    clock = VirtualClock()
    for _ in range(4):
        server.answer(503)

    assert 503 == CLIENTS[client](CONTRACT, "GET", server.url, clock=clock, raises=False)
    assert (4, 3) == (len(server.seen), len(clock.waits()))


@pytest.mark.parametrize("client", CLIENTS)
def test_too_long_to_wait_for(client: str, server: ScriptedServer) -> None:
    """
    A Retry-After of an hour ends the call at once.
    """
    clock = VirtualClock()
    server.answer(503, Retry_After="3600")

    with pytest.raises(Busy) as caught:
        CLIENTS[client](CONTRACT, "GET", server.url, clock=clock)

    assert (3600, []) == (caught.value.retry_after, clock.waits())


@pytest.mark.parametrize("client", CLIENTS)
def test_operation(client: str, server: ScriptedServer) -> None:
    """
    A function names the operation by the request.
    """
    heard: list[Any] = []
    server.answer(503)

    CLIENTS[client](
        CONTRACT,
        "GET",
        server.url,
        clock=VirtualClock(),
        operation=lambda request: f"{request.method.lower()}.orders",
        on_event=lambda _name, facts: heard.append(facts["operation"]),
    )

    assert ["get.orders"] == heard
