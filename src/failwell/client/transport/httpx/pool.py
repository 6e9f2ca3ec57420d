"""Connection pool settings of both colours, and the way from httpx2 to httpcore2."""

from __future__ import annotations

from typing import Any

import httpcore2
import httpx2

from failwell.client.transport.httpx.tls import tls_context

# Less than the 5 s after which uvicorn and Node hang up: a request must not cross the end of its connection.
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4.0)


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
