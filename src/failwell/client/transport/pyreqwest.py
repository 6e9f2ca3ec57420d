"""Fast transports over pyreqwest, for calls whose bodies are whole; all others go over httpx2.

An attempt is bounded whole, and no exception of the library leaves; but what the library does not tell is not known
here: the parts of an attempt, and mostly whether a request was sent. Then it counts as sent.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

import httpx2

from failwell._support import truncation
from failwell._support.masking import masked
from failwell._support.secret import Secret
from failwell.client.transport.content_coding import ACCEPTED, Decoding
from failwell.client.transport.httpx.blocking_network import LONGEST_ATTEMPT
from failwell.client.transport.httpx.body import AwaitingBody, BlockingBody
from failwell.client.transport.httpx.pool import LIMITS
from failwell.client.transport.httpx.proxies import of_environment
from failwell.client.transport.httpx.transport import AwaitingHttpx, BlockingHttpx
from failwell.client.transport.replies import HIGHEST_KEPT, IncomingReply
from failwell.client.transport.requests import WITH_BODY, RequestFactory
from failwell.contract.extras import needs
from failwell.wire.messages import Failure, Outcome, Reply, Request

with needs("fast", __name__):
    from pyreqwest.client import Client, ClientBuilder, SyncClient, SyncClientBuilder
    from pyreqwest.exceptions import (
        DetailedPyreqwestError,
        PyreqwestError,
        RequestTimeoutError,
    )
    from pyreqwest.proxy import ProxyBuilder
    from pyreqwest.request import RequestBuilder, SyncRequestBuilder
    from pyreqwest.response import BaseResponse

PROBLEMS = (PyreqwestError, ValueError, httpx2.InvalidURL, httpx2.DecodingError)
"""What may come out of the library below, of a target that is none, or of a body that is not what it says."""
NOT_SENT = "client error (Connect)"
"""What its errors say, in a chain of causes, when no connection was made. Their classes do not tell."""
REFUSED = "invalid peer certificate: "
CUT = "error reading a body from connection"
"""What they say of a body that did not come whole; without it, it cannot be decoded."""
T = TypeVar("T")
X = TypeVar("X", BlockingHttpx, AwaitingHttpx)
B = TypeVar("B", RequestBuilder, SyncRequestBuilder)

_forked = False


def _after_fork() -> None:
    global _forked  # noqa: PLW0603 - a fact about the process
    _forked = True


if hasattr(os, "register_at_fork"):
    # The threads that send for the library are the parent's, and it refuses to begin again.
    os.register_at_fork(after_in_child=_after_fork)


class _Fast(Generic[X]):
    """What the fast transports of both colours know; *other* sends what they do not."""

    def __init__(self, prepared: RequestFactory, wall: Callable[[], float], other: X) -> None:
        self._prepared = prepared
        self._wall = wall
        self._other: X = other
        self._at_once = min(HIGHEST_KEPT, prepared.longest_reply or HIGHEST_KEPT)
        self.secrets = other.secrets

    def secrets_of(self, request: Request) -> tuple[Secret, ...]:
        """What must not be shown of the exchange of *request*."""
        return self._other.secrets_of(request)

    def _incoming(self, response: BaseResponse) -> IncomingReply:
        return IncomingReply(response.status, _headers(response), self._prepared.longest_reply)

    def _is_short(self, reply: IncomingReply) -> bool:
        """Whether the body is read at once: its head tells that it is no longer than is held, and not packed."""
        length = reply.headers.get("content-length", "")
        held = reply.status < 400 and length.isdecimal() and int(length) <= self._at_once
        return held and "content-encoding" not in reply.headers

    def _failure(self, request: Request, problem: Exception, reply: IncomingReply | None) -> Failure:
        return _failure(problem, None if reply is None else reply.head(self._wall()), self.secrets_of(request))

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._other.closed


class BlockingFast(_Fast[BlockingHttpx]):
    """Sends with pyreqwest; a stream, a download or a body that is read while it is sent goes over httpx2."""

    def __init__(self, prepared: RequestFactory, wall: Callable[[], float]) -> None:
        super().__init__(prepared, wall, BlockingHttpx(prepared, wall))
        self._client: SyncClient | None = _configured(SyncClientBuilder()).build()

    def send(self, request: Request, timeout: float | None) -> Outcome:
        """One attempt, over within *timeout* seconds."""
        if not _is_whole(request):
            return self._other.send(request, timeout)
        reply: IncomingReply | None = None
        try:
            builder = _open(self._client).request(request.method, str(self._prepared.place(request.target).url))
            with _filled(builder, self._prepared, request, timeout).build_streamed() as response:
                reply, reader = self._incoming(response), response.body_reader
                if self._is_short(reply):
                    reply.take(bytes(reader.bytes()))
                    return reply.reply(self._wall())
                decoding = Decoding(reply.headers.get("content-encoding", ""))
                try:
                    while (chunk := reader.read_chunk()) is not None:
                        if not all(map(reply.take, decoding.decode(bytes(chunk)))):
                            break
                    else:
                        decoding.end()
                except PROBLEMS as problem:
                    if reply.status < 400 or isinstance(problem, RequestTimeoutError):
                        raise
                    reply.broken = True  # an error is known by its status, whatever became of its body
                return reply.reply(self._wall(), lambda: self.secrets_of(request))
        except PROBLEMS as problem:
            return self._failure(request, problem, reply)

    def open(self, request: Request, timeout: float | None) -> Outcome | BlockingBody:
        """One attempt, like `send`, over httpx2; the body of a success is left to be read."""
        return self._other.open(request, timeout)

    def close(self) -> None:
        """Close the connections."""
        self._other.close()
        if not _forked and self._client is not None:
            self._client.close()
            # Its sockets stay open for as long as anybody has it.
            self._client = None


class AwaitingFast(_Fast[AwaitingHttpx]):
    """The same, awaited, on asyncio."""

    def __init__(self, prepared: RequestFactory, wall: Callable[[], float]) -> None:
        super().__init__(prepared, wall, AwaitingHttpx(prepared, wall))
        self._client: Client | None = _configured(ClientBuilder()).build()

    async def send(self, request: Request, timeout: float | None) -> Outcome:
        """One attempt, over within *timeout* seconds."""
        if not _is_whole(request):
            return await self._other.send(request, timeout)
        reply: IncomingReply | None = None
        try:
            builder = _open(self._client).request(request.method, str(self._prepared.place(request.target).url))
            async with _filled(builder, self._prepared, request, timeout).build_streamed() as response:
                reply, reader = self._incoming(response), response.body_reader
                if self._is_short(reply):
                    reply.take(bytes(await reader.bytes()))
                    return reply.reply(self._wall())
                decoding = Decoding(reply.headers.get("content-encoding", ""))
                try:
                    while (chunk := await reader.read_chunk()) is not None:
                        if not all(map(reply.take, decoding.decode(bytes(chunk)))):
                            break
                    else:
                        decoding.end()
                except PROBLEMS as problem:
                    if reply.status < 400 or isinstance(problem, RequestTimeoutError):
                        raise
                    reply.broken = True  # an error is known by its status, whatever became of its body
                return reply.reply(self._wall(), lambda: self.secrets_of(request))
        except PROBLEMS as problem:
            return self._failure(request, problem, reply)

    async def open(self, request: Request, timeout: float | None) -> Outcome | AwaitingBody:
        """One attempt, like `send`, over httpx2; the body of a success is left to be read."""
        return await self._other.open(request, timeout)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._other.aclose()
        if not _forked and (client := self._client) is not None:
            self._client = None
            await client.close()


def _open(client: T | None) -> T:
    """*client*, unless it is closed. Raises: RuntimeError, as the library would; a caller is told in other words."""
    if client is None:
        raise RuntimeError("the client is closed")
    return client


def _is_whole(request: Request) -> bool:
    """Whether *request* is one for this transport: a body of bytes, and an answer that nobody reads piece by piece."""
    return isinstance(request.content, bytes) and request.into is None and not _forked


C = TypeVar("C", ClientBuilder, SyncClientBuilder)


def _configured(builder: C) -> C:
    """*builder* with what our clients have in common.

    Raises:
        BadProxyError: a proxy in the environment that requests cannot go through.
    """
    proxies = of_environment()
    builder = builder.follow_redirects(False).referer(False).no_proxy()
    # Undone by ourselves: the library neither bounds what comes out nor knows every name of gzip.
    builder = builder.gzip(False).deflate(False).brotli(False).zstd(False)
    builder = builder.max_connections(LIMITS.max_connections)
    builder = builder.pool_max_idle_per_host(LIMITS.max_keepalive_connections or 0)
    builder = builder.pool_idle_timeout(timedelta(seconds=LIMITS.keepalive_expiry or 0.0))
    if not proxies.by_scheme:
        return builder

    def chosen(url: object) -> str | None:
        name = proxies.name_for(httpx2.URL(str(url)))
        return None if name is None else _with_password(proxies.by_scheme[name])

    return builder.proxy(ProxyBuilder.custom(chosen))


def _with_password(proxy: httpx2.Proxy) -> str:
    if proxy.raw_auth is None:
        return str(proxy.url)
    user, password = (part.decode() for part in proxy.raw_auth)
    return str(proxy.url.copy_with(username=user, password=password))


def _filled(builder: B, prepared: RequestFactory, request: Request, timeout: float | None) -> B:
    """*builder* with the headers and the body of *request*, to be over within *timeout* seconds."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in prepared.headers(request)]
    if not any(name.lower() == "accept-encoding" for name, _ in headers):
        headers.append(("Accept-Encoding", ACCEPTED))
    if request.content:
        builder = builder.body_bytes(request.content)  # type: ignore[arg-type]  # bytes by now
    elif request.method in WITH_BODY:
        headers.append(("Content-Length", "0"))
    # By itself the library reads the start of a body ahead: where that is cut, it would not tell even the status.
    builder = builder.headers(headers).streamed_read_buffer_limit(0)
    return builder if timeout is None else builder.timeout(timedelta(seconds=min(timeout, LONGEST_ATTEMPT)))


