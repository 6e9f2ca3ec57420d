"""Mistakes that somebody makes who adopts a contract: each is told, or does what was meant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import requests

import failwell
from failwell import CatalogueError, OutgoingAttempt
from tests.adapt.shop import Busy, OutOfStock
from tests.servers.scripted import ScriptedServer

NOWHERE = "http://127.0.0.1:1/"
SHOP = (OutOfStock, Busy)


async def awaited(_attempt: OutgoingAttempt) -> int:
    """A function that must be awaited."""
    return 1


def counting(_attempt: OutgoingAttempt) -> Iterator[int]:
    """A generator, which sends nothing when it is called."""
    yield 1


async def acounting(_attempt: OutgoingAttempt) -> AsyncIterator[int]:
    """The same, awaited."""
    yield 1


def fine(_attempt: OutgoingAttempt) -> int:
    """A function that works."""
    return 1


calling: Any = failwell.calling
raise_for: Any = failwell.raise_for
translating: Any = failwell.translating


@pytest.mark.parametrize(
    ("mistake", "kind", "words"),
    [
        (lambda: calling(SHOP, awaited), TypeError, r"a coroutine.*`await acalling"),
        (lambda: calling(SHOP)(counting), TypeError, "counting is a generator"),
        (lambda: calling(SHOP)(acounting), TypeError, "acounting is a generator"),
        (lambda: calling(SHOP, fine, idempotency_key=""), failwell.Error, "idempotency_key is ''"),
        (lambda: calling(SHOP, fine, idempotency_key="a\r\nb"), failwell.Error, r"must be text of printable ASCII"),
        (lambda: calling(SHOP, fine, idempotency_key="\u00fc"), failwell.Error, "printable ASCII"),
        (lambda: calling(SHOP, fine, idempotency_key=5), failwell.Error, "idempotency_key is 5"),
        (lambda: calling(SHOP, fine, resilience=5), failwell.Error, "resilience is of type int; it must be failwell.R"),
        (lambda: calling(SHOP, fine, deadline=10**400), failwell.Error, "deadline is 1000"),
        (lambda: calling(SHOP, fine, method=None), failwell.Error, "method is None"),
        (lambda: calling(SHOP, fine, method=""), failwell.Error, "method is ''"),
        (lambda: calling(SHOP, fine, method="GET /"), failwell.Error, "method is 'GET /'"),
        (lambda: translating(*SHOP)(5), TypeError, "5 is no function"),
        (lambda: translating([OutOfStock, 5]), TypeError, "5 is no contract"),
        (lambda: translating([]), CatalogueError, "No contract was given"),
        (lambda: translating({"a": 1}), TypeError, r"'a': 1.* is no contract"),
        (lambda: translating([[OutOfStock]]), TypeError, "is no contract"),
        (lambda: failwell.raise_for(requests.Response(), Busy), TypeError, "requests.models.Response is no response"),
        (lambda: calling(Busy, lambda _attempt: requests.Response()), TypeError, "Response is no response that"),
        (lambda: translating("shop"), TypeError, "'shop' is no contract"),
        (lambda: translating(*SHOP, operation=5), TypeError, "operation is 5; it must be the name of what was asked"),
        (lambda: raise_for(httpx.Response(409), *SHOP, operation=["a"]), TypeError, r"operation is \['a'\]; it must"),
        (lambda: calling(SHOP, fine, operation=b"a"), failwell.Error, "operation is b'a'; it must be the name"),
    ],
)
def test_told(mistake: Callable[[], Any], kind: type[Exception], words: str) -> None:
    """
    What cannot work is refused in words that say what to write instead.
    """
    with pytest.raises(kind, match=words):
        mistake()


@pytest.mark.parametrize(
    "contract", [(SHOP,), ([*SHOP],), SHOP, (SHOP, Busy)], ids=["tuple", "list", "classes", "both"]
)
def test_contract_of_several(contract: Any, server: ScriptedServer) -> None:
    """
    Classes may be given one by one, or as a tuple or a list, in all of the calls.
    """
    for _ in range(2):
        server.answer(409, {"code": "out_of_stock", "sku": "u"})
    with pytest.raises(OutOfStock):
        failwell.raise_for(requests.get(server.url, timeout=5), *contract)
    with pytest.raises(OutOfStock), failwell.translating(*contract):
        requests.get(server.url, timeout=5).raise_for_status()


def test_generators() -> None:
    """
    Out of a generator that is decorated with `translating` comes what it gives, and then the contract's error.
    """
    given: list[int] = []

    @failwell.translating(*SHOP)
    def rows() -> Iterator[int]:
        yield 1
        requests.get(NOWHERE, timeout=5)

    @failwell.translating(*SHOP)
    async def arows() -> AsyncIterator[int]:
        yield 2
        async with httpx.AsyncClient() as client:
            await client.get(NOWHERE)

    async def read() -> None:
        found = aiter(arows())
        given.append(await anext(found))
        await anext(found)

    reading = rows()
    assert 1 == next(reading)
    with pytest.raises(failwell.Error, match="refused"):
        next(reading)
    with pytest.raises(failwell.Error, match="No whole answer"):
        asyncio.run(read())

    assert [2] == given


def test_generator_left_early() -> None:
    """
    A generator that nobody reads to its end is closed, and what its reader raises is not translated.
    """
    closed: list[str] = []

    @failwell.translating(*SHOP)
    async def rows() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append("closed")

    async def read() -> None:
        found: Any = rows()
        try:
            async for _ in found:
                raise requests.ConnectionError("the reader's own")
        finally:
            await found.aclose()

    with pytest.raises(requests.ConnectionError, match="the reader's own"):
        asyncio.run(read())

    assert ["closed"] == closed
