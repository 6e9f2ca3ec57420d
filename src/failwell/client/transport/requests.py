"""Request factory: base URL, headers and credentials that all requests of a client have in common."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import httpx2

from failwell._support.secret import Secret
from failwell.client.transport.targets import below, origin, whole
from failwell.wire.messages import Request

FRAMING = frozenset({"host", "content-length", "transfer-encoding"})
"""Headers that say where a request ends or goes: where somebody names one, httpx2 decides about the others."""
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "QUERY"})
"""Methods whose requests say how long their body is, also where there is none (RFC 9110, 8.6)."""


NO_CONTENT = httpx2.ByteStream(b"")


class UnseenHeaders(httpx2.Headers):
    """Headers with a credential among them, which their repr does not show."""

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


class RequestTarget(NamedTuple):
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
        self._frames_itself = _frames((*headers, *credentials))
        self._usual = UnseenHeaders([(b"Host", self.base.netloc), *self._plain, *self._revealed()])
        self._below = functools.lru_cache(maxsize=256)(self._place_below)

    def __repr__(self) -> str:
        return f"<Prepared for {self.base_url}>"

    def place(self, target: str) -> RequestTarget:
        """Where a request to *target* goes. Whole URLs are not kept: they may be signed.

        Raises:
            BadTargetError: it is no target.
        """
        if target[:1] == "/":
            return self._below(target)
        url = whole(target)
        return RequestTarget(url, url.netloc, origin(url) == self.origin)

    def _place_below(self, target: str) -> RequestTarget:
        url = below(self.base, target)
        return RequestTarget(url, url.netloc, own=True)

    def headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        """The headers of *request*; the credentials only where they belong: on the client's own origin."""
        return self._headers(request, own=self.place(request.target).own)

    def _headers(self, request: Request, *, own: bool) -> list[tuple[bytes, bytes]]:
        named = [(name.encode(), value.encode()) for name, value in request.headers]
        return [*self._plain, *(self._revealed() if own and request.with_credentials else ()), *named]

    def _revealed(self) -> list[tuple[bytes, bytes]]:
        return [(name.encode(), key.reveal().encode()) for name, key in self._credentials]

    def sendable(self, request: Request, content: Any, extensions: dict[str, Any]) -> httpx2.Request:
        """*request* as httpx2 sends it, with *content* for its body."""
        method, named = request.method.upper(), request.headers
        url, host, own = self.place(request.target)
        if self._frames_itself or not isinstance(content, bytes) or (named and _frames(named)):
            headers = self._headers(request, own=own)
            return httpx2.Request(method, url, headers=headers, content=content, extensions=extensions)
        # The same, in a third of the time: httpx2 looks for each of these again, and makes the list of headers twice.
        if own and request.with_credentials and not named and not content and method not in WITH_BODY:
            sent = httpx2.Request(method, url, headers=self._usual, stream=NO_CONTENT, extensions=extensions)
        else:
            headers = [(b"Host", host), *self._headers(request, own=own)]
            if content or method in WITH_BODY:
                headers.append((b"Content-Length", b"%d" % len(content)))
            stream = httpx2.ByteStream(content)
            sent = httpx2.Request(method, url, headers=headers, stream=stream, extensions=extensions)
        sent.read()  # hooks of a user's own client may look at it
        return sent


def _frames(headers: Iterable[tuple[str, object]]) -> bool:
    """Whether one of *headers* says where a request ends or goes."""
    return any(name.lower() in FRAMING for name, _ in headers)
