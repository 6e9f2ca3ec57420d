from __future__ import annotations

import asyncio
import json
import pickle
import socket
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

import failwell
from failwell import Catalogue, translating
from failwell.wire.envelopes import AnyShape
from tests.adapt.shop import Busy, OutOfStock
from tests.homes import homes
from tests.servers.scripted import ScriptedServer

KEY = "sk_canary_0123456789"
GONE = {"error": {"code": "out_of_stock", "message": "No unicorn is left."}}


class ShopError(failwell.Error):
    """Base of all."""

    message: failwell.Message = failwell.field(kw_only=False)


class NoConnectionError(ShopError, source="transport", on="network", retry="transient"):
    """No whole answer came."""


class TooSlowError(ShopError, source="transport", on="timeout", retry="transient"):
    """None came in time."""


class BadAnswerError(ShopError, source="transport", on="unreadable"):
    """It could not be read."""


class BadCallError(ShopError, source="client", on="configuration"):
    """It could not be asked for."""


SHOP = Catalogue("shop", base=ShopError, default=ShopError, envelope=AnyShape())


@pytest.fixture
def refused() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/?api_key={KEY}"


@pytest.fixture
def silent() -> Iterator[str]:
    """An address where nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def by_aiohttp(url: str, *, timeout: float = 5.0, read: str = "read", **options: Any) -> Any:
    """By aiohttp."""

    async def ask() -> Any:
        limit = aiohttp.ClientTimeout(total=timeout)
        async with aiohttp.ClientSession(timeout=limit, **options) as session, session.get(url) as response:
            return await getattr(response, read)()

    return asyncio.run(ask())


def by_urllib3(url: str, **options: Any) -> Any:
    """By urllib3."""
    with urllib3.PoolManager() as pool:
        return pool.request("GET", url, **options)


GETS: dict[str, Callable[..., Any]] = {
    "requests": lambda url, timeout=5.0: requests.get(url, timeout=timeout),
    "httpx": lambda url, timeout=5.0: httpx.get(url, timeout=timeout),
    "httpx2": lambda url, timeout=5.0: httpx2.get(url, timeout=timeout),
    "urllib3": lambda url, timeout=5.0: by_urllib3(url, timeout=timeout, retries=False),
    "urllib3, with retries": lambda url, timeout=5.0: by_urllib3(url, timeout=timeout, retries=1),
    "urllib": lambda url, timeout=5.0: urllib.request.urlopen(url, timeout=timeout),  # noqa: S310
    "aiohttp": by_aiohttp,
}


@pytest.mark.parametrize("library", GETS)
def test_nobody_listens(library: str, refused: str) -> None:
    """
    A refused connection is the contract's error for the network; its cause is a copy without a request or a traceback.
    """
    with pytest.raises(NoConnectionError, match="onnect") as caught, translating(SHOP):
        GETS[library](refused)
    error = caught.value

    assert error.__cause__ is not None
    assert ({}, None) == (vars(error.__cause__), error.__cause__.__traceback__)
    assert error.__context__ is error.__cause__
    assert 1 == len(error.attempts)
    assert KEY not in f"{error} {error!r} {error.__cause__!r} {pickle.dumps(error)!r}"
    assert KEY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("library", GETS)
def test_no_class_for_the_network(library: str, refused: str) -> None:
    """
    Where the contract has no class for a refused connection, it is the base.
    """
    with pytest.raises(failwell.Error, match="No whole answer") as caught, translating(OutOfStock, Busy):
        GETS[library](refused)

    statuses = [attempt.status for attempt in caught.value.attempts]
    assert (failwell.Error, [None]) == (type(caught.value), statuses)


@pytest.mark.parametrize("library", GETS)
def test_nobody_answers(library: str, silent: str) -> None:
    """
    Silence is the contract's error for a timeout.
    """
    with pytest.raises(TooSlowError), translating(SHOP):
        GETS[library](silent, timeout=0.05)


@pytest.mark.parametrize(
    "ask",
    [
        lambda url: requests.get(url, timeout=5).raise_for_status(),
        lambda url: httpx.get(url).raise_for_status(),
        lambda url: httpx2.get(url).raise_for_status(),
        urllib.request.urlopen,
    ],
    ids=["requests", "httpx", "httpx2", "urllib"],
)
def test_raise_for_status(ask: Callable[[str], Any], server: ScriptedServer) -> None:
    """
    What `raise_for_status` raises is the error that its response is.
    """
    server.answer(409, GONE, X_Request_ID="req_1")

    with pytest.raises(OutOfStock, match=r"^No unicorn is left\.") as caught, translating(OutOfStock, Busy):
        ask(server.url)

    assert ("req_1", True) == (caught.value.request_id, caught.value.__cause__ is not None)


def test_raise_for_status_of_aiohttp(server: ScriptedServer) -> None:
    """
    Aiohttp tells the status and the headers of what it raises for, and no body.
    """
    server.answer(503, {"message": "Busy"}, X_Request_ID="req_1", Retry_After="9")

    with pytest.raises(Busy) as caught, translating(OutOfStock, Busy):
        by_aiohttp(server.url, raise_for_status=True)

    assert ("req_1", 9, b"") == (caught.value.request_id, caught.value.retry_after, caught.value.body)


@pytest.mark.parametrize(
    "read",
    [
        lambda url: requests.get(url, timeout=5).json(),
        lambda url: httpx.get(url).json(),
        lambda url: httpx2.get(url).json(),
        lambda url: by_urllib3(url).json(),
        lambda url: by_aiohttp(url, read="json"),
    ],
    ids=["requests", "httpx", "httpx2", "urllib3", "aiohttp"],
)
@pytest.mark.parametrize("body", [b"<html>", b'{"a": ', b"[" * 100_000], ids=["HTML", "cut", "deep"])
def test_json_that_is_none(read: Callable[[str], Any], body: bytes, server: ScriptedServer) -> None:
    """
    A success whose body a library cannot read as JSON is the contract's error for an unreadable answer.
    """
    server.answer(200, body)

    with pytest.raises(BadAnswerError, match="could not be read"), translating(SHOP):
        read(server.url)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: requests.get("no-scheme.test", timeout=5),
        lambda: requests.get("gopher://x.test", timeout=5),
        lambda: httpx.get("no-scheme.test"),
        lambda: httpx2.get("http://[::1"),
        lambda: by_urllib3("http://:::::"),
    ],
    ids=["requests", "requests, scheme", "httpx", "httpx2", "urllib3"],
)
def test_call_that_cannot_be_made(ask: Callable[[], Any]) -> None:
    """
    A URL that no request can go to is the contract's error for the configuration.
    """
    with pytest.raises(BadCallError, match=r"^The call was not made: "), translating(SHOP):
        ask()


class MyError(Exception):
    """Somebody's own, with a status that is nobody's business."""

    status_code = 404
    code = 404


@pytest.mark.parametrize(
    "problem",
    [
        KeyError("x"),
        OSError(28, "No space left on device"),
        TimeoutError("mine"),
        json.JSONDecodeError("mine", "", 0),
        MyError("mine"),
        httpx.StreamConsumed(),
        OutOfStock(),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        GeneratorExit(),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_what_is_none_of_theirs(problem: BaseException) -> None:
    """
    What comes from no library leaves unchanged: the program's own errors, ours, Ctrl-C and cancellation.
    """

    def fail() -> None:
        raise problem

    with pytest.raises(type(problem)) as caught, translating(SHOP):
        fail()

    assert (problem, None) == (caught.value, caught.value.__context__)


def test_hook_of_the_caller(server: ScriptedServer) -> None:
    """
    What a hook of the caller's raises in the middle of a library is the caller's.
    """

    def hook(_response: requests.Response, *_args: Any, **_kwargs: Any) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"), translating(SHOP):
        requests.get(server.url, hooks={"response": hook}, timeout=5)


def test_wrapped_by_the_caller(refused: str) -> None:
    """
    An exception of the caller's own that a library's caused is the caller's.
    """

    def ask() -> None:
        try:
            requests.get(refused, timeout=5)
        except requests.RequestException as problem:
            raise MyError("mine") from problem

    with pytest.raises(MyError, match=r"^mine$"), translating(SHOP):
        ask()


def test_decorator(server: ScriptedServer) -> None:
    """
    A decorated function of either colour keeps its name, and each of its calls is such a block.
    """

    @translating(OutOfStock)
    def ask() -> int:
        """Ask."""
        requests.get(server.url, timeout=5).raise_for_status()
        return 7

    @translating(OutOfStock)
    async def ask_async() -> int:
        """Ask."""
        async with httpx.AsyncClient() as client:
            (await client.get(server.url)).raise_for_status()
        return 7

    assert (7, 7) == (ask(), asyncio.run(ask_async()))
    assert ("ask", "ask_async", "Ask.") == (ask.__name__, ask_async.__name__, ask_async.__doc__)
    server.answer(409, GONE)
    server.answer(409, GONE)
    with pytest.raises(OutOfStock):
        ask()
    with pytest.raises(OutOfStock):
        asyncio.run(ask_async())


def test_async_with(server: ScriptedServer) -> None:
    """
    The block may be awaited.
    """

    async def ask() -> None:
        async with translating(OutOfStock), httpx.AsyncClient() as client:
            (await client.get(server.url)).raise_for_status()

    server.answer(409, GONE)
    with pytest.raises(OutOfStock):
        asyncio.run(ask())


def test_time_of_the_block(silent: str) -> None:
    """
    An error tells how long the block took.
    """
    with pytest.raises(TooSlowError) as caught, translating(SHOP):
        requests.get(silent, timeout=0.05)

    assert caught.value.elapsed is not None
    assert 0.05 <= caught.value.elapsed < 5.0


def test_two_frames(refused: str) -> None:
    """
    A traceback shows one frame of ours.
    """
    with pytest.raises(NoConnectionError) as caught, translating(SHOP):
        requests.get(refused, timeout=5)

    frames = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert 1 == sum(name.startswith(homes(failwell)) for name in frames)
