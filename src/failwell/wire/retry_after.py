"""How long a server asks to wait, in every form in which servers say it."""

from __future__ import annotations

import math
from collections.abc import Mapping


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds the server asked us to wait, or None if it did not ask (or not readably).

    Read, in this order: `retry-after-ms` (milliseconds), `Retry-After` (RFC 9110, 10.2.3: seconds, also with
    decimals, or an HTTP-date), `RateLimit` and `RateLimit-Reset` (seconds, when nothing remains).
    A date is measured against the reply's own `Date`, so that a skewed clock here does not matter; *now* (seconds
    since the epoch) serves when there is none. *headers* has lower-case names.
    """
    finer = headers.get("retry-after-ms")
    if finer is not None and (milliseconds := seconds_in(finer)) is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    seconds = None if asked is None else seconds_in(asked)
    if seconds is None and asked is not None:
        seconds = _until(asked, headers.get("date"), now)
    return seconds if seconds is not None else rate_limit(headers)


def seconds_in(text: str | None) -> float | None:
    """*text* as a finite number that is not negative, or None."""
    if text is None or len(text) > 40 or not text.isascii() or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def http_date(text: str | None) -> float | None:
    """Seconds since the epoch of an HTTP-date, or None."""
    if not text or len(text) > 60:
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime  # loads socket and random, which few replies need

    try:
        moment = parsedate_to_datetime(text)
        # The asctime form names no zone; HTTP-dates are in GMT (RFC 9110, 5.6.7).
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _until(text: str | None, date: str | None, now: float | None) -> float | None:
    then = http_date(text)
    reference = http_date(date)
    if reference is None:
        reference = now
    if then is None or reference is None:
        return None
    return max(then - reference, 0.0)


def rate_limit(headers: Mapping[str, str]) -> float | None:
    """The longest reset of the used-up limits: `RateLimit: "name";r=0;t=12`, or `RateLimit-Remaining: 0`."""
    resets: list[float] = []
    limits = headers.get("ratelimit")
    for limit in limits.split(",") if limits else ():
        pairs = [part.strip().partition("=") for part in limit.split(";")[1:]]
        parameters = {name: value for name, _, value in pairs}
        if parameters.get("r") == "0" and (reset := seconds_in(parameters.get("t"))) is not None:
            resets.append(reset)
    if resets:
        return max(resets)
    if headers.get("ratelimit-remaining") == "0":
        return seconds_in(headers.get("ratelimit-reset"))
    return None
