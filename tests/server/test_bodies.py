"""Bodies above a limit are refused before the app sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext

import anyio
import httpx2
import pytest
from fastapi import Request
from starlette.types import Message

from failwell.server import BodyLimits, install
from failwell.server.http.bodies import check_json, limited, whole_body
from failwell.server.refusal import Refusal

from .shop import SHOP, Shop, ask

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("size", "status", "runs"), [(10, 201, 1), (11, 400, 0), (20, 400, 0), (21, 400, 0)])
async def test_most_bytes(shop: Shop, *, size: int, status: int, runs: int) -> None:
    """
    `BodyLimits(10)` lets 10 bytes through as they are, and answers 413 for one more: here the catch-all's.
    """
    app = install(shop.app, SHOP, bodies=BodyLimits(10))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        answer = await client.post("/orders", content=b"x" * size)

    assert (413 if runs == 0 else status, [b"x" * size] * runs) == (answer.status_code, shop.bodies)
    if not runs:
        message = "A request may have 10 bytes of body, this one has more. Send less at a time."
        assert message == answer.json()["error"]["message"]


@pytest.mark.parametrize(("sizes", "read"), [([11], 1), ([6, 6], 2), ([6, 6, 8], 3), ([6, 6, 9, 50], 3), ([21, 1], 1)])
@pytest.mark.parametrize("announced", [False, True])
async def test_heard_out(sizes: list[int], read: int, *, announced: bool) -> None:
    """
    What is a little above the limit is read to its end, so that its sender hears the answer; no more than that.
    """
    pieces = [b"x" * size for size in sizes]
    received = 0

    async def receive() -> Message:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": pieces[received - 1], "more_body": received < len(pieces)}

    length = [(b"content-length", str(sum(sizes)).encode())] if announced else []
    with pytest.raises(Refusal) as caught:
        await whole_body({"type": "http", "headers": length}, receive, 10, patience=10)

    assert (413, 0 if announced and sum(sizes) > 20 else read) == (caught.value.status, received)


def deep(levels: int) -> bytes:
    """Nested lists."""
    return b"[" * levels + b"]" * levels


JSON: dict[str, tuple[bytes, str | None]] = {
    "as deep as allowed": (deep(64), None),
    "too deep": (deep(65), "too_deep"),
    "objects": (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep"),
    "never closed": (b"[" * 100_001, "too_many_values"),
    "deep behind spaces": (b" \n" * 1000 + deep(65), "too_deep"),
    "deep with a BOM": (b"\xef\xbb\xbf" + deep(65), "too_deep"),
    "deep in UTF-16": (deep(65).decode().encode("utf-16"), "too_deep"),
    "deep in UTF-32": (deep(65).decode().encode("utf-32-be"), "too_deep"),
    "brackets in a text": (b'["' + b"[" * 1000 + b'"]', None),
    "behind an escaped quote": (b'["\\"' + b"[" * 1000 + b'"]', None),
    "behind an escaped backslash": (b'["\\\\",' + deep(65) + b"]", "too_deep"),
    "as many as allowed": (b"[" + b"1," * 99_998 + b"1]", None),
    "too many": (b"[" + b"1," * 100_000 + b"1]", "too_many_values"),
    "too many lists": (b"[" + b"[]," * 60_000 + b"1]", "too_many_values"),
    "too many texts": (b"[" + b'"",' * 100_000 + b"1]", "too_many_values"),
    "too many names": (b"{" + b'"a":1,' * 100_000 + b'"a":1}', "too_many_values"),
    "names without values": (b"{" + b'"",' * 300_000 + b"}", "too_many_values"),
    "commas in a text": (b'["' + b"," * 1_000_000 + b'"]', None),
    "no JSON": (b"[" * 60 + b"text", None),
}


@pytest.mark.parametrize("case", JSON)
def test_json_that_takes_too_long(case: str) -> None:
    """
    JSON that is nested too deep, or has too many values, is refused before it is parsed; texts are only texts.
    """
    body, kind = JSON[case]

    with pytest.raises(Refusal) if kind else nullcontext() as caught:
        check_json(body, BodyLimits())

    if caught is not None:
        assert (422, [["body"], kind]) == (caught.value.status, [*map(caught.value.entries[0].get, ("loc", "type"))])


@pytest.mark.parametrize(
    ("body", "looks"),
    [
        (b"[1]", True),
        (b' \n{"a": 1}', True),
        (b"\xef\xbb\xbf[", True),
        ("[".encode("utf-16"), True),
        (b"\x89PNG[", False),
    ],
)
async def test_what_is_looked_into(shop: Shop, body: bytes, *, looks: bool) -> None:
    """
    What begins like JSON is looked into, whatever its content type says; a picture is not.
    """
    app = install(shop.app, SHOP, bodies=BodyLimits(deepest=0))
    async with ask(app) as client:
        got = await client.post("/orders", content=body, headers={"content-type": "text/plain"})

    assert (422 if looks else 201) == got.status_code


@pytest.mark.parametrize(
    ("kind", "length", "expected"),
    [
        (b"application/json", False, "refused"),
        (b"application/json", True, "refused"),
        (b"multipart/form-data; boundary=x", False, "broken off"),
        (b"multipart/form-data; boundary=x", True, "refused"),
        (b"application/x-www-form-urlencoded", False, "broken off"),
    ],
)
async def test_limit_is_there_by_default(*, kind: bytes, length: bool, expected: str) -> None:
    """
    A body above 10 MiB is a 413 by default: before it is read, where its length is told; a form breaks off.
    """
    pieces = iter([b"x" * 1024 * 1024] * 400)
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    told = (b"content-length", b"419430400") if length else (b"transfer-encoding", b"chunked")
    found = ["refused"]

    async def read() -> None:
        scope = {"type": "http", "headers": [(b"content-type", kind), told]}
        stream = await limited(scope, receive, BodyLimits(), None)
        found.append("broken off")
        while True:
            await stream()

    with pytest.raises(Refusal) as caught:
        await read()

    assert (413, expected) == (caught.value.status, found[-1])
    assert taken <= (0 if length else 21)


@pytest.mark.parametrize("kind", [b"application/json", b"multipart/form-data; boundary=x", b"application/octet-stream"])
async def test_body_that_does_not_come(kind: bytes) -> None:
    """
    A body that is not there in time is a 408, as JSON and as a form.
    """
    headers = [(b"content-type", kind), (b"content-length", b"10")]

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def read() -> Message:
        stream = await limited({"type": "http", "headers": headers}, receive, BodyLimits(seconds=0.01), None)
        return await stream()

    with pytest.raises(Refusal) as caught:
        await read()

    assert (408, True) == (caught.value.status, "was not there after 0.01 s" in str(caught.value))


@pytest.mark.parametrize(("every", "taken_in_all"), [(0.0, 400), (0.01, 0)])
async def test_stream_that_trickles(*, every: float, taken_in_all: int) -> None:
    """
    A stream of a byte at a time is a 408 when its seconds are used up, though no pause is long; a fast one is taken.
    """
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"transfer-encoding", b"chunked")]
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        await anyio.sleep(every)
        taken += 1
        return {"type": "http.request", "body": b"x", "more_body": taken < 400}

    stream = await limited({"type": "http", "headers": headers}, receive, BodyLimits(seconds=0.05), None)
    with pytest.raises(Refusal) if every else nullcontext() as caught:
        for _ in range(400):
            await stream()

    assert taken_in_all == taken if caught is None else taken <= 20
    assert caught is None or caught.value.status == 408


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("x-a", "x" * 30_000)], 200),
        ([("x-a", "x" * 33_000)], 431),
        ([(f"x-{number}", "x" * 1000) for number in range(40)], 431),
        ([(f"x-{number}", "") for number in range(80)], 200),
        ([(f"x-{number}", "") for number in range(101)], 431),
        ([("x" * 33_000, "")], 431),
    ],
)
@pytest.mark.parametrize("limited", [False, True])
async def test_headers_above_a_limit(shop: Shop, headers: list[tuple[str, str]], status: int, *, limited: bool) -> None:
    """
    Headers of more than 32 KiB, or more than 100 of them, are a 431 by default; `headers=None` leaves them alone.
    """
    app = install(shop.app, SHOP) if limited else install(shop.app, SHOP, headers=None)
    async with ask(app) as client:
        got = await client.get("/orders/7", headers=headers)

    assert (status if limited else 200, status == 431 and limited) == (got.status_code, "error" in got.json())


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/files/a", 20, 200), ("/files/a", 21, 413), ("/any/a", 5000, 200), ("/other", 11, 413)],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_uploads_come_as_a_stream(shop: Shop, *, path: str, size: int, status: int, chunked: bool) -> None:
    """
    A path of `uploads=` has a limit of its own, or none, and its handler gets the pieces as they come.
    """
    pieces: list[int] = []

    @shop.app.put("/{path:path}")
    async def take(request: Request) -> None:
        pieces.extend([len(piece) async for piece in request.stream() if piece])

    async def sent() -> AsyncIterator[bytes]:
        for start in range(0, size, 7):
            yield b"x" * min(7, size - start)

    app = install(shop.app, SHOP, bodies=BodyLimits(10, uploads={"/files/*": 20, "/any/*": None}))
    async with ask(app) as client:
        got = await client.put(path, content=sent() if chunked else b"x" * size)

    assert status == got.status_code
    assert status != 200 or (size == sum(pieces) and (not chunked or len(pieces) > 1))


async def test_body_that_breaks_off_in_a_handler(shop: Shop) -> None:
    """
    A body that breaks off while FastAPI reads it is the 413, not FastAPI's "error parsing the body".
    """

    async def sent() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"name=value&"

    kind = {"content-type": "application/x-www-form-urlencoded"}
    async with ask(install(shop.app, SHOP, bodies=BodyLimits(20))) as client:
        got = await client.post("/checked", content=sent(), headers=kind)

    assert (413, True) == (got.status_code, "may have 20 bytes" in got.json()["error"]["message"])


async def test_no_limits(shop: Shop) -> None:
    """
    `bodies=None` leaves bodies alone.
    """
    async with ask(install(shop.app, SHOP, bodies=None)) as client:
        got = await client.post("/orders", content=b"[" * 11_000_000)

    assert (201, 11_000_000) == (got.status_code, len(shop.bodies[0]))
