"""Early responses on asyncio: an answer that comes before its request was wholly sent.

asyncio reads nothing from a socket that it cannot write to any more, and would lose what the server said first.
"""

from __future__ import annotations

import asyncio

import anyio
import anyio.lowlevel
import httpcore2
from httpcore2 import AsyncNetworkStream

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
        if first or (self._written <= UNHEARD and not self._is_readable()) or not _on_asyncio():
            await self._stream.write(buffer, timeout)
            return
        for start in range(0, len(buffer), SLICE):
            await self._write(buffer[start : start + SLICE], timeout)

    async def _write(self, buffer: bytes, timeout: float | None) -> None:
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
            except Exception as met:  # noqa: BLE001 - raised below, outside of the group
                problem = met
                both.cancel_scope.deadline = anyio.current_time() + LAST_WORDS
            else:
                both.cancel_scope.cancel()
        if self._is_refused():
            problem = httpcore2.WriteError("the server answered before it had all of the request")
        if problem is not None:
            raise problem

    def _is_readable(self) -> bool:
        return bool(self._stream.get_extra_info("is_readable"))

    def _is_refused(self) -> bool:
        """Whether an answer began for which the rest of the request is of no use."""
        return _status(self._said) in (b"3", b"4", b"5")


def _status(said: bytes) -> bytes:
    """The first digit of the status of the final answer in *said*, behind hints (RFC 9110, 15.2); b"" for none yet."""
    while said[9:10] == b"1" and said.startswith(b"HTTP/"):
        said = said.partition(b"\r\n\r\n")[2]
    return said[9:10]


def _on_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
