"""The apps that are compared: bare ones, and the same with a contract. Each has a page that fails, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import failwell
from benchmarks.loopback import RUN
from failwell.server import MemoryStore, RateLimits, SqliteStore, install


class ShopError(failwell.StandardError):
    """Base of all."""


class GoneError(ShopError, status=404, code="gone"):
    """There is no such thing."""


class InvalidError(ShopError, status=422, code="invalid"):
    """The order is wrong."""


class LimitedError(ShopError, status=429, code="limited", retry="throttled"):
    """Too many calls."""


Handlers = dict[Any, Any] | None
SHOP = (ShopError, GoneError, InvalidError, LimitedError)


class Order(BaseModel):
    """What is written."""

    item: str
    count: int = 1


def apps(folder: Path | None = None) -> Mapping[str, Any]:
    """The apps by name; the store of one has its file in *folder*. Without one it is not there."""
    many = RateLimits("1000000/second")
    bare = _starlette(lambda: HTTPException(404, "Gone."), {HTTPException: gone})
    made: dict[str, Any] = {
        "starlette": bare,
        "starlette, one more header": with_header(bare),
        "starlette, one more level": within(bare),
        "starlette, contract": install(_starlette(ours), SHOP),
        "starlette, limits": install(_starlette(ours), SHOP, caller=ann, limits=many),
        "fastapi": _fastapi(lambda: HTTPException(404, "Gone."), {HTTPException: gone}),
        "fastapi, contract": install(_fastapi(ours), SHOP),
        "fastapi, memory": install(_fastapi(ours), SHOP, caller=ann, idempotency=MemoryStore()),
    }
    if folder is not None:
        stored = SqliteStore(folder / "answers.db")
        made["fastapi, sqlite"] = install(_fastapi(ours), SHOP, caller=ann, idempotency=stored)
    return made


def with_header(app: ASGIApp) -> ASGIApp:
    """*app* one `await` further in, with one more header in its replies: what a request id costs at least."""

    async def around(scope: Scope, receive: Receive, send: Send) -> None:
        def sending(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", b"0123456789abcdef0123456789abcdef"))
            return send(message)

        await app(scope, receive, sending)

    return around


def within(app: ASGIApp) -> ASGIApp:
    """*app* one `await` further in: what any middleware costs at least."""

    async def around(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return around


async def ann(_request: Request) -> str:
    """Who calls. One that is no coroutine function would be called in a thread."""
    return "ann"


async def gone(_request: Request, exc: Exception) -> JSONResponse:
    """The handler that a bare app has for its errors, so that clients get JSON: what everybody writes."""
    assert isinstance(exc, HTTPException)
    body = {"error": {"code": "gone", "message": exc.detail, "details": {}}}
    return JSONResponse(body, exc.status_code, exc.headers)


def ours() -> GoneError:
    """What a handler raises under a contract."""
    return GoneError("Gone.")


def _starlette(problem: Callable[[], Exception], handlers: Handlers = None) -> Starlette:
    async def fine(_request: Request) -> JSONResponse:
        return JSONResponse(RUN)

    async def fail(_request: Request) -> JSONResponse:
        raise problem()

    return Starlette(routes=[Route("/fine", fine), Route("/gone", fail)], exception_handlers=handlers)


def _fastapi(problem: Callable[[], Exception], handlers: Handlers = None) -> FastAPI:
    app = FastAPI(exception_handlers=handlers)

    @app.get("/fine")
    async def fine() -> JSONResponse:
        return JSONResponse(RUN)

    @app.get("/gone")
    async def fail() -> JSONResponse:
        raise problem()

    @app.post("/orders", status_code=201)
    async def order(order: Order) -> Order:
        return order

    return app
