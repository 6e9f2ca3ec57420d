"""httpx, and httpx2, which is spelled alike."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from failwell.adapt.libraries.base import Library, capped, rows
from failwell.wire.json import KEPT


class Httpx(Library):
    """A response has its body once it was read; one that is streamed, nobody has read."""

    roots = frozenset({"httpx", "httpx2", "httpcore", "httpcore2"})
    failures = (
        *rows("timeout", "ConnectTimeout", "PoolTimeout", sent=False),
        *rows("timeout", "TimeoutException"),
        *rows("network", "ConnectError", "ProxyError", sent=False),
        *rows("configuration", "UnsupportedProtocol", "LocalProtocolError", "InvalidURL", sent=False),
        *rows("unreadable", "DecodingError", "TooManyRedirects"),
        *rows("network", "HTTPError", "NetworkError", "ProtocolError"),
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
