"""Domain exceptions without our base class, on both sides of a socket."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import httpx
import pytest
import requests
from fastapi import FastAPI

import failwell
from failwell import Body, CatalogueError, DeclarationError, Header, evidence, maps
from failwell.adapt.engines import should_retry
from failwell.clock import VirtualClock
from failwell.sandbox.serving import serve
from failwell.server import install
from tests.servers.scripted import ScriptedServer


class NoSuchOrder(LookupError):  # noqa: N818 - as people name them
    """There is no such order."""

    def __init__(self, order_id: int) -> None:
        super().__init__(f"There is no order {order_id}.")
        self.order_id = order_id


class CardRefused(Exception):  # noqa: N818
    """The bank said no."""

    limit: int | None = None
    codes: list[str] | None = None


class Closed(Exception):  # noqa: N818
    """Nobody is there."""

    def __init__(self, message: str, *, until: int | None = None) -> None:
        super().__init__(message)
        self.until = until


class ClosedForGood(Closed):
    """Nobody will be there."""


class Offline(OSError):  # noqa: N818
    """No answer came."""


SHOP = (
    maps(NoSuchOrder, status=404, code="no_such_order", fields={"order_id": int}, fix="Look into your orders."),
    maps(CardRefused, status=402, fields={"limit": Annotated[int, Body("card.limit")], "codes": list[str]}),
    maps(Closed, status=503, fields={"until": Annotated[int, Header("Retry-After")]}, retry="transient"),
    maps(Offline, on="network"),
)


def refused() -> CardRefused:
    """A refusal with its facts."""
    error = CardRefused("The card was refused.")
    error.limit, error.codes = 100, ["a", "b"]
    return error


RAISED: dict[str, Callable[[], Exception]] = {
    "order": lambda: NoSuchOrder(7),
    "card": refused,
    "closed": lambda: Closed("We sleep.", until=9),
    "for-good": lambda: ClosedForGood("We are gone.", until=9),
}
CARRIED: dict[str, tuple[type[Exception], str, dict[str, Any]]] = {
    "order": (NoSuchOrder, "There is no order 7.", {"order_id": 7}),
    "card": (CardRefused, "The card was refused.", {"limit": 100, "codes": ["a", "b"]}),
    "closed": (Closed, "We sleep.", {"until": 9}),
    "for-good": (Closed, "We are gone.", {"until": 9}),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server on a socket that raises each of them."""
    app = FastAPI()

    @app.get("/{kind}")
    def raising(kind: str) -> None:
        problem = RAISED[kind]()
        raise problem

    with serve(install(app, SHOP)) as address:
        yield address


def by_raise_for(address: str) -> Any:
    """One line around a response."""
    return failwell.raise_for(requests.get(address, timeout=5), *SHOP)


def by_araise_for(address: str) -> Any:
    """The same, awaited."""

    async def ask() -> Any:
        async with httpx.AsyncClient() as client:
            return await failwell.araise_for(await client.get(address), *SHOP)

    return asyncio.run(ask())


def by_translating(address: str) -> Any:
    """A block around what a library raises."""
    with failwell.translating(*SHOP):
        requests.get(address, timeout=5).raise_for_status()


def by_calling(address: str) -> Any:
    """As often as the contract says."""
    return failwell.calling(SHOP, lambda _attempt: requests.get(address, timeout=5), clock=VirtualClock())


def by_acalling(address: str) -> Any:
    """The same, awaited."""

    async def ask() -> Any:
        async with httpx.AsyncClient() as client:
            return await failwell.acalling(SHOP, lambda _attempt: client.get(address), clock=VirtualClock())

    return asyncio.run(ask())


def by_both(address: str) -> Any:
    """The first inside of the last, as people write it."""
    return failwell.calling(
        SHOP, lambda _attempt: failwell.raise_for(requests.get(address, timeout=5), *SHOP), clock=VirtualClock()
    )


REPEATING: list[Callable[[str], Any]] = [by_calling, by_acalling, by_both]
WAYS = [by_raise_for, by_araise_for, by_translating, *REPEATING]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", RAISED)
def test_both_sides(kind: str, way: Callable[[str], Any], url: str) -> None:
    """
    What the server raises, the client raises: the class itself, its words, its attributes, and what is known of it.
    """
    cls, words, facts = CARRIED[kind]
    with pytest.raises(cls) as caught:
        way(f"{url}/{kind}")
    problem, known = caught.value, evidence(caught.value)

    assert known is not None
    assert (cls, words, facts) == (type(problem), str(problem), {name: getattr(problem, name) for name in facts})
    attempts = 4 if cls is Closed and way in REPEATING else 1
    assert (way is by_translating, attempts) == (known.__cause__ is not None, len(known.attempts))
    assert problem.__cause__ is known
    assert known.request_id is not None
    assert b"" != known.body


