"""What only a real connection shows: that a reply which breaks off does not look whole."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from failwell.server import Contract, install

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

    @app.api_route("/gone", methods=["GET", "HEAD"])
    async def gone() -> None:
        raise NotFoundError("Gone.")

    @app.get("/unchanged")
    async def unchanged() -> Response:
        return Response(status_code=304, headers={"content-length": "12"})

    return install(app, SHOP)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a uvicorn that serves the app."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.mark.parametrize("path", ["/chunked", "/sized"])
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
