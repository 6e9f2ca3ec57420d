"""How long a rate limit is used up, in every form in which servers say it."""

from __future__ import annotations

from collections.abc import Mapping

from failwell.wire.retry_after import http_date, rate_limit, seconds_in

EPOCH = 1_000_000_000.0
"""An `X-RateLimit-Reset` from here on is seconds since the epoch, below it seconds from now: servers send both."""


def used_up_for(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds until a limit of which nothing remains is reset, or None while something remains (or nothing is said).

    Read, in this order: `RateLimit`, `RateLimit-Remaining` with `RateLimit-Reset`, and the same two with `X-`. A reset
    since the epoch is measured against the reply's own `Date`; *now* (seconds since the epoch) serves when there is
    none. *headers* has lower-case names.
    """
    reset = rate_limit(headers)
    if reset is not None or headers.get("x-ratelimit-remaining") != "0":
        return reset
    reset = seconds_in(headers.get("x-ratelimit-reset"))
    if reset is None or reset < EPOCH:
        return reset
    reference = http_date(headers.get("date"))
    if reference is None:
        reference = now
    return None if reference is None else max(reset - reference, 0.0)
