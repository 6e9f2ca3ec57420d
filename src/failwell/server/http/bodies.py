"""Request body limits: bytes, JSON nesting, number of values, and the time a body takes to come."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field

import anyio

from failwell.server.http.time_limit import within
from failwell.server.protocol import ASGIMessage, ClientLeftError, Receive, Scope, header
from failwell.server.refusal import Refusal, sizes

_JSON = re.compile(rb"[\x00\s\xef\xbb\xbf\xfe\xff]*[\[{]")
_ANNOUNCING = frozenset({b"content-length", b"transfer-encoding"})
_ANNOUNCED_IN = frozenset({"1.1", "1.0"})
_FORMS = ("multipart/", "application/x-www-form-urlencoded")
_OTHER_THAN_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What a request's body may be; None for no limit.

    A body above *most_bytes* is a 413, JSON that is nested deeper than *deepest* levels, or has more than *most_values*
    values, a 422: a parser, and who checks its result, would keep all other requests waiting. A body that is not there
    after *seconds* is a 408. So a body is read, and held, before the app gets it; a form is not, it comes as a stream,
    may pause for *seconds*, and breaks off above *most_bytes*.

    *uploads* are patterns of paths (`"/files/*"`) whose handlers read `request.stream()`, each with its own limit in
    bytes. Their bodies are never held, and nobody looks into them.

    What comes as a stream may not trickle either: in all, it is waited for *seconds*, and one more for each 240 bytes.
    """

    most_bytes: int | None = 10 * 1024 * 1024
    _: KW_ONLY
    deepest: int | None = 64
    most_values: int | None = 100_000
    seconds: float | None = 60.0
    uploads: Mapping[str, int | None] = field(default_factory=dict[str, int | None])


DEFAULT = BodyLimits()

SLOWEST = 240
"""Bytes a second that a stream has to bring, once its first seconds are used up: a byte a minute holds a connection."""


def above(limit: int, size: int | None = None) -> Refusal:
    """The 413 for a body of more than *limit* bytes, of *size* if that is known."""
    message = f"A request may have {limit:,} bytes of body, this one has more. Send less at a time."
    return Refusal(413, message, facts=sizes(limit, size))


def too_slow(seconds: float) -> Refusal:
    """The 408 for a body that is not there after *seconds*."""
    message = f"The body of this request was not there after {seconds:g} s. Send it again, or in smaller parts."
    return Refusal(408, message, headers={"connection": "close"})


async def whole_body(
    scope: Scope,
    receive: Receive,
    limit: int | None,
    refusal: Callable[[int, int | None], Refusal] = above,
    *,
    patience: int = 0,
) -> bytes:
    """The body of the request.

    *patience* is how many bytes above *limit* are read and thrown away before the *refusal*: a client that still
    sends when the connection is closed may never see the answer.

    Raises:
        Refusal: it is above *limit* bytes.
        ClientLeftError: the client left before it was whole.
    """
    if limit is not None and (size := announced(scope)) > limit + patience:
        raise refusal(limit, size)
    body = bytearray()
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if limit is not None and size > limit + patience:
            raise refusal(limit, None)
        if limit is None or size <= limit:
            body += piece
        more = message.get("more_body", False)
    if limit is not None and size > limit:
        raise refusal(limit, size)
    return bytes(body)


def again(body: bytes, receive: Receive) -> Receive:
    """A *receive* that begins with the *body* that was read from it."""
    unread: ASGIMessage | None = {"type": "http.request", "body": body, "more_body": False}

    async def read_again() -> ASGIMessage:
        nonlocal unread
        if unread is not None:
            message, unread = unread, None
            return message
        return await receive()

    return read_again


def may_have_body(scope: Scope) -> bool:
    """Whether the request may have a body: in HTTP/1 it says so before (RFC 9112, 6.3)."""
    return scope.get("http_version") not in _ANNOUNCED_IN or not _ANNOUNCING.isdisjoint(dict(scope["headers"]))


def is_form(scope: Scope) -> bool:
    """Whether the body of the request is a form, which is not held before the app gets it."""
    return header(scope, "content-type").lower().startswith(_FORMS)


