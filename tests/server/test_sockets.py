"""What only a real connection shows: that a reply which breaks off does not look whole."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from failwell.server import Contract, install
from tests.servers.apps import under_uvicorn

from .shop import SHOP, NotFoundError


def app() -> Contract:
    """An app whose replies end in every way."""
    app = FastAPI()

    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise KeyError("boom")

    @app.get("/chunked")
    async def chunked() -> StreamingResponse:
        return StreamingResponse(half())

    @app.get("/sized")
    async def sized() -> StreamingResponse:
        return StreamingResponse(half(), headers={"content-length": "8"})

    @app.get("/short")
    async def short() -> Response:
        return Response(b"half", headers={"content-length": "8"})

    @app.api_route("/gone", methods=["GET", "HEAD"])
    async def gone() -> None:
        raise NotFoundError("Gone.")

    @app.get("/unchanged")
    async def unchanged() -> Response:
        return Response(status_code=304, headers={"content-length": "12"})

    @app.get("/odd/{kind}")
    async def odd(kind: str) -> Response:
        if kind == "cancelled":
            task = asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await task
        if kind == "text":
            return Response(headers={"x-name": "a\r\nx-other: b"})
        if kind == "length":
            return Response(headers={"content-length": "-1"})
        return Response(status_code=int(kind))

    @app.websocket("/closed")
    async def closed(line: WebSocket) -> None:
        raise NotFoundError("No such talk.")

    return install(app, SHOP, strict=False)


@pytest.mark.parametrize("kind", ["799", "101", "text", "length", "cancelled"])
def test_reply_that_cannot_be_sent_is_the_500(url: str, kind: str) -> None:
    """
    S10. What the server could not have sent, or would have answered by itself, is the 500 in its envelope.
    """
    got = httpx2.get(f"{url}/odd/{kind}")

    assert (500, got.headers["x-request-id"], False) == (
        got.status_code,
        got.json()["request_id"],
        "x-other" in got.headers,
    )


@pytest.mark.parametrize("size", [10 * 1024 * 1024 + 1, 400 * 1024 * 1024])
def test_body_above_the_limit_is_refused_unread(url: str, size: int) -> None:
    """
    S8. By default a body above 10 MiB is the 413 as soon as its length is told.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"POST /gone HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        if size < 20 * 1024 * 1024:
            line.sendall(b"x" * size)
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")


def test_websocket_is_refused_with_the_answer(url: str) -> None:
    """
    S10. An error before the handshake is its answer, with the envelope, over a real connection too.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"GET /closed HTTP/1.1\r\nHost: x\r\n{upgrade}Sec-WebSocket-Key: {'a' * 22}==\r\n\r\n".encode())
        answer = b""
        while piece := line.recv(4096):
            answer += piece

    assert (True, True) == (answer.startswith(b"HTTP/1.1 404 "), b"No such talk." in answer)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a uvicorn that serves the app."""
    with under_uvicorn(app(), lifespan="off") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("path", ["/chunked", "/sized", "/short"])
def test_reply_that_breaks_off_is_cut(url: str, path: str) -> None:
    """
    S10. An exception in the middle of a reply cuts the connection: the client cannot take the half for the whole.
    """
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(url + path)


def test_connection_lives_on_after_replies_without_a_body(url: str) -> None:
    """
    S13. After HEAD and 304 the same connection goes on with the next reply: no body was left in it.
    """
    ports: set[object] = set()
    replies: list[httpx2.Response] = []
    with httpx2.Client(base_url=url) as client:
        for method, path in (("HEAD", "/gone"), ("GET", "/unchanged"), ("GET", "/gone")):
            replies.append(client.request(method, path))
            ports.add(replies[-1].extensions["network_stream"].get_extra_info("client_addr"))
    head, unchanged, gone = replies

    assert (404, 304, 404, 1) == (head.status_code, unchanged.status_code, gone.status_code, len(ports))
    assert head.headers["content-length"] == gone.headers["content-length"]
