"""What every request of a client has in common, made once: the base URL, the headers, the credentials."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx2

from failwell._support.secret import Secret
from failwell.client.transport.targets import below, origin, whole
from failwell.wire.messages import Request

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""What stands for itself in a URL (RFC 3986, 2.3): most ids are nothing else."""
# Servers and proxies in front of them may decode a path before they look where it leads.
_LEAVES = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\]|$)")


def path(root: str, *parts: str) -> str:
    """`path("/v1", "training", "run 1")` is "/v1/training/run%201".

    Raises:
        TypeError: a part is no text.
        ValueError: a part is empty, or has "." or ".." between slashes, which would lead to another place.
    """
    for part in parts:
        if not isinstance(part, str):
            raise TypeError(f"{part!r} cannot be part of a path. Pass the id or the name of what you mean, as text.")
        if not part or _LEAVES.search(part):
            raise ValueError(f"{part!r} cannot be part of a path. Pass the id or the name of what you mean.")
    try:
        return "/".join([root, *map(_spelled, parts)])
    except UnicodeEncodeError as problem:
        raise ValueError(f"{problem.object!r} has characters that no URL can carry. Pass an id or a name.") from problem


def _spelled(part: str) -> str:
    # The text "None" in a path is refused, as an id that somebody forgot: a thing of that name has another spelling.
    return "%4Eone" if part == "None" else part if UNRESERVED.issuperset(part) else quote(part, safe="")


def query(operation: str, params: Mapping[str, object]) -> str:
    """*params* of *operation* as the query of a URL: a list repeats its name, and None is left out.

    Booleans are "true" and "false", dates and times ISO 8601, members of an enum their value.

    Raises:
        TypeError, ValueError: a query has nothing for a value: a dict, NaN, a lone surrogate.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if isinstance(value, str) and not isinstance(value, Enum):
            pairs.append((name, value))
        elif isinstance(value, list | tuple):
            pairs += [(name, _value(operation, name, each)) for each in value]
        elif value is not None:
            pairs.append((name, _value(operation, name, value)))
    try:
        return urlencode(pairs)
    except UnicodeEncodeError as problem:
        raise ValueError(f"An argument of {operation} cannot be sent in a query: {problem}.") from problem


def _value(operation: str, name: str, value: object) -> str:
    """*value* as text."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"An argument of {operation} cannot be sent in a query: {name} is {value}.")
    if isinstance(value, str | int | float | Decimal | UUID):
        return str(value)
    kind = type(value).__name__
    raise TypeError(f"An argument of {operation} cannot be sent in a query: {name} has a value of type {kind}.")


FRAMING = frozenset({"host", "content-length", "transfer-encoding"})
"""Headers that say where a request ends or goes: where somebody names one, httpx2 decides about the others."""
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "QUERY"})
"""Methods whose requests say how long their body is, also where there is none (RFC 9110, 8.6)."""


class Place(NamedTuple):
    """Where a request goes, the host and port that it names, and whether that is the client's own origin."""

    url: httpx2.URL
    host: bytes
    own: bool


class RequestFactory:
    """The base URL and the headers of a client. Its repr shows neither headers nor credentials.

    *longest_reply* is how many bytes of the body of a success are held; None for all of them.
    """

    def __init__(
        self,
        base_url: str,
        headers: tuple[tuple[str, str], ...] = (),
        credentials: tuple[tuple[str, Secret], ...] = (),
        *,
        longest_reply: int | None = None,
    ) -> None:
        self.longest_reply = longest_reply
        self.base_url = base_url.rstrip("/")
        # A server may quote the key alone, without the "Bearer" before it.
        self.secrets = tuple(
            part for _, secret in credentials for part in (secret, Secret(secret.reveal().rpartition(" ")[2]))
        )
        self.base = httpx2.URL(self.base_url)
        self.origin = origin(self.base)
        self._plain = [(name.encode(), value.encode()) for name, value in headers]
        self._credentials = credentials
        self._frames_itself = any(name.lower() in FRAMING for name, _ in (*headers, *credentials))
        self._below = functools.lru_cache(maxsize=256)(self._place_below)

    def __repr__(self) -> str:
        return f"<Prepared for {self.base_url}>"

    def place(self, target: str) -> Place:
        """Where a request to *target* goes. Whole URLs are not kept: they may be signed.

        Raises:
            BadTargetError: it is no target.
        """
        if target[:1] == "/":
            return self._below(target)
        url = whole(target)
        return Place(url, url.netloc, origin(url) == self.origin)

    def _place_below(self, target: str) -> Place:
        url = below(self.base, target)
        return Place(url, url.netloc, own=True)

    def headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        """The headers of *request*; the credentials only where they belong: on the client's own origin."""
        named = [(name.encode(), value.encode()) for name, value in request.headers]
        if not request.with_credentials or not self.place(request.target).own:
            return [*self._plain, *named]
        return [*self._plain, *((name.encode(), key.reveal().encode()) for name, key in self._credentials), *named]

    def sendable(self, request: Request, content: Any, extensions: dict[str, Any]) -> httpx2.Request:
        """*request* as httpx2 sends it, with *content* for its body."""
        headers, method = self.headers(request), request.method.upper()
        own_frame = self._frames_itself or any(name.lower() in FRAMING for name, _ in request.headers)
        url, host, _ = self.place(request.target)
        if own_frame or not isinstance(content, bytes):
            return httpx2.Request(method, url, headers=headers, content=content, extensions=extensions)
        # The same, in a third of the time: httpx2 looks for each of these again, and makes the list of headers twice.
        headers.insert(0, (b"Host", host))
        if content or method in WITH_BODY:
            headers.append((b"Content-Length", b"%d" % len(content)))
        sent = httpx2.Request(method, url, headers=headers, stream=httpx2.ByteStream(content), extensions=extensions)
        sent.read()  # hooks of a user's own client may look at it
        return sent
