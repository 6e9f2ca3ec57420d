"""urllib3, which knows neither the request of a response nor what an exception was about."""

from __future__ import annotations

from typing import Any

from failwell.adapt.library import CHUNK, NOT_KNOWN, Library, Row, SentRequest, capped


class Urllib3(Library):
    """A response has its body unless it was asked for with `preload_content=False`."""

    roots = frozenset({"urllib3"})
    failures: tuple[Row, ...] = (
        Row("NewConnectionError", "network", sent=False),  # which is a timeout to urllib3
        Row("ConnectTimeoutError", "timeout", sent=False),
        Row("ProxyError", "network", sent=False),
        Row("TimeoutError", "timeout"),
        Row("ReadTimeoutError", "timeout"),
        Row("LocationValueError", "configuration", sent=False),
        Row("EmptyPoolError", "network", sent=False),
        Row("DecodeError", "unreadable"),
        Row("ResponseError", "unreadable"),
        Row("HTTPError", "network"),
    )

    def status(self, response: Any) -> int:
        """The status of *response*."""
        status: int = response.status
        return status

    def body(self, response: Any) -> bytes:
        """What was read already, or what comes."""
        known = response._body  # noqa: SLF001 - `data` would read all there is, however much
        if known is not None:
            return bytes(known)
        return capped(response.stream(CHUNK, decode_content=True), response.close)

    def request(self, response: Any) -> SentRequest:
        """Its URL, which is all that is known."""
        url = response.geturl() if hasattr(response, "geturl") else None
        return NOT_KNOWN._replace(url=str(url or ""))

    def request_of(self, problem: BaseException) -> SentRequest:
        """Its path, where there is one."""
        return NOT_KNOWN._replace(url=str(getattr(problem, "url", None) or ""))

    def response_of(self, problem: BaseException) -> Any:
        """There is none: urllib3 raises for no status."""
        return None

    def row(self, problem: BaseException) -> Row | None:
        """What it says of the last of several tries is inside."""
        reason = getattr(problem, "reason", None)
        inside = self.row(reason) if isinstance(reason, BaseException) and reason is not problem else None
        return inside if inside is not None else super().row(problem)
