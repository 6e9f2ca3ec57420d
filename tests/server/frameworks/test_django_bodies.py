"""Bodies under Django's ASGI handler: it reads all of one before any middleware is called, and streams answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from failwell.server import BodyLimits
from failwell.server.frameworks.django import BoundedBodies
from failwell.server.protocol import ASGIMessage, Receive
from tests.server.shop import SHOP

from . import on_django

LIMIT = 1000


def length(request: HttpRequest) -> HttpResponse:
    """A view that says how much came."""
    return HttpResponse(b"%d" % len(request.read()), content_type="text/plain")


def fields(request: HttpRequest) -> HttpResponse:
    """A view that reads a form."""
    return HttpResponse(b"%d" % len(request.POST["a"]), content_type="text/plain")


HAPPENED: list[object] = []


async def streamed() -> AsyncGenerator[bytes]:
    """Two pieces, made on an event loop."""
    try:
        for piece in (b"one", b"two"):
            HAPPENED.append(asyncio.get_running_loop())
            yield piece
    finally:
        HAPPENED.append("closed")


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """An asynchronous view with an asynchronous stream."""
    return StreamingHttpResponse(streamed())


def scope_of(path: str, method: str, version: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """A request as an ASGI server has it."""
    return {
        "type": "http",
        "http_version": version,
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"x"), *headers],
    }


def pieces(sizes: list[int], *, last: bool = True) -> Receive:
    """A body in pieces of these *sizes*; one that has no *last* goes on, and nothing comes."""
    left = [*sizes]

    async def receive() -> ASGIMessage:
        if not left:
            await asyncio.Event().wait()
        size = left.pop(0)
        return {"type": "http.request", "body": b"a=" + b"x" * (size - 2), "more_body": bool(left) or not last}

    return receive


async def answer(path: str, body: Receive, *, version: str) -> tuple[int, bytes]:
    """The status and the body that Django answers with."""
    sent: list[dict[str, Any]] = []
    headers: list[tuple[bytes, bytes]] = []
    if path == "/fields":
        headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    if version == "1.1":
        headers.append((b"transfer-encoding", b"chunked"))
    scope = scope_of(path, "POST", version, headers)

    async def send(message: Any) -> None:
        sent.append(message)

    async with asyncio.timeout(10):
        await BoundedBodies(get_asgi_application())(scope, body, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize(
    ("path", "sizes", "answered"),
    [
        ("/length", [LIMIT], (200, b"1000")),
        ("/length", [LIMIT, 1], (413, b"1,000 bytes")),
        ("/length", [2 * LIMIT, 10, 10], (413, b"1,000 bytes")),
        ("/fields", [LIMIT], (200, b"998")),
        ("/fields", [LIMIT, 10, 10], (413, b"1,000 bytes")),
        ("/uploads/5", [5000, 10], (200, b"5010")),
        ("/uploads/5", [5000, 10, 1], (413, b"5,010 bytes")),
        ("/uploads/all", [5000, 5000], (200, b"10000")),
    ],
)
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_body_is_bounded(
    monkeypatch: pytest.MonkeyPatch, version: str, path: str, sizes: list[int], answered: tuple[int, bytes]
) -> None:
    """
    S8. Under ASGI a body has the same limits as under WSGI, also where no length announces it, as in HTTP/2.
    """
    use(monkeypatch, BodyLimits(LIMIT, uploads={"/uploads/all": None, "/uploads/*": 5010}))

    status, said = answered
    assert (status, True) == contains(asyncio.run(answer(path, pieces(sizes), version=version)), said)


@pytest.mark.parametrize("sizes", [[], [10]])
def test_body_that_does_not_come_under_asgi(monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    """
    S8. A body that is not there in time is a 408, and not waited for: what had come of it, no view gets.
    """
    use(monkeypatch, BodyLimits(seconds=0.02))

    got = asyncio.run(answer("/length", pieces(sizes, last=False), version="1.1"))
    assert (408, True) == contains(got, b"was not there after 0.02 s")


@pytest.mark.parametrize("leaves", [False, True], ids=["to its end", "and its client leaves"])
def test_asynchronous_stream(monkeypatch: pytest.MonkeyPatch, leaves: bool) -> None:
    """
    An asynchronous stream of a view is sent piece by piece, made on the server's event loop, and closed at its end.
    """
    use(monkeypatch, BodyLimits())
    happened: list[object] = []
    monkeypatch.setattr(f"{__name__}.HAPPENED", happened)

    async def asked() -> object:
        messages = iter([{"type": "http.request"}, {"type": "http.disconnect"}])
        may_leave = asyncio.Event()

        async def receive() -> ASGIMessage:
            message = next(messages)
            if message["type"] == "http.disconnect":
                await may_leave.wait()
            return message

        async def send(message: ASGIMessage) -> None:
            if piece := message.get("body"):
                happened.append(piece)
                if leaves:
                    may_leave.set()
                    await asyncio.Event().wait()  # the client takes no more

        async with asyncio.timeout(10):
            await get_asgi_application()(scope_of("/stream", "GET", "1.1", []), receive, send)
        return asyncio.get_running_loop()

    made = asyncio.run(asked())
    assert [made, b"one", *([] if leaves else [made, b"two"]), "closed"] == happened


def contains(got: tuple[int, bytes], said: bytes) -> tuple[int, bool]:
    """The status of an answer, and whether its words have what is *said*."""
    status, body = got
    return status, said in (body if status < 400 else json.loads(body)["error"]["message"].encode())


def use(monkeypatch: pytest.MonkeyPatch, bodies: BodyLimits) -> None:
    """Let Django have a contract with *bodies*, and the views of this file."""
    monkeypatch.setattr(settings, "FAILWELL", {"contract": SHOP, "bodies": bodies}, raising=False)
    monkeypatch.setattr(settings, "ROOT_URLCONF", __name__)
    monkeypatch.setattr(settings, "MIDDLEWARE", [f"{on_django.HERE}.{on_django.Contracted.__name__}"])


urlpatterns = [
    path("length", length),
    path("fields", fields),
    path("stream", stream),
    path("uploads/<what>", lambda request, what: length(request)),
]
