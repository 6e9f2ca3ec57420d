"""pyreqwest, whose answers come in two colours."""

from __future__ import annotations

from typing import Any

from failwell.adapt.libraries.base import NOT_KNOWN, FailureRow, Library, SentRequest
from failwell.wire.json import KEPT


class Pyreqwest(Library):
    """A response has its body when it is asked for it: at once, or awaited."""

    roots = frozenset({"pyreqwest"})
    failures: tuple[FailureRow, ...] = (
        FailureRow("BuilderError", "configuration", sent=False),
        FailureRow("ClientClosedError", "configuration", sent=False),
        FailureRow("ConnectTimeoutError", "timeout", sent=False),
        FailureRow("PoolTimeoutError", "timeout", sent=False),
        FailureRow("RequestTimeoutError", "timeout"),
        FailureRow("ConnectError", "network", sent=False),
        FailureRow("DecodeError", "unreadable"),
        FailureRow("RedirectError", "unreadable"),
        FailureRow("PyreqwestError", "network"),
    )

    def status(self, response: Any) -> int:
        """The status of *response*."""
        status: int = response.status
        return status

    def body(self, response: Any) -> bytes:
        """What there is; nothing of a response that only `araise_for` can read."""
        if not _is_blocking(response):
            return b""
        return _first(response.bytes)

    async def abody(self, response: Any) -> bytes:
        """The same, awaiting."""
        if _is_blocking(response):
            return self.body(response)
        try:
            return bytes(await response.bytes())[:KEPT]
        except Exception:  # noqa: BLE001 - whatever the library raises here, the reply is known by its status
            return b""

    def request(self, response: Any) -> SentRequest:
        """It does not say."""
        return NOT_KNOWN


def _is_blocking(response: Any) -> bool:
    return any(cls.__name__ == "SyncResponse" for cls in type(response).__mro__)


def _first(read: Any) -> bytes:
    try:
        return bytes(read())[:KEPT]
    except Exception:  # noqa: BLE001 - the same
        return b""
