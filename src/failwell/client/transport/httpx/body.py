"""Streamed response bodies: read piece by piece, closed at their end, at a failure, or early."""

from __future__ import annotations

from typing import Any, NamedTuple

import anyio
import httpx2

from failwell._support.secret import Secret
from failwell.client.transport.content_coding import apieces_of, pieces_of
from failwell.client.transport.failures import LIBRARY_ERRORS, AttemptTimeoutError, failure
from failwell.client.transport.httpx.blocking_network import Until
from failwell.wire.messages import Failure, Reply


class UpgradedSocket(NamedTuple):
    """A connection that is no HTTP any more, None where the transport shows none; and what must not be shown of it."""

    stream: Any
    secrets: tuple[Secret, ...]


class _Body:
    def __init__(self, head: Reply, response: httpx2.Response, secrets: tuple[Secret, ...]) -> None:
        self.head = head
        self._response = response
        self._secrets = secrets

    @property
    def socket(self) -> UpgradedSocket:
        """What became of the connection, where the head is a 101."""
        return UpgradedSocket(self._response.extensions.get("network_stream"), self._secrets)


class BlockingBody(_Body):
    """A body that is read blocking. *until* is the moment that its socket keeps to."""

    def __init__(self, head: Reply, response: httpx2.Response, until: Until, secrets: tuple[Secret, ...]) -> None:
        super().__init__(head, response, secrets)
        self._pieces = pieces_of(response, head.headers.get("content-encoding"))
        self._until = until

    def read(self, timeout: float | None) -> bytes | Failure:
        """The next piece, decoded, within *timeout* seconds of each wait for the socket; b"" at the end."""
        self._until.within(timeout)
        found: bytes | Failure = b""
        try:
            if timeout == 0:
                raise AttemptTimeoutError("the stream's time was used up")
            for piece in self._pieces:
                if piece:
                    return piece
        except (*LIBRARY_ERRORS, AttemptTimeoutError) as problem:
            found = failure(problem, self._secrets)
        self.close()
        return found

    def close(self) -> None:
        """Close the connection, unless the body has been read to its end."""
        self._response.close()


class AwaitingBody(_Body):
    """A body that is awaited."""

    def __init__(self, head: Reply, response: httpx2.Response, secrets: tuple[Secret, ...]) -> None:
        super().__init__(head, response, secrets)
        self._pieces = apieces_of(response, head.headers.get("content-encoding"))

    async def read(self, timeout: float | None) -> bytes | Failure:
        """The next piece, decoded, within *timeout* seconds; b"" at the end."""
        found: bytes | Failure = failure(AttemptTimeoutError("the stream's time was used up"), self._secrets)
        try:
            with anyio.move_on_after(timeout):
                while (piece := await anext(self._pieces, None)) is not None:
                    if piece:
                        return piece
                found = b""
        except LIBRARY_ERRORS as problem:
            found = failure(problem, self._secrets)
        await self.aclose()
        return found

    async def aclose(self) -> None:
        """Close the connection, unless the body has been read to its end."""
        with anyio.CancelScope(shield=True):
            try:
                await self._pieces.aclose()
            finally:
                await self._response.aclose()
