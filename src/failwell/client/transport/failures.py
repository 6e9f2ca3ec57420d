"""From exceptions of the HTTP libraries to failures, without the exceptions themselves."""

from __future__ import annotations

import re
import ssl

import anyio
import h11
import httpcore2
import httpx2

from failwell._support.detached import detached
from failwell._support.secret import Secret
from failwell.wire.messages import Failure

LIBRARY_ERRORS = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
    h11.ProtocolError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,
    EOFError,
)
"""What may come out of the libraries below; any of it becomes a `Failure`."""

TIMEOUTS = (httpx2.TimeoutException, httpcore2.TimeoutException, TimeoutError)
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpcore2.ConnectError,
    httpcore2.ConnectTimeout,
    httpcore2.PoolTimeout,
    httpcore2.ProxyError,
)
"""Failures before the first byte of the request left."""
NEVER_SENDABLE = (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpcore2.UnsupportedProtocol)

_HELD = re.compile(r"bytearray\(b(.*)\)")


class AttemptTimeoutError(Exception):
    """The attempt's time ran out between two chunks."""


def failure(problem: Exception, secrets: tuple[Secret, ...]) -> Failure:
    """What a library's exception says about the attempt, without the exception itself."""
    cause = detached(problem, secrets)
    # h11 quotes what it got as it holds it: "illegal status line: bytearray(b'...')".
    reason = _refused_certificate(problem) or _HELD.sub(r"\1", str(cause)).rstrip(".") or type(problem).__name__
    if isinstance(problem, (*TIMEOUTS, AttemptTimeoutError)):
        return Failure("timeout", reason, not isinstance(problem, NOT_SENT), cause)
    if isinstance(problem, (httpx2.DecodingError, *NEVER_SENDABLE)):
        return Failure("unreadable", reason, not isinstance(problem, NEVER_SENDABLE), cause)
    return Failure("network", reason, not isinstance(problem, NOT_SENT), cause)


def _refused_certificate(problem: BaseException) -> str | None:
    """What was wrong with the server's certificate, if it is that."""
    found: BaseException | None = problem
    while found is not None and not isinstance(found, ssl.SSLCertVerificationError):
        found = found.__cause__ or found.__context__
    return None if found is None else f"the server's certificate was refused ({found.verify_message.rstrip('.')})"
