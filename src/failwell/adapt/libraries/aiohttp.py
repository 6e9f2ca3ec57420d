"""aiohttp, whose responses must be read, awaiting, before anything can be said of their bodies."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from failwell.adapt.libraries.base import CHUNK, NOT_KNOWN, Library, SentRequest, header_text, pairs, rows
from failwell.wire.json import KEPT


class Aiohttp(Library):
    """A response has its body after `await response.read()`."""

    roots = frozenset({"aiohttp"})
    status_field = "status"
    failures = (
        *rows("timeout", "ConnectionTimeoutError", sent=False),
        *rows("timeout", "ServerTimeoutError"),
        *rows("network", "ClientConnectorError", "ClientProxyConnectionError", "ClientHttpProxyError", sent=False),
        *rows("configuration", "InvalidURL", sent=False),
        *rows("unreadable", "ContentTypeError", "TooManyRedirects", "ContentEncodingError"),
        *rows("network", "ClientPayloadError", "BadStatusLine", "ClientError", "HttpProcessingError"),
    )

    def body(self, response: Any) -> bytes:
        """What was read already; the rest only `araise_for` can read."""
        return response._body or b""  # noqa: SLF001 - `read` must be awaited

    async def abody(self, response: Any) -> bytes:
        """What was read already, or what comes."""
        if response._body is not None:  # noqa: SLF001 - the same
            return self.body(response)
        found = b""
        # Whatever is raised here, the reply is known by its status.
        with suppress(Exception):
            while len(found) < KEPT and (piece := await response.content.read(CHUNK)):
                found += piece
        response.close()
        return found[:KEPT]

    def request(self, response: Any) -> SentRequest:
        """What was asked."""
        return _sent(response.request_info)

    def request_of(self, problem: BaseException) -> SentRequest:
        """What was asked, where *problem* came after an answer began."""
        return _sent(getattr(problem, "request_info", None))

    def reads(self, found: object) -> bool:
        """What an exception tells of its response."""
        return isinstance(found, _Raised)

    def response_of(self, problem: BaseException) -> Any:
        """A `ClientResponseError` is a response without its body, if there was one."""
        named = {cls.__name__ for cls in type(problem).__mro__}
        if "ClientResponseError" not in named or named & NO_ANSWER or getattr(problem, "status", 0) < 300:
            return None
        # What its parser cannot read, it reports as a 400 of its own.
        parser = type(problem.__cause__).__module__.startswith("aiohttp.http")
        return None if parser else _Raised(problem)


NO_ANSWER = frozenset({"ContentTypeError", "TooManyRedirects", "ClientHttpProxyError"})
"""Errors with a status that is not what the server says."""


class _Raised:
    """What a `ClientResponseError` tells of its response."""

    _body = None

    def __init__(self, problem: Any) -> None:
        self.status = problem.status
        self.headers = problem.headers or {}
        self.request_info = problem.request_info

    def close(self) -> None:
        """There is nothing to close."""


def _sent(info: Any) -> SentRequest:
    if info is None:
        return NOT_KNOWN
    headers = tuple((header_text(name), header_text(value)) for name, value in pairs(info.headers))
    return SentRequest(str(info.method), str(info.real_url), headers)
