"""urllib3, which knows neither the request of a response nor what an exception was about."""

from __future__ import annotations

from typing import Any

from failwell.adapt.libraries.base import CHUNK, NOT_KNOWN, Library, SentRequest, capped, rows


class Urllib3(Library):
    """A response has its body unless it was asked for with `preload_content=False`."""

    roots = frozenset({"urllib3"})
    status_field = "status"
    wraps: tuple[type[BaseException], ...] = (BaseException,)  # the last of several tries, in a `MaxRetryError`
    failures = (
        *rows("network", "NewConnectionError", sent=False),  # which is a timeout to urllib3
        *rows("timeout", "ConnectTimeoutError", sent=False),
        *rows("network", "ProxyError", sent=False),
        *rows("timeout", "TimeoutError", "ReadTimeoutError"),
        *rows("configuration", "LocationValueError", sent=False),
        *rows("network", "EmptyPoolError", sent=False),
        *rows("unreadable", "DecodeError", "ResponseError"),
        *rows("network", "HTTPError"),
    )

    def body(self, response: Any) -> bytes:
        """What was read already, or what comes."""
        known = response._body  # noqa: SLF001 - `data` would read all there is, however much
        if known is not None:
            return bytes(known)
        return capped(response.stream(CHUNK, decode_content=True), response.close)

    def request(self, response: Any) -> SentRequest:
        """Its method and URL, which is all that is known."""
        url = response.geturl() if hasattr(response, "geturl") else None
        below = getattr(response, "_original_response", None)  # that of http.client
        return NOT_KNOWN._replace(method=str(getattr(below, "_method", None) or ""), url=str(url or ""))

    def request_of(self, problem: BaseException) -> SentRequest:
        """Its path, where there is one."""
        return NOT_KNOWN._replace(url=str(getattr(problem, "url", None) or ""))

    def response_of(self, problem: BaseException) -> Any:
        """There is none: urllib3 raises for no status."""
        return None
