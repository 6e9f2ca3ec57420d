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

from .colours import KEY, every_colour

MIB = 1_000_000
COUNT = 1_000


def of_a_mib(shape: str) -> tuple[int, bytes]:
    """A status, and a body of a megabyte."""
    filler = "x" * MIB
    many = [{"loc": ["body", str(n)], "msg": "m" * 50, "type": "t"} for n in range(9_000)]
    bodies: dict[str, tuple[int, Any]] = {
        "a sentence": (404, {"detail": filler}),
        "a code": (409, {"detail": {"message": filler, "error_code": filler[:1000]}}),
        "field errors": (422, {"detail": many}),
        "a map": (402, {"detail": {"message": "m", **{f"k{n}": "v" * 90 for n in range(9_000)}}}),
        "a list": (400, [[filler[:9_000]] * 9] * 12),
        "text": (500, filler),
    }
    status, body = bodies[shape]
    return status, body.encode() if isinstance(body, str) else json.dumps(body).encode()


SHAPES = ("a sentence", "a code", "field errors", "a map", "a list", "text")
QUICK = ("a sentence", "a list", "text")


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
    replies = [of_a_mib(shape) for shape in (QUICK if colour == "blocking" else SHAPES)]
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
@pytest.mark.parametrize("shape", SHAPES)
def test_one_error(shape: str, colour: str) -> None:
    """
    R5. Of 1 MB an error keeps 8 KiB of the body and says how long it was; it prints in less than 4 KiB.
    """
    status, body = of_a_mib(shape)
    (error,) = errors_of(colour, [(status, body)], 1)

    assert (True, len(body), truncation.BODY) == (error.body_truncated, error.body_length, len(error.body))
    assert len(str(error)) < 4 * 1024
    assert len(repr(error)) < 4 * 1024
    kept = [value for name, value in vars(error).items() if name != "body"]
    assert max(len(value.encode()) for value in kept if isinstance(value, str)) <= 2 * 1024
    structures = [value for value in kept if isinstance(value, list | dict)]
    assert all(len(value) <= 100 and len(json.dumps(value)) <= 8 * 1024 for value in structures)
