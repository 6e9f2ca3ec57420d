"""What a contract costs a server (P6): Starlette with `install`, beside the bare app.

No socket and no HTTP server: the app is called. What uvicorn takes is on neither side, so that ratios are larger than
those of a whole server under load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import failwell
from benchmarks.goals import Goal
from benchmarks.loopback import RUN
from benchmarks.pairs import Pair
from failwell.server import RateLimits, install

TOGETHER = 20
"""Requests that one call of a side makes: the event loop is entered once for all of them."""
OFTEN = 0.1
"""A round has a tenth of the calls of other pairs, as each is so many requests."""
SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"test"), (b"accept", b"*/*"), (b"user-agent", b"bench")],
    "client": ("127.0.0.1", 50_000),
    "server": ("127.0.0.1", 80),
}
Message = MutableMapping[str, Any]


class ShopError(failwell.StandardError):
    """Base of all."""


class GoneError(ShopError, status=404, code="gone"):
    """There is no such thing."""


SHOP = (ShopError, GoneError)


def pairs() -> list[Pair]:
    """What succeeds, what a handler raises, and what is counted for its caller."""
    plain = _app(lambda: HTTPException(404, "Gone."))
    kept = install(_app(lambda: GoneError("Gone.")), SHOP)
    limited = install(_app(lambda: GoneError("Gone.")), SHOP, caller=ann, limits=RateLimits("100000/second"))
    fine, gone = _calls(plain, "/fine"), _calls(plain, "/gone")
    return [
        Pair("P6", "a success, beside bare Starlette", _calls(kept, "/fine"), fine, Goal(1.10, 1.06), often=OFTEN),
        Pair("P6", "a raised error, beside bare Starlette", _calls(kept, "/gone"), gone, Goal(1.25, 1.15), often=OFTEN),
        Pair(
            "P6",
            "limits in memory, beside bare Starlette",
            _calls(limited, "/fine"),
            fine,
            Goal(1.20, 1.12),
            often=OFTEN,
        ),
    ]


async def ann(_request: Request) -> str:
    """Who calls. One that is no coroutine function would be called in a thread."""
    return "ann"


def _app(problem: Callable[[], Exception]) -> Starlette:
    """An app with a page that is fine, and one whose handler raises what *problem* makes."""

    async def fine(_request: Request) -> JSONResponse:
        return JSONResponse(RUN)

    async def gone(_request: Request) -> JSONResponse:
        raise problem()

    return Starlette(routes=[Route("/fine", fine), Route("/gone", gone)])


def _calls(app: Any, path: str) -> Callable[[], list[int]]:
    """A call of *app* for *path*, as often as goes together: the statuses."""
    loop = asyncio.new_event_loop()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def together() -> list[int]:
        statuses: list[int] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        for _ in range(TOGETHER):
            scope = {**SCOPE, "path": path, "raw_path": path.encode()}
            await app(scope, receive, send)
        return statuses

    return lambda: loop.run_until_complete(together())
