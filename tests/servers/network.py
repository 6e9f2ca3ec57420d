"""A network without sockets below the real connection pool: every step of it gives other tasks a turn."""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import anyio.lowlevel
import h11
import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from failwell.client import Core

Answer = Callable[[str], list[bytes]]
"""From the target of a request to the pieces of the reply."""


class Network(AsyncNetworkBackend):
    """Connects to a server that says what *answer* says. *open* are the sockets that nobody has closed."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.open: set[Wire] = set()
        self.refusing = False
        self.refused = 0

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """A connection."""
        await anyio.lowlevel.checkpoint()
        wire = Wire(self)
        self.open.add(wire)
        try:
            await anyio.lowlevel.cancel_shielded_checkpoint()
        except BaseException:
            self.open.discard(wire)
            raise
        return wire

    def below(self, core: Core) -> None:
        """Let the connections of *core* be ours."""
        transport: Any = core._transport._client._transport
        for one in (transport, *getattr(transport, "_ways", {}).values()):
            if hasattr(one, "_pool"):
                one._options["network_backend"]._backend = self


class Wire(AsyncNetworkStream):
    """Both ends of one connection."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.server = h11.Connection(h11.SERVER)
        self.coming: list[bytes] = []
        self.target = ""
        self.ended = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next piece; b"" when there is no more."""
        await anyio.lowlevel.checkpoint()
        if not self.coming and not self.ended:
            await anyio.sleep_forever()
        return self.coming.pop(0) if self.coming else b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take *buffer*; at the end of a request say what is answered."""
        await anyio.lowlevel.checkpoint()
        if not buffer:
            return
        self.server.receive_data(buffer)
        while (event := self.server.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                self.target = event.target.decode()
                if event.method == b"CONNECT":
                    self.coming.append(b"HTTP/1.1 200 Connected\r\n\r\n")
                    self.server = h11.Connection(h11.SERVER)
                    return
            elif isinstance(event, h11.EndOfMessage):
                self.say(self.network.answer(self.target))

    def say(self, pieces: list[bytes]) -> None:
        """Let *pieces* be read, and be ready for another request."""
        self.coming += pieces
        self.ended = b"connection: close" in pieces[0].lower()
        self.server = h11.Connection(h11.SERVER)

    async def aclose(self) -> None:
        """Close it. As with a real one, that is done when others get their turn."""
        self.network.open.discard(self)
        await anyio.lowlevel.checkpoint()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        """Go on as if it were encrypted."""
        await anyio.lowlevel.checkpoint()
        if self.network.refusing:
            self.network.refused += 1
            raise httpcore2.ConnectError("no TLS here")
        return self

    def get_extra_info(self, info: str) -> Any:
        """Whether something came in between two requests."""
        return bool(self.coming) or self.ended if info == "is_readable" else None


def reply(body: bytes, *headers: str, status: int = 200, cuts: random.Random | None = None) -> list[bytes]:
    """The pieces of a reply, cut by chance."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    whole = "\r\n".join([*lines, "", ""]).encode() + body
    return cut(whole, cuts)


def cut(whole: bytes, cuts: random.Random | None) -> list[bytes]:
    """*whole* in up to four pieces."""
    places = sorted({0, *(cuts.randrange(len(whole)) for _ in range(cuts.randrange(4)))} if cuts else {0})
    return [whole[begin:end] for begin, end in zip(places, [*places[1:], len(whole)], strict=True)]
