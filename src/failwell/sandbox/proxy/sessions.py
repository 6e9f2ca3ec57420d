"""Breaks a websocket session in what its server says, after so many frames and bytes."""

from __future__ import annotations

import struct

from failwell.sandbox.faults.steps import LONGEST_WAIT, BreakSession
from failwell.sandbox.proxy.connection import GoneError, ProxyConnection

GARBAGE = b"\xff\x7f<html>502 Bad Gateway</html>"
"""Bytes that are no frame: all reserved bits are set, and it is masked, which no server does."""


class FrameGate:
    """Lets *frames* frames of a server pass, and *into* bytes of what follows; then it is `shut`."""

    def __init__(self, frames: int, into: int) -> None:
        self._frames = frames
        self._into = into
        self._head = b""
        self._payload = 0

    @property
    def shut(self) -> bool:
        """Whether nothing passes any more."""
        return not self._frames and not self._into

    def take(self, data: bytes) -> bytes:
        """What passes of *data*, the next bytes of the server."""
        at = 0
        while at < len(data) and not self.shut:
            if not self._frames:
                some = min(self._into, len(data) - at)
                self._into -= some
                at += some
            elif self._payload:
                some = min(self._payload, len(data) - at)
                self._payload -= some
                at += some
                self._frames -= not self._payload
            else:
                self._head += data[at : at + 1]
                at += 1
                self._read_head()
        return data[:at]

    def _read_head(self) -> None:
        """Find out how long the frame is, once its head is whole (RFC 6455, 5.2)."""
        if len(self._head) < 2:
            return
        short = self._head[1] & 0x7F
        more = {126: 2, 127: 8}.get(short, 0)
        if len(self._head) < 2 + more:
            return
        self._payload = int.from_bytes(self._head[2:], "big") if more else short
        self._head = b""
        self._frames -= not self._payload


def close_frame(code: int) -> bytes:
    """The frame by which a server closes with *code*."""
    return b"\x88\x02" + struct.pack(">H", code)


async def break_off(step: BreakSession, client: ProxyConnection, server: ProxyConnection, said: bytes) -> None:
    """
    Pass on what *server* says, *said* first, until *step* happens.

    Raises: GoneError, when one of them goes away before.
    """
    gate = FrameGate(step.frames, step.into)
    while True:
        if passed := gate.take(said):
            await client.write(passed)
        if gate.shut:
            break
        said = await server.read()
        if not said:
            client.end_sending()
            return
    end = close_frame(step.code) if step.code is not None else b""
    await client.write(end + (GARBAGE if step.then == "garbage" else b""))
    if step.then == "reset":
        client.reset()
    elif step.then == "silence":
        await client.wait(LONGEST_WAIT)


async def relay_one_way(source: ProxyConnection, target: ProxyConnection) -> None:
    """Pass on what *source* says until it has closed; if one of them breaks, let the other break too."""
    try:
        while data := await source.read():
            await target.write(data)
        target.end_sending()
    except GoneError:
        # The other side shall see it break too, not end well.
        source.reset()
        target.reset()
