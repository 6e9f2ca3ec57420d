"""What the connection pools of both colours have in common: their limits, and the way from httpx2 to httpcore2."""

from __future__ import annotations

import functools
import ssl
from typing import Any

import httpcore2
import httpx2

LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The certificates that all our clients trust, loaded once: that takes longer than a call."""
    return httpx2.create_ssl_context()


def pool_options(network_backend: object) -> dict[str, Any]:
    """How a pool over *network_backend* is made."""
    return {
        "ssl_context": tls_context(),
        "max_connections": LIMITS.max_connections,
        "max_keepalive_connections": LIMITS.max_keepalive_connections,
        "keepalive_expiry": LIMITS.keepalive_expiry,
        "network_backend": network_backend,
    }


def for_pool(request: httpx2.Request) -> httpcore2.Request:
    """*request* as a pool takes it."""
    url = request.url
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def from_pool(reply: httpcore2.Response, stream: httpx2.SyncByteStream | httpx2.AsyncByteStream) -> httpx2.Response:
    """*reply* as httpx2 gives it, with *stream* for its body."""
    return httpx2.Response(status_code=reply.status, headers=reply.headers, stream=stream, extensions=reply.extensions)
