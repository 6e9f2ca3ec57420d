"""Async network backend for httpcore2: nothing stays open when a call is cancelled, on asyncio and trio.

httpcore2 forgets the socket of a TLS handshake that is cancelled, and httpx2 the iterator of a body that is not read
to its end. A timeout of ours is a cancellation.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any, cast

import anyio
import httpcore2
import httpx2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from failwell.client.transport.httpx.early_answers import EarlyAnswer
from failwell.client.transport.httpx.event_loops import ENDS, running_loop
from failwell.client.transport.httpx.fork import remember_pool, remember_stream
from failwell.client.transport.httpx.pool import for_pool, from_pool, pool_options
from failwell.client.transport.httpx.workarounds import PooledConnection, has_surplus, to_the_end

_asking: ContextVar[bool] = ContextVar("_asking", default=False)
"""Whether this task sends a request: later the socket may be a websocket, which others read."""


class CancellableStream(AsyncNetworkStream):
    """A socket that is closed when its TLS handshake does not come to an end. Once *spoiled* it is not used again."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream
        self.spoiled = False
        self._early = EarlyAnswer(stream)
        remember_stream(self)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._early.taken(max_bytes) or await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of *buffer*; of a long request only as much as the server wants before it answers with an error.

        Raises:
            WriteError: the server has answered meanwhile. What it said is read next.
        """
        if _asking.get():
            await self._early.write(buffer, timeout)
        else:
            await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        try:
            return CancellableStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        # An idle connection with something to read has ended or is out of step: the pool closes it.
        return True if self.spoiled and info == "is_readable" else self._stream.get_extra_info(info)


class CancellableBackend(AsyncNetworkBackend):
    """Opens such sockets."""

    def __init__(self) -> None:
        # To type checkers it is also the class that stands in where anyio is missing.
        self._backend: Any = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        return CancellableStream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class _Connection(PooledConnection):
    async def handle_async_request(self, request: httpcore2.Request) -> httpcore2.Response:
        try:
            reply: httpcore2.Response = await self._connection.handle_async_request(request)
        except httpcore2.ConnectionNotAvailable:
            raise
        except BaseException:
            if not self._answered:
                with anyio.CancelScope(shield=True):
                    await self._connection.aclose()
            raise
        self._answered = True
        return reply


class _Pool(httpcore2.AsyncConnectionPool):
    def create_connection(self, origin: httpcore2.Origin) -> Any:
        return _Connection(super().create_connection(origin))


class _ProxyPool(httpcore2.AsyncHTTPProxy):
    def create_connection(self, origin: httpcore2.Origin) -> Any:
        return _Connection(super().create_connection(origin))


class CancellableTransport(httpx2.AsyncBaseTransport):
    """httpx2 over connection pools of such sockets: one for each event loop, since a socket is of use in its own alone.

    A pool is closed when its loop ends, or with the transport.
    """

    def __init__(self, *, proxy: httpx2.Proxy | None = None) -> None:
        self._proxy = proxy
        self._options = pool_options(CancellableBackend())
        self._pool: httpcore2.AsyncConnectionPool
        self.renew()
        remember_pool(self)

    def renew(self) -> None:
        """Begin again with an empty pool."""
        self._pools: dict[object, httpcore2.AsyncConnectionPool] = {}
        self._last: object = None
        self._lock = threading.Lock()
        self._pool = self._made()

    def _made(self) -> httpcore2.AsyncConnectionPool:
        options, proxy = self._options, self._proxy
        if proxy is None:
            return _Pool(**options)
        return _ProxyPool(str(proxy.url), proxy_auth=proxy.raw_auth, **options)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        loop = running_loop()
        pool = self._pools.get(loop) or self._new_pool(loop)
        asking = _asking.set(True)
        try:
            reply = await pool.handle_async_request(for_pool(request))
        finally:
            _asking.reset(asking)
        return from_pool(reply, _ReplyStream(reply))

    def _new_pool(self, loop: object) -> httpcore2.AsyncConnectionPool:
        """The pool of *loop*, which runs this for the first time."""
        with self._lock:  # loops of several threads may share a client
            if self._last is not None:
                self._pool = self._made()
            for other in [other for other in self._pools if not ENDS.known(other)]:
                del self._pools[other]
            self._last, self._pools[loop] = loop, self._pool
            ENDS.close_with(loop, self._pool)
            return self._pool

    async def aclose(self) -> None:
        """Close what is open in this event loop; what others have is closed when they end."""
        pool = self._pools.pop(running_loop(), None)
        if pool is not None:
            await pool.aclose()


class _ReplyStream(httpx2.AsyncByteStream):
    """The body of a reply as it arrives."""

    def __init__(self, reply: httpcore2.Response) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(cast(Any, self._reply.stream).__aiter__()) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        stream = self._reply.extensions.get("network_stream")
        if isinstance(stream, CancellableStream) and has_surplus(self._reply):
            stream.spoiled = True
        await to_the_end(self._reply.aclose())
