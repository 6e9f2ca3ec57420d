"""How long a server asks to wait, in every form in which servers say it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds the server asked us to wait, or None if it did not ask (or not readably).

    Read, in this order: `retry-after-ms` (milliseconds), `Retry-After` (RFC 9110, 10.2.3: seconds, also with
    decimals, or an HTTP-date), `RateLimit` and `RateLimit-Reset` (seconds, when nothing remains).
    A date is measured against the reply's own `Date`, so that a skewed clock here does not matter; *now* (seconds
    since the epoch) serves when there is none. *headers* has lower-case names.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    if asked is not None:
        seconds = _seconds(asked)
        return seconds if seconds is not None else _until(asked, headers.get("date"), now)
    return _rate_limit(headers)


def _seconds(text: str | None) -> float | None:
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
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _until(text: str, date: str | None, now: float | None) -> float | None:
    then = http_date(text)
    reference = http_date(date)
    if reference is None:
        reference = now
    if then is None or reference is None:
        return None
    return max(then - reference, 0.0)


def _rate_limit(headers: Mapping[str, str]) -> float | None:
    """The reset of a used-up `RateLimit: "name";r=0;t=12` or of `RateLimit-Remaining: 0` with `RateLimit-Reset`."""
    combined = headers.get("ratelimit")
    if combined:
        for limit in combined.split(","):
            parameters = dict(part.strip().partition("=")[::2] for part in limit.split(";")[1:])
            if parameters.get("r") == "0":
                return _seconds(parameters.get("t"))
    if headers.get("ratelimit-remaining") == "0":
        return _seconds(headers.get("ratelimit-reset"))
    return None
