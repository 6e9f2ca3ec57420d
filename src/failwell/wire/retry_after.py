"""Parse Retry-After in every form in use: seconds, HTTP-dates, milliseconds, RateLimit headers."""

from __future__ import annotations

from collections.abc import Mapping

from failwell.wire.moments import duration_in, http_date, seconds_in, until
from failwell.wire.rate_limit import RESETS, used_up_for

IN_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
DIALECTS = RESETS | {*IN_MILLISECONDS}
"""The headers beside `Retry-After` that hold a wait."""


def parse_retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds the server asked us to wait, or None if it did not ask (or not readably).

    Read, in this order: `retry-after-ms` and `x-ms-retry-after-ms` (milliseconds), `Retry-After` (RFC 9110, 10.2.3:
    seconds, also with decimals or a unit, or an HTTP-date), and the limits of which nothing remains, as `used_up_for`
    reads them. A date is measured against the reply's own `Date`, so that a skewed clock here does not matter; *now*
    (seconds since the epoch) serves when there is none. *headers* has lower-case names.
    """
    for name in IN_MILLISECONDS:
        finer = headers.get(name)
        if finer is not None and (milliseconds := seconds_in(finer)) is not None:
            return milliseconds / 1000
    asked = headers.get("retry-after")
    if asked is not None:
        half = asked[: len(asked) // 2 - 1]
        if asked == f"{half}, {half}":  # a server and its proxy have each sent it
            asked = half
        if (seconds := duration_in(asked)) is not None:
            return seconds
        moment = http_date(asked)
        if moment is not None and (seconds := until(moment, headers, now)) is not None:
            return seconds
    return used_up_for(headers, now=now, refused=True)
