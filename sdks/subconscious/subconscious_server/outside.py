"""Calls to other servers, where the operator allows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MOST_BYTES = 5 * 1024 * 1024
"""Bytes of an answer that are read."""

Fetch = Callable[..., bytes]
"""`fetch(method, url, json=..., headers=..., timeout=...)`: the body of an answer of 2xx. Raises: OutsideError."""


class OutsideError(Exception):
    """Another server was not asked, or did not answer well; the text says why."""


def forbidden(_method: str, _url: str, **_: Any) -> bytes:
    """Ask nobody. Raises: OutsideError."""
    raise OutsideError("this server makes no calls to other servers.")


def fetched(
    method: str, url: str, *, json: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 30.0
) -> bytes:
    """Ask the server at *url*, and follow it nowhere else. Raises: OutsideError."""
    # Not loaded before: each engine is a process of its own, and most servers ask no other.
    import httpx2

    try:
        asked = {"params": json} if method == "GET" else {"json": json}
        with httpx2.stream(
            method, url, headers=dict(headers or {}), timeout=timeout, follow_redirects=False, **asked
        ) as reply:
            if not reply.is_success:
                raise OutsideError(f"the other server answered {reply.status_code}.")
            body = bytearray()
            for piece in reply.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise OutsideError(f"the answer has more than {MOST_BYTES:,} bytes.")
            return bytes(body)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TypeError) as problem:
        raise OutsideError(f"the other server could not be asked ({type(problem).__name__}).") from problem


def fetch_of(*, allowed: bool) -> Fetch:
    """How other servers are asked, if that is *allowed*."""
    return fetched if allowed else forbidden
