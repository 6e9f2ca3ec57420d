"""Websockets under the contract: who may open one, and how one ends that goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import HTTPException, WebSocket
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from failwell.server import KeyStore, RateLimits, install
from failwell.wire import Reply, parse_reply

from .shop import SHOP, NotFoundError, Shop

pytestmark = pytest.mark.anyio

REVOKED = "revoked"


class Line:
    """Opens websockets as a server does, with or without the extension to refuse one with an answer."""

    def __init__(self, shop: Shop, folder: Path, **options: Any) -> None:
        self.raises: list[Exception] = []
        self.ran = 0

        @shop.app.websocket("/talk")
        async def talk(line: WebSocket) -> None:
            self.ran += 1
            if self.raises and "before" in str(self.raises[0]):
                raise self.raises[0]
            await line.accept()
            if self.raises:
                raise self.raises[0]
            await line.send_text("hello")
            await line.close()

        self.keys = KeyStore(folder / "keys.db")
        self.contract = install(shop.app, SHOP, keys=self.keys, **options)

    def key(self, kind: str) -> list[tuple[bytes, bytes]]:
        """The header with a key of *kind*, which is a role, or REVOKED."""
        if kind == "none":
            return []
        key = self.keys.create("a", "member" if kind == REVOKED else kind)
        if kind == REVOKED:
            self.keys.revoke(key)
        return [(b"x-api-key", key.encode())]

    async def open(
        self, headers: list[tuple[bytes, bytes]], *, answers: bool = True, path: str = "/talk"
    ) -> list[Message]:
        """What is sent to the client."""
        sent: list[Message] = []
        heard: list[Message] = [{"type": "websocket.connect"}]

        async def receive() -> Message:
            if not heard:
                await anyio.sleep_forever()
            return heard.pop()

        async def send(message: Message) -> None:
            sent.append(message)

        scope: dict[str, Any] = {"type": "websocket", "path": path, "headers": headers, "query_string": b""}
        scope["extensions"] = {"websocket.http.response": {}} if answers else {}
        await self.contract(scope, receive, send)
        return sent


def refusal(sent: list[Message]) -> tuple[str, int]:
    """How the handshake was refused: the class that a client finds in the answer, and its status."""
    start, body = sent
    assert ("websocket.http.response.start", "websocket.http.response.body") == (start["type"], body["type"])
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    error = parse_reply(Reply(start["status"], headers, body["body"]), SHOP)
    assert error.request_id == headers["x-request-id"]
    return type(error).__name__, start["status"]


@pytest.mark.parametrize(
    ("kind", "status"), [("none", 401), (REVOKED, 401), ("viewer", 403), ("member", None), ("admin", None)]
)
async def test_a_websocket_needs_a_key(shop: Shop, tmp_path: Path, *, kind: str, status: int | None) -> None:
    """
    S10. A websocket is opened with a key that holds, and in a role that may write; else its handler does not run.

    The handshake is refused with the contract's answer, or with a 403 where the server can send no more.
    """
    line = Line(shop, tmp_path)
    answered = await line.open(line.key(kind))
    closed = await line.open(line.key(kind), answers=False)

    assert (2 if status is None else 0) == line.ran
    if status is None:
        assert ["websocket.accept", "websocket.send", "websocket.close"] == [message["type"] for message in closed]
        assert b"x-request-id" in dict(answered[0]["headers"])
    else:
        assert ("UnknownError", status) == refusal(answered)
        assert [("websocket.close", 1008)] == [(message["type"], message["code"]) for message in closed]


async def test_a_public_websocket_needs_none(shop: Shop, tmp_path: Path) -> None:
    """
    A path of `public=` needs no key, as a websocket too.
    """
    line = Line(shop, tmp_path, public=("/talk",))
    sent = await line.open([])

    assert ("websocket.accept", 1) == (sent[0]["type"], line.ran)


async def test_websockets_count_towards_the_limits(shop: Shop, tmp_path: Path) -> None:
    """
    S13. Opening a websocket is a call of its key: it says what is left, and beyond the limit it is the 429.
    """
    line = Line(shop, tmp_path, limits=RateLimits("2/minute"))
    key = line.key("member")
    sent = [await line.open(key) for _ in range(3)]

    assert [b"1", b"0"] == [dict(one[0]["headers"])[b"x-ratelimit-remaining"] for one in sent[:2]]
    assert (("TooManyError", 429), 2) == (refusal(sent[2]), line.ran)
    assert b"retry-after" in dict(sent[2][0]["headers"])


@pytest.mark.parametrize(
    ("raised", "refused", "code"),
    [
        (NotFoundError("before"), ("NotFoundError", 404), None),
        (HTTPException(404, "before"), ("NotFoundError", 404), None),
        (KeyError("before"), None, None),
        (NotFoundError("after"), None, 1008),
        (KeyError("after"), None, 1011),
        (WebSocketDisconnect(1000, "after"), None, None),
    ],
    ids=["declared", "framework", "unhandled", "declared, later", "unhandled, later", "client left"],
)
async def test_what_a_handler_raises(
    shop: Shop, tmp_path: Path, raised: Exception, refused: tuple[str, int] | None, code: int | None
) -> None:
    """
    S9, S10. An error before the handshake is its answer; after it, the websocket is closed with a code, and no words.
    """
    line = Line(shop, tmp_path)
    line.raises.append(raised)
    sent = await line.open(line.key("member"))

    if refused is not None:
        assert refused == refusal(sent)
    elif code is not None:
        assert ("websocket.close", code, "") == (sent[-1]["type"], sent[-1]["code"], sent[-1]["reason"])


async def test_unknown_address(shop: Shop, tmp_path: Path) -> None:
    """
    S10. A websocket to nowhere is refused, without a key as with one.
    """
    line = Line(shop, tmp_path)
    sent = [await line.open(line.key(kind), path="/none") for kind in ("none", "member")]

    assert ("UnknownError", 401) == refusal(sent[0])
    assert ("NotFoundError", 404) == refusal(sent[1])
