"""The transports over httpx2, blocking and awaiting."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Generic, TypeVar, cast

import anyio
import anyio.to_thread
import httpx2

from failwell._support.detached import detached
from failwell._support.request_secrets import of_body, of_query
from failwell._support.secret import Secret
from failwell.client.transport.content_coding import apieces_of, pieces_of
from failwell.client.transport.content_error import ContentError
from failwell.client.transport.failures import LIBRARY_ERRORS, AttemptTimeoutError, failure
from failwell.client.transport.httpx.async_network import CancellableTransport
from failwell.client.transport.httpx.blocking_network import LONGEST_ATTEMPT, AttemptTransport, Until, timeouts
from failwell.client.transport.httpx.body import AwaitingBody, BlockingBody
from failwell.client.transport.httpx.proxies import Proxies, of_environment, secrets_of_environment
from failwell.client.transport.httpx.workarounds import of_another_loop
from failwell.client.transport.replies import IncomingReply
from failwell.client.transport.requests import RequestFactory
from failwell.wire.messages import Content, Failure, Into, Outcome, Request

C = TypeVar("C", httpx2.Client, httpx2.AsyncClient)

PHASES = ("connect", "read", "write", "pool")
"""Parts of an attempt that each have a timeout where the client is the user's own."""


class _Httpx(Generic[C]):
    """What the transports of both colours know: the requests of a client, its secrets, and what sends them."""

    def __init__(self, prepared: RequestFactory, wall: Callable[[], float], client: C, *, own: bool) -> None:
        self._prepared = prepared
        self._wall = wall
        self._client: C = client
        self._own = own
        self.secrets = tuple(dict.fromkeys((*prepared.secrets, *secrets_of_environment())))

    def secrets_of(self, request: Request) -> tuple[Secret, ...]:
        """What must not be shown of the exchange of *request*."""
        if request.target[:1] == "/" and not request.secrets:  # as nearly always: only the client's own
            return self.secrets
        return (*self.secrets, *of_query(request.target), *of_body(request.secrets))

    def _incoming(self, response: httpx2.Response, into: Into | None = None) -> IncomingReply:
        headers = _joined(response.headers.raw)
        return IncomingReply(response.status_code, headers, self._prepared.longest_reply, into)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._client.is_closed


class BlockingHttpx(_Httpx[httpx2.Client]):
    """Sends with an `httpx2.Client`: one of ours, or the user's own."""

    def __init__(
        self, prepared: RequestFactory, wall: Callable[[], float], client: httpx2.Client | None = None
    ) -> None:
        own = client is None
        if client is None:
            proxies = of_environment()
            transport = _BlockingByEnvironment(proxies) if proxies.by_scheme else AttemptTransport()
            client = httpx2.Client(transport=transport, timeout=None)
        super().__init__(prepared, wall, client, own=own)

    def send(self, request: Request, timeout: float | None) -> Outcome:
        """One attempt, over within *timeout* seconds (with a user's own client: checked between chunks)."""
        return cast("Outcome", self._exchange(request, timeout))

    def open(self, request: Request, timeout: float | None) -> Outcome | BlockingBody:
        """One attempt, like `send`; the body of a success is left to be read."""
        return self._exchange(request, timeout, Until(None))

    def _exchange(self, request: Request, timeout: float | None, until: Until | None = None) -> Outcome | BlockingBody:
        content = None if isinstance(request.content, bytes) else _BlockingReading(request.content)
        try:
            return self._attempt(request, timeout, content, until)
        except (*LIBRARY_ERRORS, AttemptTimeoutError) as problem:
            return failure(problem, self.secrets_of(request))

    def _attempt(
        self, request: Request, timeout: float | None, content: _BlockingReading | None, until: Until | None
    ) -> Outcome | BlockingBody:
        timeout = None if timeout is None else min(timeout, LONGEST_ATTEMPT)
        end = None if timeout is None else time.monotonic() + timeout
        if until is not None:
            until.moment = end
        limits = timeouts(end, until) if self._own else dict.fromkeys(PHASES, timeout)
        sent = self._prepared.sendable(request, request.content if content is None else content, {"timeout": limits})
        response = self._client.send(sent, stream=True, follow_redirects=False)
        if until is not None and _is_left_open(response):
            head = self._incoming(response).head(self._wall())
            return BlockingBody(head, response, until, self.secrets_of(request))
        try:
            reply = self._incoming(response, request.into)
            try:
                for chunk in pieces_of(response, reply.headers.get("content-encoding")):
                    if end is not None and time.monotonic() > end:
                        raise AttemptTimeoutError("the attempt's time was used up while the body arrived")
                    if not reply.take(chunk):
                        break
            except LIBRARY_ERRORS as problem:
                if failed := reply.failed(problem, self._wall(), self.secrets_of(request)):
                    return failed
            return reply.reply(self._wall(), lambda: self.secrets_of(request))
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections, unless the client is the user's own."""
        if self._own:
            self._client.close()


