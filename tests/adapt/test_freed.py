"""An error that nobody holds is gone at once, whoever raised it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator

import httpx2
import pytest

from failwell import acalling, araise_for, calling, raise_for, translating
from pictograph import AsyncClient, Client
from pictograph.exceptions import CATALOGUE, NetworkError, NotFoundError, PictographError, ValidationError

BODY = {"detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]}
URL = "http://pictograph.test"


def client(own: httpx2.Client) -> object:
    """By the client of an SDK."""
    return Client("pk_live_x", base_url=URL, http_client=own, max_retries=0).training.get("run_1")


def called(own: httpx2.Client) -> object:
    """By `calling`."""
    return calling(CATALOGUE, lambda _attempt: own.get(URL), max_retries=0)


def raised(own: httpx2.Client) -> object:
    """By `raise_for`."""
    return raise_for(own.get(URL), CATALOGUE)


def translated(own: httpx2.Client) -> object:
    """By `translating`."""
    with translating(CATALOGUE):
        return own.get(URL).raise_for_status()


async def aclient(own: httpx2.AsyncClient) -> object:
    """By the awaiting client of an SDK."""
    return await AsyncClient("pk_live_x", base_url=URL, http_client=own, max_retries=0).training.get("run_1")


async def acalled(own: httpx2.AsyncClient) -> object:
    """By `acalling`."""
    return await acalling(CATALOGUE, lambda _attempt: own.get(URL), max_retries=0)


async def araised(own: httpx2.AsyncClient) -> object:
    """By `araise_for`."""
    return await araise_for(await own.get(URL), CATALOGUE)


Met = tuple[type[PictographError], Callable[[], PictographError | None]]
"""The class of an error, and what gives it for as long as it is there."""
KINDS = [(422, ValidationError), (404, NotFoundError), (0, NetworkError)]


def answering(status: int) -> httpx2.MockTransport:
    """A server that always says so; 0: that cannot be reached."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if not status:
            raise httpx2.ConnectError("refused", request=request)
        return httpx2.Response(status, json=BODY)

    return httpx2.MockTransport(answer)


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """The garbage collector does not come."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("call", "status", "expected"),
    [(call, *kind) for call in (client, called, raised, translated) for kind in KINDS if call is not raised or kind[0]],
)
def test_an_error_is_freed_with_its_last_name(
    call: Callable[[httpx2.Client], object], status: int, expected: type[PictographError]
) -> None:
    """
    R5. An error that was handled is freed at once, its body with it: it does not wait for the garbage collector.
    """
    met: list[Met] = []
    with httpx2.Client(transport=answering(status)) as own:
        try:
            call(own)
        except PictographError as error:
            met.append((type(error), weakref.ref(error)))

    assert [(expected, None)] == [(kind, held()) for kind, held in met]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("call", "status", "expected"),
    [(call, *kind) for call in (aclient, acalled, araised) for kind in KINDS if call is not araised or kind[0]],
)
async def test_awaiting_an_error_is_freed_with_its_last_name(
    call: Callable[[httpx2.AsyncClient], Awaitable[object]], status: int, expected: type[PictographError]
) -> None:
    """
    R5. The same of errors that were awaited.
    """
    met: list[Met] = []
    async with httpx2.AsyncClient(transport=answering(status)) as own:
        try:
            await call(own)
        except PictographError as error:
            met.append((type(error), weakref.ref(error)))

    assert [(expected, None)] == [(kind, held()) for kind, held in met]
