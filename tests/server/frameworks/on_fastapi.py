"""The shop on FastAPI."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from failwell.server import install
from tests.server.shop import SHOP
from tests.servers.apps import under_uvicorn

from .acts import Desk, act, after_talk, before_talk, order, page, pieces
from .situations import CANARY, ORIGIN

served = under_uvicorn


class Order(BaseModel):
    item: str
    count: int = 1


async def raise_(what: str) -> Any:
    if what.startswith("http"):
        words = {"http404": "No such order.", "http413": "Too big.", "http503": CANARY}
        raise HTTPException(int(what[4:]), words.get(what))
    if what == "cancelled":
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task
    act(what)


async def talk(line: WebSocket, what: str) -> None:
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


def needed(bug: int = 0) -> None:
    act("bug" if bug else "taken")


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    made, sub = FastAPI(), FastAPI()
    made.mount("/sub", sub)
    for each in (made, sub):
        each.add_api_route("/raise/{what}", raise_, methods=["GET", "HEAD"])
        each.add_api_websocket_route("/talk/{what}", talk)

    @made.get("/orders/{number:int}")
    @made.head("/orders/{number:int}")
    async def get_order(number: int) -> dict[str, int]:
        return {"number": number}

    @made.delete("/orders/{number:int}", status_code=204)
    async def delete_order(number: int) -> Response:
        return Response(status_code=204)

    @made.post("/orders", status_code=201)
    async def post_order(request: Request) -> dict[str, str]:
        return order(await request.body())

    @made.post("/checked")
    async def checked(order: Order) -> Order:
        return order

    @made.get("/dependency", dependencies=[Depends(needed)])
    async def dependency() -> None: ...

    @made.post("/background", status_code=202)
    async def background(tasks: BackgroundTasks) -> dict[str, bool]:
        tasks.add_task(act, "bug")
        return {"later": True}

    @made.get("/stream/{what}")
    async def stream(what: str) -> StreamingResponse:
        return StreamingResponse(pieces(what), headers={"content-type": "text/plain"})

    @made.get("/by-hand")
    async def by_hand() -> JSONResponse:
        return JSONResponse({"own": "teapot"}, 418)

    @made.api_route("/page/{what}", methods=["GET", "POST"])
    async def by_hand_page(what: str) -> Response:
        status, kind, text = page(what)
        return Response(text, status, media_type=kind)

    @made.get("/broken-header")
    async def broken_header() -> Response:
        return Response(headers={"x-broken": "a\r\nx-other: b"})

    @made.get("/public")
    async def public() -> dict[str, bool]:
        return {"public": True}

    @made.middleware("http")
    async def raising(request: Request, call_next: Any) -> Any:
        if request.url.path.startswith("/middleware/"):
            act(request.url.path.rpartition("/")[2])
        return await call_next(request)

    made.add_middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_methods=["GET", "POST"])
    return install(made, SHOP, **desk.settings)
