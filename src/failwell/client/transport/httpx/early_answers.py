"""Early responses on asyncio: an answer that comes before its request was wholly sent.

asyncio reads nothing from a socket that it cannot write to any more, and would lose what the server said first.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator

import anyio
import anyio.lowlevel
import httpcore2
from httpcore2 import AsyncNetworkStream

from failwell.client.transport.httpx.event_loops import on_asyncio

UNHEARD = 64 * 1024
"""Bytes of a request that are sent without listening meanwhile."""
SLICE = 256 * 1024
"""Bytes that are sent between two looks whether an answer is there."""
TURNS = 4
"""Turns of an event loop in which it reads what is there."""
LAST_WORDS = 1.0
"""Seconds in which what came before a failure is read."""


class EarlyAnswer:
    """Writes a request to *stream*, and holds what the server said meanwhile."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream
        self._written = 0
        self._said = b""

    def taken(self, most: int) -> bytes:
        """The next of what came, at most so many bytes. The request is over."""
        self._written = 0
        said, self._said = self._said[:most], self._said[most:]
        return said

    async def write(self, buffer: bytes, timeout: float | None) -> None:
        """Send all of *buffer*; of a long request only as much as the server wants before it answers with an error.

        Raises:
            WriteError: the server has answered so. What it said is taken next.
        """
        first, self._written = not self._written, self._written + len(buffer)
        if first or (self._written <= UNHEARD and not self._is_readable()) or not on_asyncio():
            await self._stream.write(buffer, timeout)
            return
        with _second_handle(self._stream) as handle:
            for start in range(0, len(buffer), SLICE):
                await self._write(buffer[start : start + SLICE], timeout, handle)

    async def _write(self, buffer: bytes, timeout: float | None, handle: socket.socket | None) -> None:
        problem = await self._write_and_listen(buffer, timeout)
        if handle is not None and not self._said and self._is_closed():
            with contextlib.suppress(OSError):
                self._said = handle.recv(UNHEARD)
        if self._is_refused():
            raise httpcore2.WriteError("the server answered before it had all of the request")
        if problem is not None:
            raise problem

    async def _write_and_listen(self, buffer: bytes, timeout: float | None) -> Exception | None:
        """Send *buffer*, and hear what is said meanwhile; what sending failed with, if it did."""
        waiting = self._is_readable()
        problem: Exception | None = None
        async with anyio.create_task_group() as both:

            async def listen() -> None:
                try:
                    while not _status(self._said) and (data := await self._stream.read(UNHEARD)):
                        self._said += data
                except Exception:  # noqa: BLE001 - whoever reads next meets it again
                    return
                if self._is_refused():
                    both.cancel_scope.cancel()

            both.start_soon(listen)
            try:
                for _ in range(TURNS if waiting else 0):
                    await anyio.lowlevel.checkpoint()
                await self._stream.write(buffer, timeout)
            except Exception as met:  # noqa: BLE001 - returned below, outside of the group
                problem = met
                both.cancel_scope.deadline = anyio.current_time() + LAST_WORDS
            else:
                await anyio.lowlevel.checkpoint()  # asyncio tells of a failure a turn later, by closing the socket
                both.cancel_scope.cancel()
        return problem

    def _is_readable(self) -> bool:
        return bool(self._stream.get_extra_info("is_readable"))

    def _is_closed(self) -> bool:
        return bool(self._stream.get_extra_info("socket").fileno() < 0)

    def _is_refused(self) -> bool:
        """Whether an answer began for which the rest of the request is of no use."""
        return _status(self._said) in (b"3", b"4", b"5")


@contextlib.contextmanager
def _second_handle(stream: AsyncNetworkStream) -> Generator[socket.socket | None]:
    """The socket of *stream* once more: what came before a reset can be read there when asyncio has closed its own.

    None where there is none to be read: it is closed, or speaks TLS.
    """
    raw = stream.get_extra_info("socket")
    if raw is None or raw.fileno() < 0 or stream.get_extra_info("ssl_object") is not None:
        yield None
        return
    with raw.dup() as handle:
        handle.setblocking(False)
        yield handle


def _status(said: bytes) -> bytes:
    """The first digit of the status of the final answer in *said*, behind hints (RFC 9110, 15.2); b"" for none yet."""
    while said[9:10] == b"1" and said.startswith(b"HTTP/"):
        said = said.partition(b"\r\n\r\n")[2]
    return said[9:10]
