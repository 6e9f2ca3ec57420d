"""Response headers of every reply, and what must not get out of the server."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Container, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from failwell._support.exception_fields import ExceptionFields
from failwell.contract import Catalogue
from failwell.server.errors.framework import of_status
from failwell.server.protocol import ANSWERED, BEGUN, CUT, ASGIMessage, ASGISend, Scope, kind_of
from failwell.server.refusal import Refusal
from failwell.server.side_effects import Effects
from failwell.wire import Reply

_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNSENDABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header value may hold (RFC 9110, 5.5): a line break in it would begin a header, or a reply, of its own."""
_SUSPECT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|\A[ \t]|[ \t]\Z")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_OF_LIMITS = re.compile(rb"(?:x-)?ratelimit(?:-|\Z)", re.IGNORECASE)
_FRAMING = frozenset({len("content-length"), len("transfer-encoding")})
"""Lengths of the names of the headers that say where a body ends."""
_GOOD_NAMES: set[bytes] = set()
"""Names of headers that were looked at before, and that do not say where a body ends: an app has a few dozen."""
_MOST_NAMES = 1000

LONGEST_PAGE = 1024 * 1024
"""Bytes of an error page that are held until it is known whether a handler wrote it."""
_PAGES = frozenset({"", "text/plain", "text/html"})
"""Kinds of content that no contract has: pages of a framework, of middleware, or a handler's own."""

_ALLOW_ORIGIN, _EXPOSE = b"access-control-allow-origin", b"access-control-expose-headers"
_ENDS = frozenset({b"content-length", b"transfer-encoding"})
"""Headers that say where a body ends."""


class UnsendableError(ExceptionFields, ValueError):
    """A reply whose *problem* no server could send; it names the part, and never a header's value."""

    problem: str
    template = "The reply cannot be sent: {problem}. The client gets the 500 in its place."


class Sink(Protocol):
    """Where a reply goes: to the client, or first into a record."""

    @property
    def started(self) -> bool:
        """Whether the client has got the status, so that it cannot be another any more."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the reply has ended."""
        ...

    def __call__(self, message: ASGIMessage) -> Awaitable[None]:
        """Take the next message of the reply. A second start, while not *started*, replaces the first."""
        ...


class ReplyHeaderNames(NamedTuple):
    """What a contract calls its headers: those of the request's id and of the side effect, and all in *exposed*.

    A reply that CORS lets a browser read also lets it read the headers in *exposed*.
    """

    request_id: bytes
    effect: bytes
    exposed: Sequence[str] = ()


def names_of(catalogue: Catalogue, exposed: Sequence[str] = ()) -> ReplyHeaderNames:
    """The names of the headers of *catalogue*."""
    request_id = catalogue.headers.request_id.lower().encode("ascii")
    return ReplyHeaderNames(request_id, catalogue.effect_header.encode("ascii"), exposed)


class Outgoing:
    """Sends to the client. Every reply gets the request's id and *headers*; HEAD, 204 and 304 get no body.

    An error says what is known of the *effects* of the request.
    """

    def __init__(
        self, send: ASGISend, scope: Scope, names: ReplyHeaderNames, request_id: str, effects: Effects
    ) -> None:
        self.started = False
        self.complete = False
        self.request_id = request_id
        self.headers: dict[str, str] = {}
        self._names = names
        self._effects = effects
        self._send = send
        self._head = scope["method"] == "HEAD"
        self._bodiless = False

    def __call__(self, message: ASGIMessage) -> Awaitable[None]:
        """Send *message*, with the headers that every reply carries."""
        if message["type"] == "http.response.start":
            start = self._start(message)
            self.started = True
            return self._send(start)
        if message["type"] == "http.response.body":
            return self._send_body(message)
        return self._send(message)

    async def _send_body(self, message: ASGIMessage) -> None:
        last = not message.get("more_body", False)
        await self._send({**message, "body": b""} if self._bodiless else message)
        self.complete = last  # not before: a server that finds the reply shorter than it said has to hear of it

    def _start(self, message: ASGIMessage) -> ASGIMessage:
        """*message*, the start of a reply, as it is sent."""
        status: int = message["status"]
        self._bodiless = self._head or status in {204, 304}
        headers = message.get("headers", ())
        own = self.carried()
        if status >= 400 and (said := self._effects.said) is not None:
            own[self._names.effect] = said.encode("ascii")
        if status == 429 and any(_OF_LIMITS.match(name) for name, _ in headers):
            # A limit of the app's own is reached: what others still allow would contradict it.
            own = {name: value for name, value in own.items() if not _OF_LIMITS.match(name)}
        dropped: Container[bytes] = own
        if self._bodiless and not self._head:
            # RFC 9110, 8.6: a 204 has no length; a length beside no body makes servers cut the connection.
            dropped = _ENDS | own.keys()
        kept: list[tuple[bytes, bytes]] = []
        readable = False
        for header in headers:
            name = header[0].lower()
            if name not in dropped:
                kept.append(header)
                readable = readable or name == _ALLOW_ORIGIN
        if readable:
            kept = _exposing(kept, self._names.exposed)
        kept.extend(own.items())
        return {**message, "headers": kept}

    def carried(self) -> dict[bytes, bytes]:
        """The headers that every reply carries."""
        own: dict[bytes, bytes] = {}
        for name, value in self.headers.items():
            own[_encoded(name)] = value.encode("latin-1")
        own[self._names.request_id] = self.request_id.encode("latin-1")
        return own


