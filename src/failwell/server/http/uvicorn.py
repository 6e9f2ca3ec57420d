"""Header timeout for uvicorn, which has none: a connection on which no request comes whole is closed (slow loris)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from failwell.contract.extras import needs

with needs("sandbox", __name__):
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

# What "auto" is depends on what is installed; for the type checkers it is what always is.
if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as _Protocol
else:
    _Protocol = AutoHTTPProtocol


class HeaderTimeoutProtocol(_Protocol):
    """uvicorn's own protocol, whose connections are closed where a request's line and headers take too long.

    `uvicorn shop:app --http failwell.server.http.uvicorn:HeaderTimeoutProtocol`. The time begins with the connection,
    and after an answer with the next byte. A class below it may have other `header_seconds`.
    """

    header_seconds: float = 30.0
    """Seconds until the headers are whole. What an answer did not wait for, the rest of a body, has as many."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on, where *data* makes no request whole."""
        super().data_received(data)
        upgraded = self.transport.get_protocol() is not self
        answering: Any = self.cycle  # None before the first request
        if upgraded or (answering is not None and not answering.response_complete):
            self._stop_waiting()
        elif self._waiting is None and not self.transport.is_closing():
            self._wait()

    def on_response_complete(self) -> None:
        """Leave the time until the next request to uvicorn's `--timeout-keep-alive`."""
        self._stop_waiting()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.header_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
