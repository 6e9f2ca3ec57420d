"""Requests, replies and failures as plain values, without any HTTP library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from failwell._support.frozen import Frozen
from failwell._support.lazy import remembered
from failwell._support.secret import Secret
from failwell.wire.retry_after import parse_retry_after

Content = bytes | Callable[[], Iterable[bytes]] | Iterable[bytes]
"""A request's body: bytes, a function that opens it anew for every attempt, or an iterable that is read once."""

Into = Callable[[], Callable[[bytes], object]]
"""Opens anew, for every attempt, what takes the body of a success piece by piece."""

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that may be sent twice (RFC 9110, 9.2.2)."""


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Request(Frozen):
    """One request, ready to be sent as often as needed. *target* is a path below the base URL, or a whole URL.

    *secrets* are those in its body: they are masked in what the server says. With *into* the body of a success goes
    there as it arrives, and not into the reply. *key_counts* is whether the server does once what it is sent twice with
    one key.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    content: Content = b""
    operation: str | None = None
    idempotency_key: str | None = None
    with_credentials: bool = True
    timeout: float | None = None
    secrets: tuple[Secret, ...] = ()
    into: Into | None = None
    key_counts: bool = True

    # Made for every call, and by hand three times as fast; the same for a reply.
    def __init__(  # noqa: PLR0917 - in the order of the fields
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...] = (),
        content: Content = b"",
        operation: str | None = None,
        idempotency_key: str | None = None,
        with_credentials: bool = True,
        timeout: float | None = None,
        secrets: tuple[Secret, ...] = (),
        into: Into | None = None,
        key_counts: bool = True,
    ) -> None:
        held = self.__dict__
        held["method"], held["target"], held["headers"], held["content"] = method, target, headers, content
        held["operation"], held["idempotency_key"], held["timeout"] = operation, idempotency_key, timeout
        held["with_credentials"], held["secrets"], held["into"] = with_credentials, secrets, into
        held["key_counts"] = key_counts

    def __repr__(self) -> str:
        # The query may hold a signature, the headers a key.
        return f"<Request {self.method} {self.target.partition('?')[0]}>"

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in IDEMPOTENT or (self.key_counts and self.idempotency_key is not None)

    @property
    def rewindable(self) -> bool:
        """Whether its body can be sent a second time."""
        return isinstance(self.content, bytes) or callable(self.content)


class Reply(Frozen):
    """One answer. Header names are lower case; *received* is the wall clock at its arrival, in seconds.

    One made by hand may have header names in any case, and a body that is text.
    """

    status: int
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes = b""
    received: float | None = None
    length: int | None = None

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes | bytearray | memoryview | str = b"",
        received: float | None = None,
        length: int | None = None,
    ) -> None:
        held = self.__dict__
        if headers is not NO_HEADERS:
            headers = _lowered(headers)
        held["headers"], held["body"] = headers, body if type(body) is bytes else _sent(body)
        held["status"], held["received"], held["length"] = status, received, length

    @classmethod
    def arrived(
        cls, status: int, headers: Mapping[str, str], body: bytes, received: float | None, length: int | None = None
    ) -> Reply:
        """What a transport brings, whose header names are lower case: made without a look at them."""
        reply = cls.__new__(cls)
        held = reply.__dict__
        held["status"], held["headers"], held["body"] = status, headers, body
        held["received"], held["length"] = received, length
        return reply

    @remembered
    def asked_wait(self) -> float | None:
        """Seconds that it asks to wait, in whatever dialect; None if it does not. Read once."""
        return parse_retry_after(self.headers, now=self.received)

    def __repr__(self) -> str:
        # Neither headers nor body: both may hold a key.
        return f"Reply(status={self.status!r}, received={self.received!r}, length={self.length!r})"

    @property
    def body_length(self) -> int:
        """Length of the whole body, also where only its start is kept."""
        return len(self.body) if self.length is None else self.length


class Failure(Frozen):
    """No answer, or none that was whole.

    *kind* is "network" (DNS, connect, TLS, reset, cut), "timeout" or "unreadable" (not HTTP). *sent* is False only
    when no byte of the request can have reached the server. *cause* is a copy without request or traceback.
    *head* is the reply, without its body, where there is one whose body cannot be decoded.
    """

    kind: Literal["network", "timeout", "unreadable"]
    reason: str
    sent: bool = True
    cause: Exception | None = None
    head: Reply | None = None

    def __repr__(self) -> str:
        return f"Failure(kind={self.kind!r}, reason={self.reason!r}, sent={self.sent!r})"


def _lowered(headers: Any) -> Mapping[str, str]:
    """*headers*, a mapping or pairs, by lower-case name; repeated ones in one line (RFC 9110, 5.3)."""
    if type(headers) is dict or isinstance(headers, Mapping):
        try:
            if "".join(headers).islower() and set(map(type, headers.values())) == {str}:
                return headers
        except TypeError:  # names in bytes
            pass
    lowered: dict[str, str] = {}
    # `http.client` has them in a message, which is no mapping.
    for name, value in headers.items() if hasattr(headers, "items") else headers or ():
        key, text = _header_text(name).lower(), _header_text(value)
        lowered[key] = f"{lowered[key]}, {text}" if key in lowered else text
    return lowered


def _header_text(part: object) -> str:
    if isinstance(part, list | tuple):  # all that came of one name
        return ", ".join(map(_header_text, part))
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)


def _sent(body: object) -> bytes:
    """A *body* made by hand as it would have come."""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else b""


Outcome = Reply | Failure
