from __future__ import annotations

import gc
import json
import tracemalloc
from typing import Any

import anyio
import httpx2
import pytest

from failwell._support import truncation
from pictograph import AsyncClient, Client
from pictograph.exceptions import PictographError
from tests.wire.samples import LARGE_REPLIES

from .colours import KEY, every_colour

COUNT = 1_000


TRACED = ("long sentence", "long message", "other field errors", "map", "long entries", "text")
QUICK = ("long sentence", "long entries", "text")


def errors_of(colour: str, replies: list[tuple[int, bytes]], count: int) -> list[PictographError]:
    """So many errors, each from the next of *replies*."""
    asked = 0

    def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        status, body = replies[asked % len(replies)]
        asked += 1
        return httpx2.Response(status, content=body, headers={"Content-Type": "application/json"})

    settings: dict[str, Any] = {"base_url": "http://big.test", "max_retries": 0}
    kept: list[PictographError] = []
    if colour == "blocking":
        own = httpx2.Client(transport=httpx2.MockTransport(answer))
        client = Client(KEY, http_client=own, **settings)
        for _ in range(count):
            try:
                client.training.get("run_1")
            except PictographError as error:
                kept.append(error)
        return kept

    async def awaited(request: httpx2.Request) -> httpx2.Response:
        return answer(request)

    async def run() -> None:
        own = httpx2.AsyncClient(transport=httpx2.MockTransport(awaited))
        client = AsyncClient(KEY, http_client=own, **settings)
        for _ in range(count):
            try:
                await client.training.get("run_1")
            except PictographError as error:
                kept.append(error)

    anyio.run(run, backend=colour)
    return kept


@every_colour
def test_a_thousand_errors(colour: str) -> None:
    """
    R5. 1,000 errors from replies of 1 MB cost less than 20 MB, tracebacks included.
    """
    # To parse the others takes long while every allocation is traced: of them there are fewer.
    replies = [LARGE_REPLIES[shape] for shape in (QUICK if colour == "blocking" else TRACED)]
    count = COUNT if colour == "blocking" else 24
    errors_of(colour, replies, len(replies))
    gc.collect()
    tracemalloc.start()
    try:
        kept = errors_of(colour, replies, count)
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == len(kept)
    assert size < 20_000_000 * count / COUNT


@every_colour
@pytest.mark.parametrize("shape", LARGE_REPLIES)
def test_one_error(shape: str, colour: str) -> None:
    """
    R5. Of 1 MB an error keeps 8 KiB of the body and says how long it was; it prints in less than 4 KiB.
    """
    status, body = LARGE_REPLIES[shape]
    (error,) = errors_of(colour, [(status, body)], 1)

    assert (True, len(body), truncation.BODY) == (error.body_truncated, error.body_length, len(error.body))
    assert len(str(error)) < 4 * 1024
    assert len(repr(error)) < 4 * 1024
    kept = [value for name, value in vars(error).items() if name != "body"]
    assert max(len(value.encode()) for value in kept if isinstance(value, str)) <= 2 * 1024
    structures = [value for value in kept if isinstance(value, list | dict)]
    assert all(len(value) <= 100 and len(json.dumps(value)) <= 8 * 1024 for value in structures)
