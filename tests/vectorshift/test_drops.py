"""Sessions that break off at any byte of what the server says."""

from __future__ import annotations

import json
import random
import socket
import struct
from base64 import b64encode
from hashlib import sha1

import anyio
import pytest

from tests.servers.sockets import Listener, read_request, reset
from vectorshift import CLIENTS, Agent, SessionDisconnectedError, SessionEvent

from .sdk import Sdk

POINTS = 1000
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PIECES = ("The ", "parcel ", "comes ", "on ", "Monday", ".")


def frame(**message: object) -> bytes:
    """A message of the server as it travels."""
    text = json.dumps({"session_id": "s1", **message}).encode()
    return bytes([0x81]) + (bytes([len(text)]) if len(text) < 126 else struct.pack(">BH", 126, len(text))) + text


def whole(value: str) -> bytes:
    """The message that an answer is complete."""
    content = {"type": "data_type_message", "status": "Complete", "value": value}
    return frame(type="message_notification", message={"id": "m1", "content": content})


OPENING = frame(type="session_created") + frame(type="connect_session", success=True)
ANSWER = b"".join(frame(type="message_delta", value=piece) for piece in PIECES)
SAID = OPENING + ANSWER + whole("".join(PIECES)) + frame(type="participant_status", message={"status": "Idle"})
COMPLETE_AT = len(OPENING + ANSWER + whole("".join(PIECES)))
"""Bytes after which the answer is whole."""


def breaking_off(points: list[int], resets: random.Random) -> Listener:
    """A server that says so many bytes to each who comes, and is gone; half of the times with a reset."""

    def serve(sock: socket.socket, number: int) -> None:
        found = read_request(sock)
        accept = b64encode(sha1(found.headers["sec-websocket-key"].encode() + MAGIC).digest())  # noqa: S324 - RFC 6455
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"\r\n\r\n" + SAID[: points[number]])
        if resets.random() < 0.5:
            reset(sock)

    return Listener(serve)


def talked() -> tuple[list[SessionEvent], SessionDisconnectedError]:
    """What was heard until the end, and how it ended."""
    heard: list[SessionEvent] = []
    with pytest.raises(SessionDisconnectedError) as caught, Agent("a1").session() as session:
        heard.extend(session.listen())
    return heard, caught.value


async def atalked() -> tuple[list[SessionEvent], SessionDisconnectedError]:
    """The same, awaiting."""
    heard: list[SessionEvent] = []
    try:
        async with await Agent("a1").create_session() as session:
            async for event in session.listen():
                heard.append(event)  # noqa: PERF401 - what is heard before a drop counts
    except SessionDisconnectedError as error:
        return heard, error
    pytest.fail(f"It ended without an error, after {heard}.")


@pytest.mark.slow
def test_drops(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A session that drops at any of 1,000 random bytes ends in `SessionDisconnectedError`, and no cut answer is whole.
    """
    dice = random.Random(20_261_130)
    points = [dice.randrange(len(SAID) + 1) for _ in range(POINTS if not sdk.awaiting else POINTS // 5)]
    with breaking_off(points, dice) as server:
        monkeypatch.setenv("VECTORSHIFT_BASE_URL", server.url)
        if sdk.awaiting:

            async def main() -> list[tuple[list[SessionEvent], SessionDisconnectedError]]:
                found = [await atalked() for _ in points]
                await CLIENTS.aclose()
                return found

            ended = anyio.run(main)
        else:
            ended = [talked() for _ in points]

    for point, (heard, error) in zip(points, ended, strict=True):
        texts = [event.text for event in heard if event.is_complete]
        # A reset may take with it what was said before.
        assert texts in ([], ["".join(PIECES)])
        assert point >= COMPLETE_AT or not texts
        assert ("".join(PIECES)).startswith("".join(event.delta or "" for event in heard))
        assert (1006, ()) == (error.close_code, error.unsent)
