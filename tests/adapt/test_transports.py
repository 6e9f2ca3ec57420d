from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

import failwell
from failwell import Catalogue, Header
from failwell.adapt.aiohttp import middleware
from failwell.adapt.httpx import AsyncTransport, Transport
from failwell.adapt.requests import Adapter
from failwell.clock import VirtualClock
from failwell.wire.envelopes import AnyShape
from tests.adapt.shop import Busy, OutOfStock
from tests.adapt.test_calling import keyed_contract
from tests.servers.scripted import ScriptedServer

CONTRACT = (OutOfStock, Busy)
GONE = {"error": {"code": "out_of_stock", "message": "No unicorn is left.", "details": {"sku": "unicorn"}}}


def by_httpx(contract: Any, method: str, url: str, **options: Any) -> int:
    """A client of httpx over the transport."""
    below = Transport(contract, httpx.HTTPTransport(), **options)
    with httpx.Client(transport=below) as client:
        return client.request(method, url, content=b"body").status_code


def by_httpx2(contract: Any, method: str, url: str, **options: Any) -> int:
    """The same of httpx2."""
    below = Transport(contract, httpx2.HTTPTransport(), **options)
    with httpx2.Client(transport=below) as client:
        return client.request(method, url, content=b"body").status_code


def by_async_httpx(contract: Any, method: str, url: str, **options: Any) -> int:
    """The same, awaited."""

    async def ask() -> int:
        below = AsyncTransport(contract, httpx.AsyncHTTPTransport(), **options)
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


class LimitedError(failwell.Error, status=429, retry="throttled"):
    """Too many calls."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


def of_openai(http_client: Any, url: str) -> Any:
    """A call by OpenAI's published client, whose own retries are off."""
    import openai  # takes a second

    return openai.OpenAI(api_key="sk-x", base_url=url, http_client=http_client, max_retries=0).models.list()


def of_anthropic(http_client: Any, url: str) -> Any:
    """The same by Anthropic's."""
    import anthropic  # the same

    client = anthropic.Anthropic(api_key="sk-x", base_url=url, http_client=http_client, max_retries=0)
    return client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "Hello"}])


@pytest.mark.slow
@pytest.mark.parametrize("call", [of_openai, of_anthropic])
def test_published_clients(call: Callable[[Any, str], Any], server: ScriptedServer) -> None:
    """
    Under a vendor's published client there is one retry layer, with one key, and an hour's Retry-After ends the call.
    """
    clock = VirtualClock()
    contract = Catalogue(
        "any",
        base=failwell.Error,
        default=failwell.Error,
        errors=(LimitedError, Busy),
        envelope=AnyShape(),
        idempotency="server",
    )
    below = Transport(contract, httpx2.HTTPTransport(), clock=clock, raises=False)
    with httpx2.Client(transport=below) as http_client:
        server.answer(429, {"error": {"message": "Slow down"}}, Retry_After="2")
        server.answer(503)
        call(http_client, server.url)
        sent, waits = len(server.seen), clock.waits()
        server.answer(429, {"error": {"message": "Slow down"}}, Retry_After="3600")
        with pytest.raises(Exception, match="429") as caught:
            call(http_client, server.url)

    assert (3, 2.0, 2) == (sent, waits[0], len(waits))
    assert 1 == len({headers.get("idempotency-key") for headers in server.seen[:3]})
    assert ("RateLimitError", 4, waits) == (type(caught.value).__name__, len(server.seen), clock.waits())