def _headers(response: BaseResponse) -> dict[str, str]:
    """Header fields by lower-case name; repeated ones in one line (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    try:
        for key, value in response.headers.items():
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    except ValueError:
        # One is no ASCII, and the library shows it to nobody: those beside it are kept.
        for key in response.headers:
            with contextlib.suppress(ValueError):
                headers[key] = ", ".join(response.headers.getall(key))
    return headers


def _failure(problem: Exception, head: Reply | None, secrets: tuple[Secret, ...]) -> Failure:
    """What the library's exception says about the attempt, without the exception itself."""
    causes: list[str] = []
    if isinstance(problem, DetailedPyreqwestError):
        causes = [cause["message"] for cause in problem.details["causes"] or ()]
    last = causes[-1] if causes else str(problem)
    if last.startswith(REFUSED):
        last = f"the server's certificate was refused ({last.removeprefix(REFUSED)})"
    reason = truncation.text(masked(last.encode("utf-8", "replace"), secrets).decode()).rstrip(".")
    cause = type(problem).__new__(type(problem), reason)
    cause.args = (reason,)
    if isinstance(problem, RequestTimeoutError):
        return Failure("timeout", reason, cause=cause)
    if head is not None and CUT not in causes:  # the body is whole, and not what its headers announce
        return Failure("unreadable", reason, cause=cause, head=head)
    if head is None and isinstance(problem, ValueError | httpx2.InvalidURL):
        return Failure("unreadable", reason, sent=False, cause=cause)
    return Failure("network", reason, sent=NOT_SENT not in causes, cause=cause)
