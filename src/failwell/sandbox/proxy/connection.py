"""TCP connections of the fault proxy: back pressure, and closing, resetting or half-closing them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable

from failwell.sandbox.faults.steps import LONGEST_WAIT
from failwell.sandbox.proxy.tls import Tls, TlsError

CHUNK = 65_536
"""Most bytes that one read returns, and about as many as wait unread before the peer is slowed down."""

_PATIENCE = 1.0
_LONGEST_GOODBYE = 10.0


class GoneError(ConnectionError):
    """The peer is not there any more."""


class ProxyConnection(asyncio.Protocol):
    """
    A TCP connection that is read and written without hidden buffers, in plain or, from `secure` on, by TLS.

    `gone` is set as soon as the peer closes or resets, even while nobody reads. A peer that only closes its sending
    half counts as gone too, as it does for uvicorn: until something is sent, nobody can tell the two apart.
    """

    def __init__(self, on_open: Callable[[ProxyConnection], None] | None = None) -> None:
        self.gone = asyncio.Event()
        self._on_open = on_open
        self._received = bytearray()
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = False
        self._broken = False
        self._paused = False
        self._tls: Tls | None = None
        self._transport: asyncio.Transport

    # -- What asyncio calls --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio: the connection stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # A write is over when the system has taken all of it, so that a reset drops nothing of ours.
        transport.set_write_buffer_limits(high=0)
        if self._on_open is not None:
            self._on_open(self)

    def data_received(self, data: bytes) -> None:
        """Asyncio: *data* came in."""
        self._received += data
        self._readable.set()
        if len(self._received) >= CHUNK and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Asyncio: the peer sends no more; True keeps our half open."""
        self._hear_the_end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio: the connection is over, by *exc* if it broke."""
        self._lost = True
        self._broken = self._broken or exc is not None
        self._writable.set()
        self._hear_the_end()

    def pause_writing(self) -> None:
        """Asyncio: the system takes no more bytes for now."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Asyncio: the system has taken all bytes."""
        self._writable.set()

    def _hear_the_end(self) -> None:
        self.gone.set()
        self._readable.set()

    # -- What we call --

    @property
    def peer(self) -> str:
        """The address of the peer, without its port; "" if the connection was over before it was read."""
        name: tuple[object, ...] | None = self._transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    @property
    def secured(self) -> bool:
        """Whether what is read and written goes by TLS."""
        return self._tls is not None

    async def first_byte(self) -> int | None:
        """The first byte that the peer sends, left to be read; None if it closes before. Raises: GoneError."""
        return self._received[0] if await self._something() else None

    async def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on. Raises: TlsError, when the peer refuses; GoneError, when it hangs up."""
        tls, done = Tls(context), False
        while not done:
            data = await self._read()
            if not data:
                raise GoneError("The peer closed the connection in the TLS handshake.")
            tls.take(data)
            try:
                done = tls.shake_hands()
            except TlsError:
                # The peer is told by an alert, if it is still there.
                with contextlib.suppress(GoneError):
                    await self._write(tls.to_send())
                raise
            await self._write(tls.to_send())
        self._tls = tls

    async def read(self) -> bytes:
        """The next bytes, at most `CHUNK`; b"" when the peer has closed. Raises: GoneError, when it reset."""
        if self._tls is None:
            return await self._read()
        try:
            while (data := self._tls.decrypted()) is None:
                received = await self._read()
                if not received:
                    return b""
                self._tls.take(received)
        except TlsError as problem:
            raise GoneError(f"The peer broke TLS: {problem.reason}.") from problem
        return data

    async def _something(self) -> bool:
        """Wait until there is something to read; False when the peer has closed. Raises: GoneError, when it reset."""
        while not self._received:
            if self._broken:
                raise GoneError("The peer reset the connection.")
            if self.gone.is_set():
                return False
            self._readable.clear()
            await self._readable.wait()
        return True

    async def _read(self) -> bytes:
        if not await self._something():
            return b""
        data = bytes(self._received[:CHUNK])
        del self._received[:CHUNK]
        if self._paused and len(self._received) < CHUNK:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Send *data* and wait until the system has all of it. Raises: GoneError."""
        if self._tls is not None and data:
            try:
                self._tls.encrypt(data)
            except TlsError as problem:
                raise GoneError(f"The peer broke TLS: {problem.reason}.") from problem
            data = self._tls.to_send()
        await self._write(data)

    async def _write(self, data: bytes) -> None:
        if data and not self._lost:
            self._transport.write(data)
            await self._writable.wait()
        if self._lost:
            raise GoneError("The peer closed the connection.")

    async def wait_until_gone(self) -> None:
        """Wait for the peer to go away. Raises: GoneError, then."""
        await self.gone.wait()
        raise GoneError("The peer went away.")

    async def wait(self, seconds: float) -> None:
        """Let *seconds* go by, but no more than a step may take. Raises: GoneError, as soon as the peer goes away."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wait_until_gone(), min(seconds, LONGEST_WAIT))

    def end_sending(self) -> None:
        """Send FIN; what the peer still sends can be read."""
        # A connection that broke in this moment has no half left to close.
        with contextlib.suppress(OSError):
            if self._tls is not None:
                self._tls.say_goodbye()
                self._transport.write(self._tls.to_send())
            self._transport.write_eof()

    async def close(self) -> None:
        """Send FIN, and make sure that the peer sees it as one."""
        self.end_sending()
        # Closing with bytes unread would make the system send RST, so they are taken in, for a while.
        with contextlib.suppress(TimeoutError, GoneError):
            async with asyncio.timeout(_LONGEST_GOODBYE):
                while await asyncio.wait_for(self._read(), _PATIENCE):
                    pass
        self._transport.close()

    def reset(self) -> None:
        """Send RST."""
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is not None and not self._lost:
            # Lingering for 0 s is how a program asks its system for RST instead of FIN.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def drop(self) -> None:
        """End the connection at once, in whatever way the system finds."""
        self._transport.abort()
