"""Random requests: whatever comes, no text of an exception and no secret gets out, and every answer has its id."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

from tests.dice import dice

from . import on_fastapi
from .acts import Desk
from .situations import CANARY

REQUESTS = int(os.environ.get("FAILWELL_FUZZ", "500"))
"""How many there are; `make fuzz` sends 20,000."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
ERRORS = ("taken", "money", "throttled", "conflict", "group", "bug", "offline", "cancelled", "http404", "http503")
PATHS = (
    *(f"{mount}/raise/{what}" for mount in ("", "/sub") for what in ERRORS),
    *("/orders", "/orders/7", "/orders/%2e%2e", "/checked", "/dependency?bug=1", "/middleware/bug", "/background"),
    *("/broken-header", "/nowhere", "/errors/none", "/errors/idempotency_conflict", "/%00", "/by-hand", "//"),
)
BODIES = (b"", b"{", b'{"item": "tea", "count": "%s"}' % CANARY.encode(), b"[" * 900, b"\xff\x00", b"bug", b"taken")
ACCEPTS = (
    "*/*",
    "text/html",
    "text/markdown",
    "application/problem+json",
    "q=;;,",
    "text/html;q=x",
    "application/json",
)
KNOWN = {200, 201, 202, 204, 401, 402, 403, 404, 405, 409, 413, 415, 418, 422, 429, 500, 503}
"""What the routes of the shop answer."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The settings of the shop."""
    opened = Desk(tmp_path)
    yield opened
    opened.close()


def test_fuzz(desk: Desk) -> None:
    """
    S9, S10. Each of many random requests is answered with its own id, with a status of the routes, without a secret.
    """
    app, dice_ = on_fastapi.app(desk), dice("fuzz")
    keys = [desk.keys.create("a", "member"), desk.keys.create("b", "viewer"), CANARY, ""]

    async def ask_all() -> None:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
            for number in range(REQUESTS):
                headers = {
                    "x-request-id": f"r{number}",
                    "accept": dice_.choice(ACCEPTS),
                    "x-api-key": dice_.choice(keys),
                }
                if dice_.random() < 0.3:
                    headers["idempotency-key"] = dice_.choice(["k", "k" * 300, CANARY])
                method, path = dice_.choice(METHODS), dice_.choice(PATHS)
                got = await client.request(method, path, headers=headers, content=dice_.choice(BODIES))

                whole = f"{got.headers} {got.text}"
                asked = f"{method} {path} {headers}"
                assert (True, False) == (got.status_code in KNOWN, "password" in whole), f"{asked}: {got.status_code}"
                assert [] == [word for word in ("KeyError", "Traceback", ".py") if word in whole], asked
                own = got.headers.get("x-replay-request-id", got.headers["x-request-id"])
                assert f"r{number}" == own, asked

    anyio.run(ask_all)
