"""The shop on Quart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from quart import Blueprint, Quart, Response, abort, request, websocket

from failwell.server import Failwell
from tests.server.shop import SHOP
from tests.servers.apps import under_uvicorn

from .acts import Desk, act, after_talk, before_talk, order, page, pieces
from .situations import CANARY

served = under_uvicorn


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, content_type="application/json")


sub = Blueprint("sub", __name__, url_prefix="/sub")


@sub.get("/raise/<what>", endpoint="raise")
async def raise_(what: str) -> Any:
    if what.startswith("http"):
        words = {"http404": "No such order.", "http413": "Too big.", "http503": CANARY}
        abort(int(what[4:]), words.get(what))
    if what == "cancelled":
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task
    act(what)


@sub.websocket("/talk/<what>")
async def talk(what: str) -> None:
    before_talk(what)
    if what == "no":
        await websocket.close(1000)
        return
    if what == "http404":
        abort(404, "No such line.")
    await websocket.accept()
    after_talk(what)
    await websocket.send(await websocket.receive())


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    made = Quart(__name__)
    made.register_blueprint(sub)
    made.add_url_rule("/raise/<what>", view_func=raise_)

    @made.get("/orders/<int:number>")
    async def get_order(number: int) -> Any:
        return answer({"number": number})

    @made.delete("/orders/<int:number>")
    async def delete_order(number: int) -> Any:
        gone = Response(status=204)
        del gone.headers["content-type"]
        return gone

    @made.post("/orders")
    async def post_order() -> Any:
        return answer(order(await request.body), 201)

    @made.post("/checked")
    async def checked() -> Any:
        return await request.get_json()

    @made.post("/background")
    async def background() -> Any:
        made.add_background_task(act, "bug")
        return answer({"later": True}, 202)

    @made.get("/stream/<what>")
    async def stream(what: str) -> Any:
        async def parts() -> AsyncIterator[bytes]:
            for piece in pieces(what):
                yield piece

        return parts(), 200, {"content-type": "text/plain"}

    @made.get("/by-hand")
    async def by_hand() -> Any:
        return answer({"own": "teapot"}, 418)

    @made.route("/page/<what>", methods=["GET", "POST"])
    async def by_hand_page(what: str) -> Any:
        status, kind, text = page(what)
        return Response(text, status, content_type=f"{kind}; charset=utf-8")

    @made.get("/broken-header")
    async def broken_header() -> Any:
        return "", 200, {"x-broken": "a\r\nx-other: b"}

    made.add_websocket("/talk/<what>", view_func=talk)

    @made.get("/public")
    async def public() -> Any:
        return answer({"public": True})

    @made.before_request
    async def raising() -> None:
        if request.path.startswith("/middleware/"):
            act(request.path.rpartition("/")[2])
        if request.path == "/dependency":
            act("bug" if request.args else "taken")

    Failwell(made, SHOP, **desk.settings)
    return made