def test_on_the_wire(url: str) -> None:
    """
    The server answers with the envelope, the code and the fields, as for an error of ours.
    """
    answer = requests.get(f"{url}/order", timeout=5)
    asleep = requests.get(f"{url}/closed", timeout=5)

    body = answer.json()["error"] if "error" in answer.json() else answer.json()
    assert (404, "no_such_order", "There is no order 7.") == (answer.status_code, body["code"], body["message"])
    assert (503, "9") == (asleep.status_code, asleep.headers["Retry-After"])


def test_fix_and_advice(url: str) -> None:
    """
    The hint is with the evidence, and other engines are advised by it.
    """
    with pytest.raises(NoSuchOrder) as gone:
        by_raise_for(f"{url}/order")
    with pytest.raises(Closed) as asleep:
        by_raise_for(f"{url}/closed")
    known = evidence(gone.value)

    assert known is not None
    assert known.__notes__[0].startswith("Look into your orders. (request ")
    assert (False, True) == (should_retry(gone.value), should_retry(asleep.value))


@pytest.mark.parametrize("way", [by_translating, by_calling])
def test_no_answer(way: Callable[[str], Any]) -> None:
    """
    An occasion without an answer is an exception of one's own, too.
    """
    with pytest.raises(Offline) as caught:
        way("http://127.0.0.1:1/")
    known = evidence(caught.value)

    assert known is not None
    assert known.case.on == "network"


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"code": "no_such_order", "order_id": "seven"}'])
def test_silent_reply(body: bytes, server: ScriptedServer) -> None:
    """
    A reply that says nothing of what a constructor counts on is the exception all the same, never another one.
    """
    server.answer(404, body)

    with pytest.raises(NoSuchOrder) as caught:
        failwell.raise_for(requests.get(server.url, timeout=5), maps(NoSuchOrder, status=404, fields={"order_id": int}))
    assert caught.value.order_id is None


class Picky(Exception):  # noqa: N818
    """Its constructor accepts no stranger."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size + 1} is too many")
        self.size = size


def test_constructor_that_fails(server: ScriptedServer) -> None:
    """
    Where a constructor fails on what came, the exception is made without it, and says what the server said.
    """
    server.answer(413, {"message": "Too large."})

    with pytest.raises(Picky) as caught:
        failwell.raise_for(requests.get(server.url, timeout=5), maps(Picky, status=413, fields=("size",)))
    assert None is vars(caught.value)["size"]
    assert "Too large." == str(caught.value)


def test_pickle(url: str) -> None:
    """
    The error that is known of a call pickles, though its class was made.
    """
    with pytest.raises(CardRefused) as caught:
        by_raise_for(f"{url}/card")
    known = evidence(caught.value)
    read: Any = pickle.loads(pickle.dumps(known))  # noqa: S301 - our own

    assert known is not None
    assert (type(known), str(known), known.attempts, 100) == (type(read), str(read), read.attempts, read.limit)
    assert evidence(pickle.loads(pickle.dumps(caught.value))) is not None  # noqa: S301 - our own


def test_the_same_class() -> None:
    """
    What is mapped in the same way twice is one class, so that a mapping may stand where it is used.
    """
    assert maps(Offline, on="network") is SHOP[-1]


@pytest.mark.parametrize(
    ("exception", "options", "words"),
    [
        (Exception, {"status": 500}, "cannot be mapped"),
        (KeyboardInterrupt, {"status": 500}, "cannot be mapped"),
        ("NoSuchOrder", {"status": 404}, "cannot be mapped"),
        (failwell.Error, {"status": 404}, "is a failwell.Error"),
        (NoSuchOrder, {"status": 404}, r"asks for order_id, and no field is called so .*fields=\('order_id',\)"),
        (Offline, {"status": 404, "fields": ("request_id",)}, "would hide `request_id`"),
    ],
)
def test_misuse(exception: Any, options: dict[str, Any], words: str) -> None:
    """
    What cannot be mapped is refused where it is written, with the way out.
    """
    with pytest.raises(DeclarationError, match=words):
        maps(exception, **options)


def test_mapped_twice() -> None:
    """
    One exception is one case of a contract.
    """
    with pytest.raises(CatalogueError, match="Offline is mapped twice"):
        failwell.raise_for(_refusal(), maps(Offline, status=502), maps(Offline, status=504))


def _refusal() -> requests.Response:
    response = requests.Response()
    response.status_code = 502
    return response


def test_no_evidence() -> None:
    """
    An exception that no client of a contract raised has none.
    """
    assert (None, None) == (evidence(Offline()), evidence(KeyboardInterrupt()))
