"""Bodies above a limit are refused before the app sees them."""

from __future__ import annotations

import httpx2
import pytest
from starlette.types import Message

from failwell.server import BodyLimits, install
from failwell.server.bodies import whole_body
from failwell.server.refused import Refused

from .shop import SHOP, Shop

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
    with pytest.raises(Refused) as caught:
        await whole_body({"type": "http", "headers": length}, receive, 10, patience=10)

    assert (413, 0 if announced and sum(sizes) > 20 else read) == (caught.value.status, received)
