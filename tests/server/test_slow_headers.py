"""Clients that send their headers slowly, or nothing: they hold no connection for ever (slow loris)."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

import pytest
import uvicorn
from aiohttp import web
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config as HypercornConfig
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from failwell.sandbox import FaultLayer, in_thread, listen
from failwell.sandbox.serving import configured, serve
from failwell.server import install
from failwell.server.http.uvicorn import HeaderTimeoutProtocol
from tests.server.shop import SHOP

SECONDS = 0.15
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
WHOLE = HEAD + b"\r\n"
UPLOAD = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
UPGRADE = (
    b"GET /silent HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING, PONG = b"\x89\x80\x00\x00\x00\x00", b"\x8a\x00"


class Impatient(HeaderTimeoutProtocol):
    """Waits no longer than a test does."""

    header_seconds = SECONDS


async def hello(request: Request) -> PlainTextResponse:
    """Answers at once."""
    return PlainTextResponse("hello")


async def late(request: Request) -> PlainTextResponse:
    """Answers later than headers may come."""
    await asyncio.sleep(2 * SECONDS)
    return PlainTextResponse("late")


async def silent(line: WebSocket) -> None:
    """Is silent."""
    await line.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await line.receive_text()


def app() -> Any:
    """The app that all of them serve."""
    routes = [Route("/", hello), Route("/late", late), WebSocketRoute("/silent", silent)]
    return install(Starlette(routes=routes), SHOP)


def of_uvicorn() -> Generator[int]:
    """The port of a uvicorn as our own servers run it, but for its patience."""
    listening = listen("127.0.0.1", 0)
    config = configured(app())
    config.http = Impatient
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def of_fault_layer() -> Generator[int]:
    """The port of a sandbox's fault layer."""
    with serve(app()) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        layer = FaultLayer((host, int(port)), longest_head=SECONDS)
        with in_thread(layer):
            yield layer.port


def in_a_loop(started: Any) -> Generator[int]:
    """The port of an awaiting server, which *started* brings up on a socket, in a loop of its own."""
    listening = listen("127.0.0.1", 0)
    port: int = listening.getsockname()[1]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stop = asyncio.run_coroutine_threadsafe(started(listening), loop).result(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def start_aiohttp(listening: socket.socket) -> Any:
    """aiohttp, with the setting that docs/servers.md names."""
    runner = web.AppRunner(web.Application(), access_log=None, keepalive_timeout=SECONDS)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    return runner.cleanup


async def start_hypercorn(listening: socket.socket) -> Any:
    """Hypercorn, with the setting that docs/servers.md names."""
    config = HypercornConfig()
    config.bind = [f"fd://{listening.detach()}"]
    config.keep_alive_timeout = SECONDS
    config.errorlog = None
    over = asyncio.Event()
    task = asyncio.ensure_future(hypercorn_serve(app(), config, shutdown_trigger=over.wait))
    await asyncio.sleep(0)

    async def stop() -> None:
        over.set()
        await task

    return stop


SERVERS: dict[str, Callable[[], Generator[int]]] = {
    "uvicorn": of_uvicorn,
    "fault layer": of_fault_layer,
    "aiohttp": partial(in_a_loop, start_aiohttp),
    "hypercorn": partial(in_a_loop, start_hypercorn),
}


@pytest.fixture(scope="module", params=SERVERS)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of each server."""
    yield from SERVERS[request.param]()


def until_closed(port: int, begin: bytes, trickled: bytes) -> bytes:
    """What comes after *begin*, and then a byte of *trickled* again and again, until the server closes."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(begin)
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            readable, _, _ = select.select([line], [], [], SECONDS / 5)
            try:
                if readable:
                    if not (more := line.recv(65536)):
                        return got
                    got += more
                line.sendall(trickled)
            except OSError:
                return got
    pytest.fail(f"The connection is still open after 10 s. It said {got[:200]!r}.")


@pytest.mark.parametrize(
    ("begin", "trickled", "answers"),
    [
        (b"", b"", 0),
        (HEAD + b"X-Slow: ", b"", 0),
        (HEAD + b"X-Slow: ", b"a", 0),
        (WHOLE + HEAD + b"X-Slow: ", b"a", 1),
    ],
    ids=["says nothing", "half a header", "a header that trickles", "the second request's header trickles"],
)
def test_slow_headers(port: int, begin: bytes, trickled: bytes, answers: int) -> None:
    """
    S10. A connection on which no request comes whole is closed, on each server with the setting that bounds it.
    """
    assert answers == until_closed(port, begin, trickled).count(b"HTTP/1.1 ")


@pytest.fixture(scope="module")
def uvicorn_port() -> Iterator[int]:
    """The port of a uvicorn with our protocol."""
    yield from of_uvicorn()


def test_body_that_nobody_waits_for(uvicorn_port: int) -> None:
    """
    A body that trickles in after its request was refused holds no connection either.
    """
    assert b"413" == until_closed(uvicorn_port, UPLOAD, b"a").split(b" ", 2)[1]


def test_slow_answer_is_waited_for(uvicorn_port: int) -> None:
    """
    Only headers have to hurry: an answer takes as long as it takes.
    """
    with socket.create_connection(("127.0.0.1", uvicorn_port), timeout=10) as line:
        line.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        assert b"late" == line.makefile("rb").read()[-4:]


def test_websocket_stays_open(uvicorn_port: int) -> None:
    """
    A websocket may be silent for longer than headers may take.
    """
    with socket.create_connection(("127.0.0.1", uvicorn_port), timeout=10) as line:
        line.sendall(UPGRADE)
        assert line.recv(65536).startswith(b"HTTP/1.1 101 ")
        assert not select.select([line], [], [], 2 * SECONDS)[0]
        line.sendall(PING)

        assert PONG == line.recv(65536)


def test_our_own_servers_are_bounded() -> None:
    """
    Sandboxes and reference servers run uvicorn with that protocol, with 30 s for the headers.
    """
    config = configured(app())
    config.load()

    assert (HeaderTimeoutProtocol, 30.0) == (config.http_protocol_class, HeaderTimeoutProtocol.header_seconds)