class AwaitingHttpx(_Httpx[httpx2.AsyncClient]):
    """Sends with an `httpx2.AsyncClient`: one of ours, or the user's own; on asyncio and trio."""

    def __init__(
        self, prepared: RequestFactory, wall: Callable[[], float], client: httpx2.AsyncClient | None = None
    ) -> None:
        own = client is None
        if client is None:
            proxies = of_environment()
            transport = _AwaitingByEnvironment(proxies) if proxies.by_scheme else CancellableTransport()
            client = httpx2.AsyncClient(transport=transport, timeout=None)
        super().__init__(prepared, wall, client, own=own)

    async def send(self, request: Request, timeout: float | None) -> Outcome:
        """One attempt, over within *timeout* seconds."""
        return cast("Outcome", await self._exchange(request, timeout))

    async def open(self, request: Request, timeout: float | None) -> Outcome | AwaitingBody:
        """One attempt, like `send`; the body of a success is left to be read."""
        return await self._exchange(request, timeout, keep_open=True)

    async def _exchange(
        self, request: Request, timeout: float | None, *, keep_open: bool = False
    ) -> Outcome | AwaitingBody:
        content = None if isinstance(request.content, bytes) else _AwaitingReading(request.content)
        try:
            with anyio.move_on_after(timeout):
                return await self._attempt(request, content, keep_open=keep_open)
        except LIBRARY_ERRORS as problem:
            return failure(problem, self.secrets_of(request))
        except RuntimeError as problem:
            if not of_another_loop(problem):
                raise
            return Failure("network", "the connection belonged to a closed event loop", False, detached(problem))
        return failure(AttemptTimeoutError("the attempt's time was used up"), self.secrets)

    async def _attempt(
        self, request: Request, content: _AwaitingReading | None, *, keep_open: bool
    ) -> Outcome | AwaitingBody:
        limits = {"timeout": timeouts(None)}
        sent = self._prepared.sendable(request, request.content if content is None else content, limits)
        response = await self._client.send(sent, stream=True, follow_redirects=False)
        if keep_open and _is_left_open(response):
            head = self._incoming(response).head(self._wall())
            return AwaitingBody(head, response, self.secrets_of(request))
        try:
            reply = self._incoming(response, request.into)
            try:
                coding = reply.headers.get("content-encoding")
                async with aclosing(apieces_of(response, coding)) as chunks:
                    async for chunk in chunks:
                        # A disk may be slow, and other tasks go on meanwhile.
                        more = await anyio.to_thread.run_sync(reply.take, chunk) if request.into else reply.take(chunk)
                        if not more:
                            break
            except LIBRARY_ERRORS as problem:
                if failed := reply.failed(problem, self._wall(), self.secrets_of(request)):
                    return failed
            return reply.reply(self._wall(), lambda: self.secrets_of(request))
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless the client is the user's own."""
        if not self._own:
            return
        try:
            await self._client.aclose()
        except RuntimeError as problem:
            if not of_another_loop(problem):  # with that loop its connections went
                raise


class _Reading:
    """A body that is read while it is sent. Its own failure is the caller's, not the network's."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def chunks(self) -> Iterator[bytes]:
        """The body from its start.

        Raises:
            ContentError: it fails.
        """
        try:
            if isinstance(self._content, bytes):
                yield self._content
            else:
                yield from self._content() if callable(self._content) else self._content
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is the caller's
            raise ContentError(problem, problem.__traceback__) from None


class _BlockingReading(_Reading):
    def __iter__(self) -> Iterator[bytes]:
        return self.chunks()


class _AwaitingReading(_Reading):
    # Not a subclass that iterates both ways: httpx2 would take it for a blocking body.
    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self.chunks()
        while (chunk := await anyio.to_thread.run_sync(next, chunks, None)) is not None:
            yield chunk


def _is_left_open(response: httpx2.Response) -> bool:
    """Whether there is more to come than an error: the body of a success, or a websocket."""
    return response.is_success or response.status_code == 101


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header fields by lower-case name; repeated ones in one line (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


class _BlockingByEnvironment(httpx2.BaseTransport):
    """Straight to the server, or through the proxy that the environment names."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        ways = [(None, None), *proxies.by_scheme.items()]
        self._ways = {name: AttemptTransport(proxy=proxy) for name, proxy in ways}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._ways[self._proxies.name_for(request.url)].handle_request(request)

    def close(self) -> None:
        for transport in self._ways.values():
            transport.close()


class _AwaitingByEnvironment(httpx2.AsyncBaseTransport):
    """Straight to the server, or through the proxy that the environment names."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        ways = [(None, None), *proxies.by_scheme.items()]
        self._ways = {name: CancellableTransport(proxy=proxy) for name, proxy in ways}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._ways[self._proxies.name_for(request.url)].handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._ways.values():
            await transport.aclose()
