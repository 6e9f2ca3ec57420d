"""How one HTTP library spells a response and its failures: what every file of this room answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from failwell.wire.json import KEPT

CHUNK = 64 * 1024
"""Bytes that are read at once of a body that nobody has read yet."""

Kind = Literal["network", "timeout", "unreadable", "configuration"]
"""What an exception says: nothing (whole) came, not in time, not readable; or the call could never be made."""


class SentRequest(NamedTuple):
    """The request that a response answers, as far as the library tells: its headers and body may hold secrets."""

    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


NOT_KNOWN = SentRequest()


class FailureRow(NamedTuple):
    """What an exception class is: *sent* is False where no byte of the request can have reached the server."""

    name: str
    kind: Kind
    sent: bool = True


def rows(kind: Kind, *names: str, sent: bool = True) -> tuple[FailureRow, ...]:
    """A row for each of the classes of these *names*, which all say the same."""
    return tuple(FailureRow(name, kind, sent) for name in names)


class Library(ABC):
    """One HTTP library, told by the names of its classes: nothing of it is imported.

    A subclass says what *responses* and *failures* look like there; the first row whose class an exception is decides.
    """

    roots: frozenset[str] = frozenset()
    """The names of the packages that it is imported by."""
    failures: tuple[FailureRow, ...] = ()
    status_field = "status_code"
    """The attribute in which a response has its status."""
    wraps: tuple[type[BaseException], ...] = ()
    """What an exception may have as its `reason`, which then says more than its own class."""

    def status(self, response: Any) -> int:
        """The status of *response*."""
        status: int = getattr(response, self.status_field)
        return status

    def headers(self, response: Any) -> Any:
        """Its headers: a mapping, or pairs."""
        return response.headers

    @abstractmethod
    def body(self, response: Any) -> bytes:
        """Its body, or the first of it where nobody has read it yet. What breaks off on the way is kept as it came."""

    async def abody(self, response: Any) -> bytes:
        """The same, awaiting."""
        return self.body(response)

    def request(self, response: Any) -> SentRequest:
        """What was asked; `NOT_KNOWN` where the library does not say."""
        return _asked(response)

    def response_of(self, problem: BaseException) -> Any:
        """The response that *problem* is about, or None."""
        return getattr(problem, "response", None)

    def reads(self, found: object) -> bool:
        """Whether *found*, which is no response of a known class, is one that this library's exceptions hold."""
        return False

    def request_of(self, problem: BaseException) -> SentRequest:
        """What was asked when *problem* came."""
        return _asked(problem)

    def row(self, problem: BaseException) -> FailureRow | None:
        """What *problem* is; None for one that says nothing of an exchange."""
        reason = getattr(problem, "reason", None)
        if isinstance(reason, self.wraps) and reason is not problem and (inside := self.row(reason)) is not None:
            return inside
        names = {cls.__name__ for cls in type(problem).__mro__ if cls.__module__.partition(".")[0] in self.roots}
        return next((row for row in self.failures if row.name in names), None)


def _asked(of: Any) -> SentRequest:
    """The request that is told *of* a response or an exception, which a test may have made without one."""
    try:
        request = getattr(of, "request", None)
    except RuntimeError:  # httpx's property, where there is none
        return NOT_KNOWN
    if request is None:
        return NOT_KNOWN
    headers = getattr(request, "headers", None) or {}
    body = getattr(request, "body", None) or getattr(request, "_content", None)
    return SentRequest(
        str(getattr(request, "method", None) or ""),
        str(getattr(request, "url", None) or ""),
        tuple((header_text(name), header_text(value)) for name, value in pairs(headers)),
        body.encode("utf-8", "replace") if isinstance(body, str) else body if isinstance(body, bytes) else b"",
    )


def pairs(headers: Any) -> Iterable[tuple[Any, Any]]:
    """*headers*, a mapping or pairs, as pairs."""
    found: Iterable[tuple[Any, Any]] = headers.items() if hasattr(headers, "items") else headers
    return found


def header_text(part: object) -> str:
    """A name or a value of a header."""
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)


def capped(pieces: Iterable[bytes], close: Callable[[], object]) -> bytes:
    """The first of *pieces*, as many bytes as are read of an error; what breaks off is kept as it came."""
    found: list[bytes] = []
    length = 0
    # Whatever a library raises here, the reply is known by its status.
    with suppress(Exception):
        for piece in pieces:
            found.append(piece)
            length += len(piece)
            if length >= KEPT:
                break
    with suppress(Exception):
        close()
    return b"".join(found)[:KEPT]
