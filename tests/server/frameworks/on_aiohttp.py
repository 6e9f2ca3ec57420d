"""The shop on aiohttp.web."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from failwell.server.frameworks.aiohttp import setup
from tests.server.shop import SHOP

from .acts import Desk, act, after_talk, before_talk, order, page, pieces
from .situations import CANARY

RAISED: dict[str, tuple[Any, str | None]] = {
    "http404": (web.HTTPNotFound, "No such order."),
    "http415": (web.HTTPUnsupportedMediaType, None),
    "http503": (web.HTTPServiceUnavailable, CANARY),
}


def answer(body: object, status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(body, separators=(",", ":")).encode(), status=status, content_type="application/json"
    )


async def raise_(request: web.Request) -> web.Response:
    what = request.match_info["what"]
    if what == "http413":
        raise web.HTTPRequestEntityTooLarge(1, 2, text="Too big.")
    if what in RAISED:
        cls, words = RAISED[what]
        raise cls(text=words)
    if what == "cancelled":
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task
    return act(what)  # type: ignore[no-any-return]  # it raises


async def get_order(request: web.Request) -> web.Response:
    return answer({"number": int(request.match_info["number"])})


async def delete_order(request: web.Request) -> web.Response:
    return web.Response(status=204)


async def post_order(request: web.Request) -> web.Response:
    return answer(order(await request.read()), 201)


async def checked(request: web.Request) -> web.Response:
    return answer(await request.json())


async def dependency(request: web.Request) -> web.Response:
    return act("bug" if request.query else "taken")  # type: ignore[no-any-return]  # it raises


async def background(request: web.Request) -> web.Response:
    asyncio.get_running_loop().call_soon(act, "bug")
    return answer({"later": True}, 202)


async def stream(request: web.Request) -> web.StreamResponse:
    streamed = web.StreamResponse(headers={"content-type": "text/plain"})
    await streamed.prepare(request)
    for piece in pieces(request.match_info["what"]):
        await streamed.write(piece)
    return streamed


async def by_hand(request: web.Request) -> web.Response:
    return answer({"own": "teapot"}, 418)


async def by_hand_page(request: web.Request) -> web.Response:
    status, kind, text = page(request.match_info["what"])
    return web.Response(body=text, status=status, content_type=kind, charset="utf-8")


async def broken_header(request: web.Request) -> web.Response:
    return web.Response(headers={"x-broken": "a\r\nx-other: b"})


async def talk(request: web.Request) -> web.WebSocketResponse:
    what = request.match_info["what"]
    before_talk(what)
    if what == "no":
        raise web.HTTPForbidden
    if what == "http404":
        raise web.HTTPNotFound(text="No such line.")
    line = web.WebSocketResponse()
    await line.prepare(request)
    after_talk(what)
    await line.send_str(await line.receive_str())
    await line.close()
    return line


async def public(request: web.Request) -> web.Response:
    return answer({"public": True})


@web.middleware
async def raising(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.path.startswith("/middleware/"):
        act(request.path.rpartition("/")[2])
    answered: web.StreamResponse = await handler(request)
    return answered


def app(desk: Desk) -> Any:
    """The shop, with its contract."""
    made, sub = web.Application(middlewares=[raising]), web.Application()
    sub.router.add_get("/raise/{what}", raise_)
    sub.router.add_get("/talk/{what}", talk)
    made.router.add_get("/talk/{what}", talk)
    made.router.add_get("/orders/{number:[0-9]+}", get_order)
    made.router.add_delete("/orders/{number:[0-9]+}", delete_order)
    made.router.add_post("/orders", post_order)
    made.router.add_post("/checked", checked)
    made.router.add_get("/raise/{what}", raise_)
    made.router.add_get("/dependency", dependency)
    made.router.add_post("/background", background)
    made.router.add_get("/stream/{what}", stream)
    made.router.add_get("/by-hand", by_hand)
    made.router.add_route("*", "/page/{what}", by_hand_page)
    made.router.add_get("/broken-header", broken_header)
    made.router.add_get("/public", public)
    made.add_subapp("/sub", sub)
    setup(made, SHOP, **desk.settings)
    return made


@contextmanager
def served(made: web.Application) -> Generator[int]:
    """The port at which aiohttp serves the app."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # the bug in the background is one on purpose
    runner = web.AppRunner(made, access_log=None)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield runner.addresses[0][1]
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
