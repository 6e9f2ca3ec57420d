"""Servers that answer before they have read a large body, and hang up, as nginx does: over sockets, in each colour."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, TypeVar

import anyio
import pytest

from failwell.client import Awaiting, Blocking, Core, Resource, json_body, operation
from failwell.client.transport.httpx.early_answers import EarlyAnswer
from failwell.policy import Flow
from failwell.wire.messages import Content
from pictograph.exceptions import (
    CATALOGUE,
    ApiError,
    AuthError,
    NetworkError,
    PictographError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from tests.servers.sockets import Peer, Step, http, serving

from .colours import every_transport

C = TypeVar("C", Blocking, Awaiting)

BODY = b"x" * 5_000_000
CONTENTS: dict[str, Content] = {
    "bytes": BODY,
    "blocks": lambda: [BODY[:65_536]] * 77,
    "small pieces": lambda: [BODY[:2000]] * 1_000,
}
REFUSALS = {401: AuthError, 413: ApiError, 429: RateLimitError, 503: ServerError}


class Puts(Resource[C], name="puts"):
    """A large body."""

    @operation
    def put(self, content: Content) -> Flow[Any]:
        """Put it there."""
        return (yield from self.core.call("puts.put", "PUT", "/x", json_body, content=content))


def put(colour: str, url: str, content: Content, **more: Any) -> Any:
    """What a client of *colour* gets for *content*."""
    kind, _, fast = colour.partition(" ")
    settings: dict[str, Any] = {"timeout": 10.0, "http": "fast" if fast else "httpx2", **more}
    if kind == "blocking":
        blocking: Puts[Blocking] = Puts(Core(CATALOGUE, base_url=url, **settings))
        try:
            return blocking.put(content)
        finally:
            blocking.core.close()

    async def run() -> Any:
        awaiting: Puts[Awaiting] = Puts(Core(CATALOGUE, base_url=url, awaiting=True, **settings))
        try:
            return await awaiting.put(content)
        finally:
            await awaiting.core.aclose()

    return anyio.run(run, backend=kind)


def refusing(status: int, *, then: str = "") -> Step:
    """Read a little, answer, and hang up with the rest unread; or "linger" for a while, or "stay" and read no more."""

    def step(peer: Peer) -> None:
        peer.sock.recv(4096)
        peer.say(http(status, b'{"detail": "No"}', "Retry-After: 500"))
        if then == "linger":
            peer.sock.shutdown(socket.SHUT_WR)
            while peer.sock.recv(65_536):
                pass
        elif then == "stay":
            peer.stopping.wait(10)

    return step


@every_transport
@pytest.mark.parametrize("how", CONTENTS)
@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("then", ["hang up", "linger"])
def test_an_answer_before_the_end_of_the_request(then: str, status: int, how: str, colour: str) -> None:
    """
    What the server said of a body that it did not read is raised, after one connection.
    """
    # pyreqwest may see the end of the connection before the answer: docs/fast.md says so.
    may_be_lost = then == "hang up" and "fast" in colour
    settings: dict[str, Any] = {"max_retries": 0} if may_be_lost else {}
    with serving(refusing(status, then=then), reading=False) as server, pytest.raises(PictographError) as caught:
        put(colour, server.url, CONTENTS[how], **settings)

    if may_be_lost and isinstance(caught.value, NetworkError):
        assert "No whole answer to PUT /x: " in str(caught.value)
    else:
        assert (REFUSALS[status], status, "No") == (type(caught.value), caught.value.status_code, str(caught.value))
    assert 1 == server.connections


@pytest.mark.parametrize("status", REFUSALS)
def test_an_answer_and_a_reset_that_nobody_saw_coming(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    On asyncio, which closes a socket that it cannot write to: what came before the reset is read all the same.
    """
    monkeypatch.setattr(EarlyAnswer, "_is_readable", lambda _: False)
    gone = threading.Event()

    def step(peer: Peer) -> None:
        refused = refusing(status)
        assert callable(refused)
        refused(peer)
        peer.sock.close()
        gone.set()

    def pieces() -> Iterator[bytes]:
        yield b"x" * 10_000
        gone.wait(10)
        yield BODY

    with serving(step, reading=False) as server, pytest.raises(PictographError) as caught:
        put("asyncio", server.url, pieces)

    assert (REFUSALS[status], status, "No", 1) == (
        type(caught.value),
        caught.value.status_code,
        str(caught.value),
        server.connections,
    )