@functools.lru_cache(256)
def _encoded(name: str) -> bytes:
    """The *name* of one of our headers, on the wire."""
    return name.lower().encode("ascii")


class Within(Outgoing):
    """The same reply as *last* sends, some middleware before it gets there: that goes to *send*."""

    def __init__(self, send: ASGISend, last: Outgoing) -> None:
        self.started = False
        self.complete = False
        self.headers = last.headers
        self._last = last
        self._send = send

    @property
    def request_id(self) -> str:
        """The id that the reply carries."""
        return self._last.request_id

    @request_id.setter
    def request_id(self, value: str) -> None:
        self._last.request_id = value

    def __call__(self, message: ASGIMessage) -> Awaitable[None]:
        """Pass *message* on."""
        if message["type"] == "http.response.start":
            self.started = True
        elif message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
        return self._send(message)


def _exposing(headers: list[tuple[bytes, bytes]], names: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """*headers* which let a browser read those of *names* too."""
    listed = [value.decode("latin-1") for name, value in headers if name.lower() == _EXPOSE]
    known = {name.strip().lower() for value in listed for name in value.split(",")}
    listed += [name for name in names if name.lower() not in known]
    others = [(name, value) for name, value in headers if name.lower() != _EXPOSE]
    return [*others, (_EXPOSE, ", ".join(listed).encode("latin-1"))]


class FromApp:
    """Stands between the app and *sink*, and holds back error pages until it is known whose they are.

    Starlette sends "Internal Server Error" before it raises, and some middleware sends its own plain text.
    """

    def __init__(self, sink: Sink, scope: Scope) -> None:
        self.unanswered: int | None = None
        """The status of an error that the contract did not answer: a handler did by hand, or the framework."""
        self._sink = sink
        self._scope = scope
        self._page: list[ASGIMessage] = []
        self._size = 0

    def __call__(self, message: ASGIMessage) -> Awaitable[None]:
        """Pass *message* on, unless it belongs to a page that is kept back.

        Raises:
            UnsendableError: in the app, which is told before the reply has begun.
            Exception: what broke the reply off, where this would end it as if it were whole.
        """
        if message["type"] == "http.response.start":
            message = sendable(message)
            if message["status"] >= 400 and self._is_unanswered(message):
                return _nothing()
        elif self._page and message["type"] in {"http.response.body", "http.response.trailers"}:
            self._size += len(message.get("body", b""))
            if self._size <= LONGEST_PAGE:
                self._page.append(message)
            return _nothing()
        elif not message.get("body") and not message.get("more_body") and CUT in self._scope:
            raise self._scope[CUT]
        return self._sink(message)

    def _is_unanswered(self, start: ASGIMessage) -> bool:
        """Whether *start* begins a page that is held back; note an error that nobody answered for."""
        kind = kind_of(start.get("headers", ()))
        if self._scope.get(ANSWERED) == kind:
            return False
        self.unanswered = start["status"]
        if kind in _PAGES and BEGUN not in self._scope:
            self._page = [start]
        else:
            self._scope[ANSWERED] = kind
        return bool(self._page)

    @property
    def kept_back(self) -> Refusal | None:
        """What the page that is held back means; None if there is none."""
        if not self._page:
            return None
        sent = self._page[0].get("headers", ())
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent}
        return of_status(self._page[0]["status"], headers)

    async def release(self) -> bool:
        """Send the page that is held back, if any; False if it was too long to be held."""
        if self._size > LONGEST_PAGE:
            return False
        if self._page:
            self._scope[ANSWERED] = kind_of(self._page[0].get("headers", ()))
        for message in self._page:
            await self._sink(message)
        self._page = []
        return True


