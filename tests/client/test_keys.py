from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from failwell import Resilience
from failwell.clock import VirtualClock
from pictograph import AsyncClient, Client
from pictograph.exceptions import PictographError, ServerError

from .colours import KEY, RUN

BASE = "http://pictograph.test"
HEADER = "Idempotency-Key"
UNLIMITED = Resilience(budget=None)
"""So many calls that all fail would use up the budget for retries."""


class Recorder:
    """Answers 500 for the first *failures* requests of each call (told by its name), then 200; remembers the keys."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.keys: dict[str, list[str | None]] = defaultdict(list)
        self.lock = threading.Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        name = request.content.decode() or str(request.url)
        with self.lock:
            self.keys[name].append(request.headers.get(HEADER))
            failing = len(self.keys[name]) <= self.failures
        return httpx2.Response(500 if failing else 200, content=RUN)

    async def awaited(self, request: httpx2.Request) -> httpx2.Response:
        await anyio.lowlevel.checkpoint()
        return self(request)


def blocking(recorder: Recorder, **settings: Any) -> Client:
    """A client whose requests go to *recorder*."""
    own = httpx2.Client(transport=httpx2.MockTransport(recorder))
    return Client(KEY, base_url=BASE, http_client=own, clock=VirtualClock(), **settings)


def test_a_thousand_threads() -> None:
    """
    R9. One key per logical call, the same on all its attempts, under 1,000 threads.
    """
    recorder = Recorder(failures=2)
    client = blocking(recorder, resilience=UNLIMITED)
    together = threading.Barrier(1_000)

    def create(number: int) -> None:
        together.wait(30)
        client.training.create("ds", f"exp-{number}")

    with ThreadPoolExecutor(1_000) as threads:
        list(threads.map(create, range(1_000)))

    keys = list(recorder.keys.values())
    assert {3} == {len(each) for each in keys}
    assert {1} == {len(set(each)) for each in keys}
    assert 1_000 == len({each[0] for each in keys})


@pytest.mark.anyio
async def test_many_tasks() -> None:
    """
    One key per logical call, the same on all its attempts, under 200 tasks.
    """
    recorder = Recorder(failures=2)
    own = httpx2.AsyncClient(transport=httpx2.MockTransport(recorder.awaited))
    client = AsyncClient(KEY, base_url=BASE, http_client=own, clock=VirtualClock(), resilience=UNLIMITED)
    async with anyio.create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(client.training.create, "ds", f"exp-{number}")

    keys = list(recorder.keys.values())
    assert Counter({3: 200}) == Counter(len(each) for each in keys)
    assert 200 == len({key for each in keys for key in each})


def test_the_callers_own() -> None:
    """
    R9. A key of the caller's own is sent untouched, on all attempts.
    """
    recorder = Recorder(failures=3)
    blocking(recorder).training.create("ds", "exp", idempotency_key="upload-x-jpg-2026-04-19")

    assert [["upload-x-jpg-2026-04-19"] * 4] == list(recorder.keys.values())


@pytest.mark.parametrize("key", ["a", "x" * 255, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a b"])
def test_any_printable_key(key: str) -> None:
    """
    A key may be of 1 to 255 printable ASCII characters.
    """
    recorder = Recorder()
    blocking(recorder).training.create("ds", "exp", idempotency_key=key)

    assert [[key]] == list(recorder.keys.values())


def test_without_retries() -> None:
    """
    R9. The key is sent with max_retries=0 too: the caller may retry.
    """
    recorder = Recorder()
    blocking(recorder, max_retries=0).training.create("ds", "exp")

    ((key,),) = recorder.keys.values()
    assert key is not None
    assert 16 <= len(key) <= 64


def test_readable_on_the_exception() -> None:
    """
    R9. The key that was sent is readable on the exception.
    """
    recorder = Recorder(failures=9)
    with pytest.raises(ServerError) as caught:
        blocking(recorder, max_retries=2).training.create("ds", "exp")

    assert [[caught.value.idempotency_key] * 3] == list(recorder.keys.values())


def test_none_on_reads() -> None:
    """
    What only reads carries no key.
    """
    recorder = Recorder(failures=9)
    client = blocking(recorder, max_retries=0)
    for ask in (client.training.get, client.models.get, client.datasets.get, client.images.get, client.annotations.get):
        with pytest.raises(PictographError) as caught:
            ask("some")
        assert None is caught.value.idempotency_key
    with pytest.raises(PictographError):
        client.datasets.list()

    assert {None} == {key for keys in recorder.keys.values() for key in keys}


def test_every_mutation_has_one() -> None:
    """
    Every operation that changes something carries a key, and each call another one.
    """
    recorder = Recorder(failures=9)
    client = blocking(recorder, max_retries=0)
    calls: list[Callable[[], object]] = [
        lambda: client.datasets.create("ds"),
        lambda: client.annotations.save("img", []),
        lambda: client.annotations.save("ds", "x.png", [{}]),
        lambda: client.exports.create("ds", "exp"),
        lambda: client.training.create("ds", "exp"),
        lambda: client.images.upload("ds", __file__),
    ]
    for call in calls:
        with pytest.raises(ServerError):
            call()

    keys = [key for each in recorder.keys.values() for key in each]
    assert (6, 6) == (len(keys), len(set(keys)))
    assert None not in keys