@every_transport
def test_an_answer_of_a_server_that_stays(colour: str) -> None:
    """
    Where the server reads no more and does not hang up either: the same, of whatever listens while it sends.

    httpx2 blocking and on trio does not: there it is the timeout.
    """
    deaf = colour in ("blocking", "trio")
    kind, status, timeout = (RequestTimeoutError, None, 1.0) if deaf else (ApiError, 413, 10.0)
    with serving(refusing(413, then="stay"), reading=False) as server, pytest.raises(PictographError) as caught:
        put(colour, server.url, BODY, timeout=timeout, max_retries=0)

    assert (kind, status, 1) == (type(caught.value), caught.value.status_code, len(caught.value.attempts))


HINTS = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n",
    "102 twice": b"HTTP/1.1 102 Processing\r\n\r\n" * 2,
    "half a head": b"HTTP/1.1 10",
}


@every_transport
@pytest.mark.parametrize("hint", HINTS)
def test_hints_do_not_end_a_request(hint: str, colour: str) -> None:
    """
    After a 1xx the rest of the body is sent, and the final answer counts.
    """
    whole = HINTS[hint] if hint != "half a head" else HINTS["103"]

    def step(peer: Peer) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += peer.sock.recv(1024)
        peer.say(HINTS[hint])
        time.sleep(0.05)
        if hint == "half a head":
            peer.say(whole[len(HINTS[hint]) :])
        left = len(BODY) - len(head.partition(b"\r\n\r\n")[2])
        while left:
            left -= len(peer.sock.recv(65_536))
        peer.say(http(200, b'{"read": "all"}'))

    with serving(step, reading=False) as server:
        assert {"read": "all"} == put(colour, server.url, BODY)


@every_transport
def test_a_success_that_begins_early(colour: str) -> None:
    """
    A server may begin a success while it still reads: the rest of the body is sent.
    """

    def step(peer: Peer) -> None:
        peer.sock.recv(1)
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n")
        time.sleep(0.05)
        read = 1
        while read < len(BODY) and (piece := peer.sock.recv(65_536)):
            read += len(piece)
        peer.say(b'{"read": "all"}')

    with serving(step, reading=False) as server:
        assert {"read": "all"} == put(colour, server.url, BODY)


def test_cancelled_while_it_listens() -> None:
    """
    A large upload that is cancelled while the server reads nothing leaves neither a task nor a connection.
    """

    def silent(peer: Peer) -> None:
        peer.sock.recv(1)
        gone.append(_until_closed(peer))

    gone: list[bool] = []

    async def run() -> int:
        core = Core(CATALOGUE, base_url=server.url, awaiting=True, timeout=10.0)
        puts: Puts[Awaiting] = Puts(core)
        before = len(asyncio.all_tasks())
        with anyio.move_on_after(0.3) as scope:
            await puts.put(BODY * 4)
        assert scope.cancelled_caught
        left = len(asyncio.all_tasks()) - before
        await anyio.sleep(0.1)
        await core.aclose()
        return left

    with serving(silent, reading=False) as server:
        assert 0 == anyio.run(run, backend="asyncio")
    assert [True] == gone


def _until_closed(peer: Peer) -> bool:
    """Whether the client closes its connection, of which nothing is read until then."""
    peer.stopping.wait(1.0)
    try:
        while peer.sock.recv(1_000_000):
            pass
    except OSError:
        pass
    return True
