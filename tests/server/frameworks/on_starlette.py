"""The shop on Starlette."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from failwell.server import install
from tests.server.shop import SHOP
from tests.servers.apps import under_uvicorn

from .acts import Desk, act, after_talk, before_talk, order, page, pieces
from .situations import CANARY, ORIGIN

served = under_uvicorn
Handler = Callable[[Request], Awaitable[Response]]


async def raise_(request: Request) -> Response:
    what: str = request.path_params["what"]
    if what.startswith("http"):
        words = {"http404": "No such order.", "http413": "Too big.", "http503": CANARY}
        raise HTTPException(int(what[4:]), words.get(what))
    if what == "cancelled":
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task
    return act(what)  # type: ignore[no-any-return]  # it raises


async def get_order(request: Request) -> Response:
    return JSONResponse({"number": request.path_params["number"]})


async def delete_order(request: Request) -> Response:
    return Response(status_code=204)


async def post_order(request: Request) -> Response:
    return JSONResponse(order(await request.body()), 201)


def depending(handler: Handler) -> Handler:
    """What Starlette has for dependencies: a decorator."""

    async def depends(request: Request) -> Response:
        act("bug" if "bug" in request.query_params else "taken")
        return await handler(request)

    return depends


async def later(request: Request) -> Response:
    return JSONResponse({"later": True}, 202, background=BackgroundTask(act, "bug"))


async def stream(request: Request) -> Response:
    return StreamingResponse(
        pieces(request.path_params["what"]), media_type="text/plain", headers={"content-type": "text/plain"}
    )


async def by_hand(request: Request) -> Response:
    return JSONResponse({"own": "teapot"}, 418)


async def by_hand_page(request: Request) -> Response:
    status, kind, text = page(request.path_params["what"])
    return Response(text, status, media_type=kind)


async def broken_header(request: Request) -> Response:
    return Response(headers={"x-broken": "a\r\nx-other: b"})


async def talk(line: WebSocket) -> None:
    what: str = line.path_params["what"]
    before_talk(what)
    if what == "no":
        await line.close()
        return
    if what == "http404":
        raise HTTPException(404, "No such line.")
    await line.accept()
    after_talk(what)
    await line.send_text(await line.receive_text())
    await line.close()


async def public(request: Request) -> Response:
    return JSONResponse({"public": True})


class Raising(BaseHTTPMiddleware):
    """Middleware of the app's own, which fails."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        if request.url.path.startswith("/middleware/"):
            act(request.url.path.rpartition("/")[2])
        answer: Response = await call_next(request)
        return answer


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    made = Starlette(
        routes=[
            Route("/orders/{number:int}", get_order, methods=["GET"]),
            Route("/orders/{number:int}", delete_order, methods=["DELETE"]),
            Route("/orders", post_order, methods=["POST"]),
            Route("/checked", post_order, methods=["POST"]),
            Route("/raise/{what}", raise_),
            Route("/dependency", depending(get_order)),
            Route("/background", later, methods=["POST"]),
            Route("/stream/{what}", stream),
            Route("/by-hand", by_hand),
            Route("/page/{what}", by_hand_page, methods=["GET", "POST"]),
            Route("/broken-header", broken_header),
            Route("/public", public),
            WebSocketRoute("/talk/{what}", talk),
            Mount("/sub", Starlette(routes=[Route("/raise/{what}", raise_), WebSocketRoute("/talk/{what}", talk)])),
        ],
        middleware=[
            Middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_methods=["GET", "POST"]),
            Middleware(Raising),
        ],
    )
    return install(made, SHOP, **desk.settings)
