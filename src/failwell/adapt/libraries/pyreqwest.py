"""pyreqwest, whose answers come in two colours."""

from __future__ import annotations

from typing import Any

from failwell.adapt.libraries.base import Library, rows
from failwell.wire.json import KEPT


class Pyreqwest(Library):
    """A response has its body when it is asked for it: at once, or awaited."""

    roots = frozenset({"pyreqwest"})
    status_field = "status"
    failures = (
        *rows("configuration", "BuilderError", "ClientClosedError", sent=False),
        *rows("timeout", "ConnectTimeoutError", "PoolTimeoutError", sent=False),
        *rows("timeout", "RequestTimeoutError"),
        *rows("network", "ConnectError", sent=False),
        *rows("unreadable", "DecodeError", "RedirectError"),
        *rows("network", "PyreqwestError"),
    )

    def body(self, response: Any) -> bytes:
        """What there is; nothing of a response that only `araise_for` can read."""
        if not _is_blocking(response):
            return b""
        try:
            return bytes(response.bytes())[:KEPT]
        except Exception:  # noqa: BLE001 - whatever the library raises here, the reply is known by its status
            return b""

    async def abody(self, response: Any) -> bytes:
        """The same, awaiting."""
        if _is_blocking(response):
            return self.body(response)
        try:
            return bytes(await response.bytes())[:KEPT]
        except Exception:  # noqa: BLE001 - the same
            return b""


def _is_blocking(response: Any) -> bool:
    return any(cls.__name__ == "SyncResponse" for cls in type(response).__mro__)
