from __future__ import annotations

from typing import Any

import httpx2
import pytest

from pictograph import AsyncClient, Client
from pictograph.exceptions import (
    ConfigurationError,
    NetworkError,
    NotFoundError,
    PictographError,
    RequestTimeoutError,
)

from .colours import KEY, RUN, chain, mutate, read

BASE = "http://pictograph.test"


def answering(*answers: Any) -> tuple[httpx2.MockTransport, list[httpx2.Request]]:
    """A transport that gives *answers* in turn, or raises them, and what it was asked."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(request)
        if isinstance(found, Exception):
            raise found
        return httpx2.Response(found[0], content=found[1])

    return httpx2.MockTransport(answer), asked


def test_blocking() -> None:
    """
    An `httpx2.Client` of the user's own carries the requests, with our headers.
    """
    transport, asked = answering((200, RUN))
    with httpx2.Client(transport=transport) as own:
        run = Client(KEY, base_url=BASE, http_client=own).training.get("run_1")

    assert ("run_1", KEY) == (run.id, asked[0].headers["X-API-Key"])


@pytest.mark.anyio
async def test_awaiting() -> None:
    """
    An `httpx2.AsyncClient` of the user's own carries the requests of an AsyncClient.
    """
    transport, asked = answering((200, RUN))
    async with httpx2.AsyncClient(transport=transport) as own:
        run = await AsyncClient(KEY, base_url=BASE, http_client=own).training.get("run_1")

    assert ("run_1", KEY) == (run.id, asked[0].headers["X-API-Key"])


def test_not_closed() -> None:
    """
    Closing our client leaves the user's own open.
    """
    transport, _ = answering((200, RUN))
    with httpx2.Client(transport=transport) as own:
        with Client(KEY, base_url=BASE, http_client=own):
            pass

        assert not own.is_closed


@pytest.mark.anyio
async def test_not_closed_awaiting() -> None:
    """
    Closing our AsyncClient leaves the user's own open.
    """
    transport, _ = answering((200, RUN))
    async with httpx2.AsyncClient(transport=transport) as own:
        async with AsyncClient(KEY, base_url=BASE, http_client=own):
            pass

        assert not own.is_closed


@pytest.mark.parametrize(
    "wrong", [object(), "http", 5, httpx2.MockTransport(lambda _: httpx2.Response(200)), httpx2.Client]
)
@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_wrong_kind(client: Any, wrong: Any) -> None:
    """
    Anything else as http_client is refused when the client is made, and the message names what is needed.
    """
    with pytest.raises(ConfigurationError, match=r"this client needs an httpx2\.(Async)?Client\."):
        client(KEY, base_url=BASE, http_client=wrong)


def test_wrong_colour() -> None:
    """
    A blocking client refuses an `httpx2.AsyncClient`, and the other way round.
    """
    with pytest.raises(
        ConfigurationError, match=r"http_client is of type AsyncClient; this client needs an httpx2\.Client\."
    ):
        Client(KEY, base_url=BASE, http_client=httpx2.AsyncClient())  # type: ignore[arg-type]
    with httpx2.Client() as own, pytest.raises(ConfigurationError, match=r"this client needs an httpx2\.AsyncClient\."):
        AsyncClient(KEY, base_url=BASE, http_client=own)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx2.ConnectError("refused"), NetworkError),
        (httpx2.ReadError("reset"), NetworkError),
        (httpx2.RemoteProtocolError("bad"), NetworkError),
        (httpx2.ProxyError("no proxy"), NetworkError),
        (httpx2.TooManyRedirects("loop"), NetworkError),
        (httpx2.ConnectTimeout("slow"), RequestTimeoutError),
        (httpx2.PoolTimeout("full"), RequestTimeoutError),
        (httpx2.WriteTimeout("slow"), RequestTimeoutError),
        (ConnectionResetError(104, "reset"), NetworkError),
        (TimeoutError("slow"), RequestTimeoutError),
    ],
)
@pytest.mark.parametrize("call", [read, mutate])
def test_failures_of_a_transport(failure: Exception, kind: type[PictographError], call: Any) -> None:
    """
    Whatever a transport of the user's own fails with becomes the documented class, with a copy as its cause.
    """
    transport, asked = answering(failure)
    with httpx2.Client(transport=transport) as own, pytest.raises(PictographError) as caught:
        call(Client(KEY, base_url=BASE, http_client=own, max_retries=0))

    cause = caught.value.__cause__
    assert (kind, type(failure), 1) == (type(caught.value), type(cause), len(asked))
    assert cause is not failure
    assert all(one.__traceback__ is None for one in chain(caught.value)[1:])


def test_redirects_are_not_followed() -> None:
    """
    Not even a client that follows redirects takes our request elsewhere.
    """

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/elsewhere":
            return httpx2.Response(200, content=RUN)
        return httpx2.Response(307, headers={"Location": "/elsewhere"})

    own = httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=True)
    with own, pytest.raises(PictographError) as caught:
        mutate(Client(KEY, base_url=BASE, http_client=own))

    assert 307 == caught.value.status_code


def test_defaults_of_the_own_client_do_not_mix_in() -> None:
    """
    Our requests are ours: the default headers and cookies of the user's client are not added.
    """
    transport, asked = answering((200, RUN))
    with httpx2.Client(transport=transport, headers={"X-Mine": "1"}, cookies={"mine": "1"}) as own:
        Client(KEY, base_url=BASE, http_client=own).training.get("run_1")

    assert (None, None) == (asked[0].headers.get("X-Mine"), asked[0].headers.get("Cookie"))


def test_a_closed_client() -> None:
    """
    A call on a closed client is the vendor's error, not the library's.
    """
    client = Client(KEY, base_url=BASE)
    client.close()

    with pytest.raises(PictographError, match="closed"):
        client.training.get("run_1")


@pytest.mark.anyio
async def test_a_closed_awaiting_client() -> None:
    """
    A call on a closed AsyncClient is the vendor's error, not the library's.
    """
    client = AsyncClient(KEY, base_url=BASE)
    await client.close()

    with pytest.raises(PictographError, match="closed"):
        await client.training.get("run_1")


def test_a_missing_resource() -> None:
    """
    An error reply through the user's own client is parsed like any other.
    """
    transport, _ = answering((404, b'{"detail": "Run not found"}'))
    with httpx2.Client(transport=transport) as own, pytest.raises(NotFoundError, match="Run not found"):
        read(Client(KEY, base_url=BASE, http_client=own))
