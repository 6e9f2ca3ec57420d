"""Transport protocols: one request out, one outcome back; a library's exception never gets out."""

from __future__ import annotations

from typing import Protocol

from failwell.wire.messages import Failure, Outcome, Reply, Request


class Transport(Protocol):
    """Sends, blocking."""

    def send(self, request: Request, timeout: float | None) -> Outcome:
        """The reply to *request*, or why there is none, within *timeout* seconds."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class ResponseBody(Protocol):
    """What is left to be read of a success, whose start is *head*."""

    head: Reply

    def read(self, timeout: float | None) -> bytes | Failure:
        """The next piece, b"" at the end, or why there is none, within *timeout* seconds."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class Opener(Transport, Protocol):
    """Sends, and opens streams, blocking."""

    def open(self, request: Request, timeout: float | None) -> Outcome | ResponseBody:
        """The reply to *request*, with the body of a success left to be read, within *timeout* seconds."""
        ...


class AsyncTransport(Protocol):
    """Sends, awaiting."""

    async def send(self, request: Request, timeout: float | None) -> Outcome:
        """The reply to *request*, or why there is none, within *timeout* seconds."""
        ...

    async def aclose(self) -> None:
        """Give the connections back."""
        ...


class AsyncResponseBody(Protocol):
    """What is left to be read of a success, whose start is *head*."""

    head: Reply

    async def read(self, timeout: float | None) -> bytes | Failure:
        """The next piece, b"" at the end, or why there is none, within *timeout* seconds."""
        ...

    async def aclose(self) -> None:
        """Read no more."""
        ...


class AsyncOpener(AsyncTransport, Protocol):
    """Sends, and opens streams, awaiting."""

    async def open(self, request: Request, timeout: float | None) -> Outcome | AsyncResponseBody:
        """The reply to *request*, with the body of a success left to be read, within *timeout* seconds."""
        ...
