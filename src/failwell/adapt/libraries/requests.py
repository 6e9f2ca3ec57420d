"""requests, and niquests, which is spelled alike."""

from __future__ import annotations

from typing import Any

from failwell.adapt.libraries.base import CHUNK, FailureRow, Library, capped, rows

NEVER_CONNECTED = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"})
"""urllib3's reasons why no connection was made."""


class Requests(Library):
    """A response has its body once it was read; with `stream=True` nobody has."""

    roots = frozenset({"requests", "niquests"})
    failures = (
        *rows("timeout", "ConnectTimeout", sent=False),
        *rows("timeout", "Timeout"),
        *rows("network", "ProxyError", sent=False),
        *rows("network", "SSLError"),
        *rows("unreadable", "ContentDecodingError", "JSONDecodeError", "TooManyRedirects"),
        *rows("configuration", "InvalidJSONError", "MissingSchema", "InvalidSchema", "InvalidURL", sent=False),
        *rows("configuration", "InvalidHeader", "UnrewindableBodyError", sent=False),
        *rows("network", "RequestException"),
    )

    def body(self, response: Any) -> bytes:
        """What was read already, or what comes."""
        content = response._content  # noqa: SLF001 - `content` would read all there is, however much
        if content is not False:
            return content or b""
        return capped(response.iter_content(CHUNK), response.close)

    def row(self, problem: BaseException) -> FailureRow | None:
        """A connection that was never made is told by urllib3, inside of it."""
        row = super().row(problem)
        if row is None:
            return None
        if row.name == "InvalidHeader" and problem.args and isinstance(problem.args[0], Exception):
            return FailureRow(row.name, "network")  # one that came, not one that was to be sent
        return row._replace(sent=False) if row.kind == "network" and never_connected(problem) else row


def never_connected(problem: BaseException) -> bool:
    """Whether urllib3's reason inside of *problem* is that no connection was made."""
    inside = problem.args[0] if problem.args else None
    reason = getattr(inside, "reason", None)
    return any(cls.__name__ in NEVER_CONNECTED for cls in type(reason).__mro__)
