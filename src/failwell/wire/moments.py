"""Durations and moments, as servers write them in headers: numbers, "6m0s", HTTP-dates, ISO 8601."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping

MOST = sys.float_info.max
"""Seconds that stand for a number too large to be one: above every cap, and finite."""
FARTHEST = 10 * 366 * 86_400.0
"""Seconds from now until the last moment that a server can mean; what is farther away is a mistake, and no moment."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# RFC 9110, 5.6.7: as of RFC 5322 or RFC 850, in GMT. A name of another zone is nothing that one could rely on ("CST" is
# in China, in Cuba and in Chicago); an offset in numbers is.
DATE = r"(?:[a-z]{3,9},? +)?(\d\d?)[ -]([a-z]{3})[ -](\d{4}|\d\d) +(\d\d?):(\d\d):(\d\d) *(?:gmt|utc?|z|([+-]\d{4}))?"
ASCTIME = r"[a-z]{3} +([a-z]{3}) +(\d\d?) +(\d\d):(\d\d):(\d\d) +(\d{4})"
ISO = r"\d{4}-\d\d-\d\dt\d\d:\d\d.*(?:z|[+-]\d\d:?\d\d)"
# As Go prints a duration.
UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
DURATION = r"(?:\d+(?:\.\d+)?(?:ms|us|ns|d|h|m|s))+"
PART = r"(\d+(?:\.\d+)?)(ms|us|ns|d|h|m|s)"


def seconds_in(text: str | None) -> float | None:
    """*text* as a number that is not negative, or None. One of very many digits is `MOST`; "inf" is no number."""
    if text is None or not text.isascii() or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    if math.isinf(number) and text.strip().removeprefix("+").partition(".")[0].isdecimal():
        return MOST
    return number if math.isfinite(number) and number >= 0 else None


def duration_in(text: str) -> float | None:
    """The seconds of a number, or of a duration with units ("1.5", "20ms", "6m0s", "1d2h"); None for anything else."""
    if (seconds := seconds_in(text)) is not None:
        return seconds
    said = text.strip().lower()
    if not re.fullmatch(DURATION, said):
        return None
    return min(sum(float(count) * UNITS[unit] for count, unit in re.findall(PART, said)), MOST)


def http_date(text: str | None) -> float | None:
    """Seconds since the epoch of an HTTP-date, or None. Also of one of ISO 8601, if it names its zone."""
    if not text or len(text) > 60 or not text.isascii():
        return None
    from datetime import UTC, datetime, timedelta, timezone

    said = text.strip().lower()
    try:
        if found := re.fullmatch(DATE, said):
            day, month, year, hour, minute, second, offset = found.groups()
        elif found := re.fullmatch(ASCTIME, said):
            month, day, hour, minute, second, year = found.groups()
            offset = None
        elif re.fullmatch(ISO, said):
            return datetime.fromisoformat(said.upper()).timestamp()
        else:
            return None
        whole_year = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 70 else 1900)
        zone = UTC
        if offset is not None:
            minutes = int(offset[1:3]) * 60 + int(offset[3:])
            zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
        parts = (whole_year, MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
        return datetime(*parts, tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None


def until(moment: float, headers: Mapping[str, str], now: float | None) -> float | None:
    """Seconds from a reply with these *headers* to *moment*, by the server's own clock where it shows one.

    None if nobody knows what time it is, or if no server can mean a moment so far away.
    """
    date = headers.get("date")
    reference = None if date is None else http_date(date)
    if reference is None and date is not None:  # two servers have each added one
        reference = http_date(", ".join(date.split(", ")[:2]))
    if reference is None:
        reference = now
    if reference is None or moment - reference > FARTHEST:
        return None
    return max(moment - reference, 0.0)
