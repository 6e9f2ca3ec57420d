"""What carries one request to the server and brings one outcome back; it never raises a library's error."""

from __future__ import annotations

from typing import Protocol

from errata.wire.messages import Outcome, Request


class Transport(Protocol):
    """Sends, blocking."""

    def send(self, request: Request, timeout: float | None) -> Outcome:
        """The reply to *request*, or why there is none, within *timeout* seconds."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class AsyncTransport(Protocol):
    """Sends, awaiting."""

    async def send(self, request: Request, timeout: float | None) -> Outcome:
        """The reply to *request*, or why there is none, within *timeout* seconds."""
        ...

    async def aclose(self) -> None:
        """Give the connections back."""
        ...