async def limited(
    scope: Scope, receive: Receive, limits: BodyLimits, upload: str | None, *, cap: int | None = None
) -> Receive:
    """A *receive* that gives no more than *limits* allow; *upload* is the pattern of an upload's path.

    A body that is announced to be above *cap*, where that is less, is not read: whoever reads next refuses it for that.

    Raises:
        Refusal: the body is above a limit.
        ClientLeftError: the client left before it was whole.
    """
    limit = limits.most_bytes if upload is None else limits.uploads[upload]
    if cap is not None and (limit is None or cap < limit) and announced(scope) > cap:
        return receive
    if upload is not None:
        return Streamed(scope, receive, limit, limits.seconds)
    if is_form(scope):
        return Streamed(scope, receive, limit, limits.seconds)
    # Twice as much is heard out, so that a client which sent it hears what was wrong.
    whole = whole_body(scope, receive, limit, patience=limit or 0)
    body = await within(limits.seconds, whole, lambda: too_slow(limits.seconds or 0.0))
    if _JSON.match(body):
        check_json(body, limits)
    return again(body, receive)


class Streamed:
    """A *receive* whose pieces make no more than *limit* bytes, come within *seconds* of one another, and not trickle.

    Only the time that is spent in waiting counts: an app may take as long as it wants for each piece.
    """

    def __init__(self, scope: Scope, receive: Receive, limit: int | None, seconds: float | None) -> None:
        self._receive = receive
        self._limit = limit
        self._seconds = seconds
        self._size = 0
        self._waited = 0.0
        if limit is not None and (size := announced(scope)) > limit:
            raise above(limit, size)

    async def __call__(self) -> ASGIMessage:
        """The next message.

        Raises:
            Refusal: in the app, which reads no further.
        """
        began = anyio.current_time()
        message = await within(self._patience(), self._receive(), self._too_slow)
        self._waited += anyio.current_time() - began
        self._size += len(message.get("body", b""))
        if self._limit is not None and self._size > self._limit:
            raise above(self._limit)
        if message["type"] == "http.request" and not message.get("more_body", False):
            self._seconds = None  # what comes now is that the client leaves
        return message

    def _too_slow(self) -> Refusal:
        return too_slow((self._seconds or 0.0) + self._size // SLOWEST)

    def _patience(self) -> float | None:
        """Seconds to wait for the next piece."""
        if self._seconds is None:
            return None
        return max(0.0, min(self._seconds, self._seconds + self._size / SLOWEST - self._waited))


def check_json(body: bytes, limits: BodyLimits) -> None:
    """Refuse a *body* that would take a JSON parser, or who checks its values, too long.

    Raises:
        Refusal: 422.
    """
    most, deepest = limits.most_values, limits.deepest
    brackets = body.count(b"[") + body.count(b"{")
    if (deepest is None or brackets <= deepest) and (most is None or brackets + body.count(b",") <= most):
        return  # as most are: what stands in texts makes it no less
    if body.count(b"\x00") or body[:3] == b"\xef\xbb\xbf":
        body = body.decode(json.detect_encoding(body), "replace").encode("utf-8", "replace")
    # Without escapes every quote begins or ends a text, and what stands between two texts is structure.
    body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if most is not None and body.count(b'"') // 2 > 2 * most:
        raise _refused(f"Must not have more than {most:,} values", "too_many_values")
    structure = b"".join(body.split(b'"')[::2])
    values = structure.count(b",") + structure.count(b"[") + structure.count(b"{")
    if most is not None and values > most:
        raise _refused(f"Must not have more than {most:,} values", "too_many_values")
    if deepest is None:
        return
    depth = 0
    for bracket in structure.translate(None, _OTHER_THAN_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > deepest:
            raise _refused(f"Must not be nested deeper than {deepest} levels", "too_deep")


def _refused(problem: str, kind: str) -> Refusal:
    message = f"The body {problem[0].lower()}{problem[1:]}."
    return Refusal(422, message, entries=[{"loc": ["body"], "msg": problem, "type": kind}])


def announced(scope: Scope) -> int:
    """The length that the request says its body has; 0 if it says none."""
    length = header(scope, "content-length")
    return int(length[:20]) if length.isdecimal() and length.isascii() else 0
