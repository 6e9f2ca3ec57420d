"""httpx, and httpx2, which is spelled alike."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from failwell.adapt.libraries.base import FailureRow, Library, capped
from failwell.wire.json import KEPT


class Httpx(Library):
    """A response has its body once it was read; one that is streamed, nobody has read."""

    roots = frozenset({"httpx", "httpx2", "httpcore", "httpcore2"})
    failures: tuple[FailureRow, ...] = (
        FailureRow("ConnectTimeout", "timeout", sent=False),
        FailureRow("PoolTimeout", "timeout", sent=False),
        FailureRow("TimeoutException", "timeout"),
        FailureRow("ConnectError", "network", sent=False),
        FailureRow("ProxyError", "network", sent=False),
        FailureRow("UnsupportedProtocol", "configuration", sent=False),
        FailureRow("LocalProtocolError", "configuration", sent=False),
        FailureRow("InvalidURL", "configuration", sent=False),
        FailureRow("DecodingError", "unreadable"),
        FailureRow("TooManyRedirects", "unreadable"),
        FailureRow("HTTPError", "network"),
        FailureRow("NetworkError", "network"),
        FailureRow("ProtocolError", "network"),
    )

    def body(self, response: Any) -> bytes:
        """What was read already, or what comes; nothing of a response that only `araise_for` can read."""
        if hasattr(response, "_content"):
            return bytes(response.content)
        if response.is_stream_consumed or not hasattr(response.stream, "__iter__"):
            return b""
        return capped(response.iter_bytes(), response.close)

    async def abody(self, response: Any) -> bytes:
        """The same, awaiting."""
        if hasattr(response, "_content") or response.is_stream_consumed or hasattr(response.stream, "__iter__"):
            return self.body(response)
        found = b""
        # Whatever is raised here, the reply is known by its status.
        with suppress(Exception):
            async for piece in response.aiter_bytes():
                found += piece
                if len(found) >= KEPT:
                    break
        await response.aclose()
        return found[:KEPT]
