"""Threads for calls to stores: bounded, whatever the store does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio
import httpx2
import pytest

from failwell.server import Caller, StoreDownError, install
from failwell.server.auth import auth
from failwell.server.storage.threads import AT_ONCE, Threads

from .shop import SHOP, OpenDesk, Shop, ask
from .test_idempotency import KEY, NoStore
from .test_store_down import SlowKeys

pytestmark = pytest.mark.anyio

REQUESTS = 400


@contextmanager
def counted() -> Generator[Callable[[], int]]:
    """How many threads there are more than before."""
    before = set(threading.enumerate())
    yield lambda: len(set(threading.enumerate()) - before)


async def all_at_once(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[httpx2.Response]:
    """The replies to many calls, that come one shortly after the other."""
    replies: list[httpx2.Response] = []

    async def one() -> None:
        replies.append(await client.put("/orders", headers=headers))

    async with anyio.create_task_group() as tasks:
        for number in range(REQUESTS):
            tasks.start_soon(one)
            if number % AT_ONCE == 0:
                await anyio.sleep(0.02)
    return replies


@pytest.mark.parametrize(
    ("fails_at", "when", "statuses"),
    [("claim", "closed", {503}), ("claim", "open", {200}), ("complete", "closed", {200, 503})],
)
async def test_store_that_hangs_has_few_threads(
    open_desk: OpenDesk, fails_at: str, when: str, statuses: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    S12. Of 400 calls to a store that never answers none leaves a thread behind for itself, and each has its answer.
    """
    # Keys are found, also where every core is busy.
    monkeypatch.setattr(auth, "PATIENCE", 30.0)
    block = threading.Event()
    desk = open_desk(store=NoStore(fails_at=fails_at, block=block), patience=0.3, lease=0.5, when_down=when)
    with counted() as threads, anyio.fail_after(30):
        async with desk.client() as client:
            replies = await all_at_once(client, KEY)
            hanging = threads()
            block.set()
            after = await client.post("/orders", headers=KEY)
            while after.status_code == 503:
                after = await client.post("/orders", headers=KEY)

    # Those that look for keys never hang, and are idle beside the others.
    assert (REQUESTS, True) == (len(replies), hanging <= 4 * AT_ONCE)
    assert statuses >= {reply.status_code for reply in replies}
    assert 201 == after.status_code


async def test_keys_that_hang_have_few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    S12. Keys that are never found leave no thread behind for each request either.
    """
    monkeypatch.setattr(auth, "PATIENCE", 0.3)
    keys = SlowKeys()
    with counted() as threads, anyio.fail_after(30):
        async with ask(install(Shop().app, SHOP, keys=keys), headers={"X-API-Key": "k"}) as client:
            replies = await all_at_once(client, {})
            hanging = threads()
            keys.free.set()

    assert ({503}, True) == ({reply.status_code for reply in replies}, hanging <= 3 * AT_ONCE)


@pytest.mark.parametrize("when", ["cancelled", "too late"])
async def test_result_of_a_call_that_was_given_up(when: str) -> None:
    """
    What a call returns after it was given up goes to *late*, exactly once.
    """
    begun, go_on, came = threading.Event(), threading.Event(), threading.Event()
    seen: list[str] = []

    def work() -> str:
        begun.set()
        go_on.wait()
        return "result"

    def late(result: str) -> None:
        seen.append(result)
        came.set()

    with anyio.move_on_after(0.05 if when == "cancelled" else 60):
        with pytest.raises(StoreDownError):
            await Threads().run(work, patience=60 if when == "cancelled" else 0.05, late=late)
    go_on.set()

    assert (True, True, ["result"]) == (begun.is_set(), came.wait(5), seen)


async def test_call_that_comes_back_has_no_late_result() -> None:
    """
    What a call returns in time goes to its caller only, and what it raises too.
    """
    seen: list[Caller | int] = []
    threads = Threads()

    def fail() -> int:
        raise ZeroDivisionError

    got = await threads.run(lambda: 7, patience=5, late=seen.append)
    with pytest.raises(ZeroDivisionError):
        await threads.run(fail, patience=5, late=seen.append)

    assert (7, []) == (got, seen)
