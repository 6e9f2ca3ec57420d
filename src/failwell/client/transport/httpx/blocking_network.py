"""Blocking network backend for httpcore2 with one deadline an attempt: no drip and no DNS outlives it.

httpx2 gives every single read the whole timeout; a server that sends one byte a second is never too slow for it.
Here the number that httpcore2 hands down as a "timeout" is a moment on `time.monotonic`: the end of the attempt.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore2
import httpx2
from httpcore2 import NetworkBackend, NetworkStream

from failwell.client.transport.httpx.dns import addresses
from failwell.client.transport.httpx.fork import remember_pool, remember_stream
from failwell.client.transport.httpx.pool import for_pool, from_pool, pool_options
from failwell.client.transport.httpx.workarounds import PooledConnection, has_surplus

LONGEST_ATTEMPT = 1_000_000.0
"""Seconds that sockets can count on every system: some two weeks."""
SLICE = 64 * 1024
"""Bytes written between two looks at the clock."""


class Until:
    """The end of an attempt that moves: each wait for more of an open body has one of its own."""

    def __init__(self, moment: float | None) -> None:
        self.moment = moment

    def within(self, seconds: float | None) -> None:
        """Let it be in so many *seconds*; None for no end."""
        self.moment = None if seconds is None else time.monotonic() + min(seconds, LONGEST_ATTEMPT)


def timeouts(end: float | None, until: Until | None = None) -> dict[str, Any]:
    """The `timeout` extension of a request that must be over at the moment *end*, or at that of *until* as it moves."""
    if end is None and until is None:
        return {"connect": None, "read": None, "write": None, "pool": None}
    # The pool counts for itself, before any network stream is involved: it gets seconds.
    pool = None if end is None else max(end - time.monotonic(), 0.0)
    moment = end if until is None else until
    return {"connect": moment, "read": moment, "write": moment, "pool": pool}


def _left(end: float | Until | None, too_late: type[Exception]) -> float | None:
    """Seconds until *end*; raises *too_late* when there are none."""
    moment = end.moment if isinstance(end, Until) else end
    if moment is None:
        return None
    left = moment - time.monotonic()
    if left <= 0:
        raise too_late("the attempt's time was used up")
    return left


class AttemptStream(NetworkStream):
    """A socket whose every read and write gets what is left of the attempt. Once *spoiled* it is not used again."""

    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream
        self.spoiled = False
        remember_stream(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), SLICE):
            self._stream.write(buffer[start : start + SLICE], _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return AttemptStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        # An idle connection with something to read has ended or is out of step: the pool closes it.
        return True if self.spoiled and info == "is_readable" else self._stream.get_extra_info(info)


class AttemptBackend(NetworkBackend):
    """Opens sockets within what is left of the attempt."""

    def __init__(self) -> None:
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        try:
            waiting = addresses(host, port, _left(timeout, httpcore2.ConnectTimeout))
        except (OSError, UnicodeError) as problem:
            raise httpcore2.ConnectError(problem) from problem
        while True:
            address, *waiting = waiting
            left = _left(timeout, httpcore2.ConnectTimeout)
            # An address that nobody answers at leaves as much for each of the others.
            share = None if left is None else left / (1 + len(waiting))
            try:
                return AttemptStream(self._backend.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not waiting:
                    raise


class _Connection(PooledConnection):
    def handle_request(self, request: httpcore2.Request) -> httpcore2.Response:
        try:
            reply: httpcore2.Response = self._connection.handle_request(request)
        except httpcore2.ConnectionNotAvailable:
            raise
        except BaseException:
            if not self._answered:
                self._connection.close()
            raise
        self._answered = True
        return reply


class _Pool(httpcore2.ConnectionPool):
    def create_connection(self, origin: httpcore2.Origin) -> Any:
        return _Connection(super().create_connection(origin))


class _ProxyPool(httpcore2.HTTPProxy):
    def create_connection(self, origin: httpcore2.Origin) -> Any:
        return _Connection(super().create_connection(origin))


class AttemptTransport(httpx2.BaseTransport):
    """httpx2 over a connection pool whose every socket keeps to the end of its attempt."""

    def __init__(self, *, proxy: httpx2.Proxy | None = None) -> None:
        self._proxy = proxy
        self._options = pool_options(AttemptBackend())
        self._pool: httpcore2.ConnectionPool
        self.renew()
        remember_pool(self)

    def renew(self) -> None:
        """Begin again with an empty pool."""
        options, proxy = self._options, self._proxy
        if proxy is None:
            self._pool = _Pool(**options)
        else:
            self._pool = _ProxyPool(str(proxy.url), proxy_auth=proxy.raw_auth, **options)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        reply = self._pool.handle_request(for_pool(request))
        return from_pool(reply, _ReplyStream(reply))

    def close(self) -> None:
        self._pool.close()


class _ReplyStream(httpx2.SyncByteStream):
    """The body of a reply as it arrives."""

    def __init__(self, reply: httpcore2.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        return self._reply.iter_stream()

    def close(self) -> None:
        stream = self._reply.extensions.get("network_stream")
        if isinstance(stream, AttemptStream) and has_surplus(self._reply):
            stream.spoiled = True
        self._reply.close()
