"""The shop on Litestar."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Request, Response, Router, WebSocket, delete, get, post, route, websocket
from litestar.background_tasks import BackgroundTask
from litestar.config.cors import CORSConfig
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from failwell.server import install
from tests.server.shop import SHOP
from tests.servers.apps import under_uvicorn

from .acts import Desk, act, after_talk, before_talk, order, page, pieces
from .situations import CANARY, ORIGIN

served = under_uvicorn


@dataclass
class Order:
    item: str
    count: int = 1


@route(["/raise/{what:str}"], http_method=["GET", "HEAD"], status_code=200)
async def raise_(what: FromPath[str]) -> None:
    if what.startswith("http"):
        words = {"http404": "No such order.", "http413": "Too big.", "http503": CANARY}
        raise HTTPException(status_code=int(what[4:]), detail=words.get(what, ""))
    if what == "cancelled":
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task
    act(what)


@route(["/orders/{number:int}"], http_method=["GET", "HEAD"], status_code=200)
async def get_order(number: FromPath[int]) -> dict[str, int]:
    return {"number": number}


@delete("/orders/{number:int}", status_code=204)
async def delete_order(number: FromPath[int]) -> None: ...


@post("/orders")
async def post_order(request: Request[Any, Any, Any]) -> dict[str, str]:
    return order(await request.body())


@post("/checked")
async def checked(data: JSONBody[Order]) -> Order:
    return data


async def needed(bug: FromQuery[int] = 0) -> None:
    act("bug" if bug else "taken")


@get("/dependency", dependencies={"needed": Provide(needed)})
async def dependency(needed: NamedDependency[None]) -> None: ...


@post("/background", status_code=202)
async def background() -> Response[dict[str, bool]]:
    return Response({"later": True}, background=BackgroundTask(act, "bug"))


@get("/stream/{what:str}")
async def stream(what: FromPath[str]) -> Stream:
    return Stream(pieces(what), headers={"content-type": "text/plain"})


@get("/by-hand")
async def by_hand() -> Response[dict[str, str]]:
    return Response({"own": "teapot"}, status_code=418)


@route("/page/{what:str}", http_method=["GET", "POST"], status_code=200)
async def by_hand_page(what: FromPath[str]) -> Response[bytes]:
    status, kind, text = page(what)
    return Response(text, status_code=status, media_type=kind)


@get("/broken-header")
async def broken_header() -> Response[None]:
    return Response(None, headers={"x-broken": "a\r\nx-other: b"})


@websocket("/talk/{what:str}")
async def talk(socket: WebSocket[Any, Any, Any], what: FromPath[str]) -> None:
    before_talk(what)
    if what == "no":
        await socket.close()
        return
    if what == "http404":
        raise HTTPException(status_code=404, detail="No such line.")
    await socket.accept()
    after_talk(what)
    await socket.send_text(await socket.receive_text())
    await socket.close()


@get("/public")
async def public() -> dict[str, bool]:
    return {"public": True}


class Raising(ASGIMiddleware):
    """Middleware of the app's own, which fails."""

    async def handle(self, scope: Any, receive: Any, send: Any, next_app: Any) -> None:
        act(scope["path"].rpartition("/")[2])


@get("/{what:str}", middleware=[Raising()])
async def below_middleware(what: FromPath[str]) -> None: ...


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    handlers: list[Any] = [
        get_order,
        delete_order,
        post_order,
        checked,
        raise_,
        dependency,
        background,
        stream,
        by_hand,
    ]
    handlers += [by_hand_page, talk, broken_header, public, Router("/middleware", route_handlers=[below_middleware])]
    made = Litestar(
        [*handlers, Router("/sub", route_handlers=[raise_, talk])],
        cors_config=CORSConfig(allow_origins=[ORIGIN], allow_methods=["GET", "POST"]),
        logging_config=None,
    )
    install(made, SHOP, **desk.settings)
    return made
