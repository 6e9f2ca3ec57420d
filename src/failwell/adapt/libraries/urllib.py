"""urllib and http.client of the standard library, whose `HTTPError` is a response that gives its body once."""

from __future__ import annotations

from typing import Any

from failwell.adapt.libraries.base import CHUNK, NOT_KNOWN, Library, SentRequest, capped, rows


class Urllib(Library):
    """Responses of `urlopen` and `http.client`; what they raise of the system's is told by its frames."""

    roots = frozenset({"urllib", "http", "socket", "ssl", "json", "builtins", "zlib"})
    status_field = "status"
    wraps: tuple[type[BaseException], ...] = (OSError,)  # in a `URLError`
    failures = (
        *rows("configuration", "InvalidURL", sent=False),
        *rows("unreadable", "UnknownProtocol", "JSONDecodeError", "UnicodeDecodeError", "RecursionError"),
        *rows("network", "gaierror", "ConnectionRefusedError", sent=False),
        *rows("timeout", "TimeoutError"),
        *rows("network", "HTTPException", "URLError", "OSError", "EOFError"),
        *rows("unreadable", "ValueError"),
        *rows("network", "OverflowError", "MemoryError"),
    )

    def body(self, response: Any) -> bytes:
        """What is left to be read."""
        if response.closed:
            return b""
        return capped(iter(lambda: response.read(CHUNK), b""), response.close)

    def request(self, response: Any) -> SentRequest:
        """Its method and URL, which is all that is known."""
        responses = (response, getattr(response, "fp", None))  # urllib's has that of http.client inside
        method = next((found for each in responses if (found := getattr(each, "_method", None))), "")
        return NOT_KNOWN._replace(method=str(method), url=str(getattr(response, "url", None) or ""))

    def request_of(self, problem: BaseException) -> SentRequest:
        """The URL of an `HTTPError`."""
        return self.request(problem)

    def response_of(self, problem: BaseException) -> Any:
        """An `HTTPError` is one itself."""
        return problem if type(problem).__name__ == "HTTPError" else None