async def _nothing() -> None:
    """What is awaited where a message goes no further."""


def sendable(start: ASGIMessage) -> ASGIMessage:
    """The *start* of a reply as a server can send it: without the spaces around a header's value (RFC 9110, 5.5).

    Raises:
        UnsendableError: its status is none that ends a request, a header would break the reply in two, or none could
            tell where it ends.
    """
    status: Any = start["status"]
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise UnsendableError(f"its status is {status!r}, and the last status of a reply is one of 200 to 599")
    return start if _are_good(start.get("headers", ())) else _looked_through(start)


def _are_good(headers: Iterable[Any]) -> bool:
    """Whether all *headers* can be sent as they are, with names that are known and one length, as nearly all are."""
    sized = False
    for name, value in headers:
        if type(value) is not bytes:
            return False
        if name in _GOOD_NAMES:
            # What can be printed has no control characters; that is seen in a quarter of the time of an expression.
            if (value.strip() != value or not value.decode("latin-1").isprintable()) and _SUSPECT.search(value):
                return False
        elif name == b"content-length" and not sized and value.isdigit() and len(value) <= 18:
            sized = True
        else:
            return False
    return True


def _looked_through(start: ASGIMessage) -> ASGIMessage:
    """*start* without the spaces around the values of its headers, if they can be sent."""
    clean, framing = True, list[tuple[bytes, bytes]]()
    for name, value in start.get("headers", ()):
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise UnsendableError(f"its header {name!r} is no bytes")
        if not _NAME.fullmatch(name):
            raise UnsendableError(f"{name[:64]!r} is no name of a header")
        if _SUSPECT.search(value):
            if _UNSENDABLE.search(value):
                problem = "holds a line break or another control character"
                raise UnsendableError(f"its header {name.decode('ascii')} {problem}")
            clean = False
        elif len(name) not in _FRAMING and len(_GOOD_NAMES) < _MOST_NAMES:
            _GOOD_NAMES.add(name)
        if len(name) in _FRAMING:
            framing.append((name.lower(), value.strip()))
    _check_framing(framing)
    if clean:
        return start
    return {**start, "headers": [(name, value.strip(b" \t")) for name, value in start["headers"]]}


def _check_framing(headers: list[tuple[bytes, bytes]]) -> None:
    """Return if the *headers*, with names in lower case, say in one way where the body ends."""
    lengths = {part.strip() for name, value in headers if name == b"content-length" for part in value.split(b",")}
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise UnsendableError("its content-length is no number, or more than one")
    if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in headers):
        raise UnsendableError("its transfer-encoding is not chunked")


def headers_of(reply: Reply) -> list[tuple[bytes, bytes]]:
    """The headers of *reply* as ASGI has them, with the length of its body."""
    encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in reply.headers.items()]
    encoded.append((b"content-length", str(len(reply.body)).encode("ascii")))
    return encoded


def start_of(reply: Reply) -> ASGIMessage:
    """The message that *reply* begins with.

    Raises:
        UnsendableError: no server could send it.
    """
    return sendable({"type": "http.response.start", "status": reply.status, "headers": headers_of(reply)})


async def send_reply(reply: Reply, sink: Sink) -> None:
    """Send *reply* whole.

    Raises:
        UnsendableError: no server could; nothing was sent.
    """
    start = start_of(reply)
    await sink(start)
    await sink({"type": "http.response.body", "body": reply.body, "more_body": False})
