"""RateLimit headers (IETF draft, X-RateLimit): how long a used-up limit lasts, in each of their dialects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from failwell.wire.moments import duration_in, http_date, seconds_in, until

IN_SECONDS = 1e9
"""A reset from here on is seconds since the epoch, below it seconds from now: servers send both."""
IN_MILLISECONDS = 1e12
"""From here on it is milliseconds since the epoch."""
NO_MOMENT = 1e15
"""From here on it is neither, but a number of seconds above every cap."""

PAIRS = (
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
)
"""What is left of a limit, and when it is reset."""
AFTER = "x-ratelimit-reset-after"
"""Seconds until the reset of `x-ratelimit-remaining`, to the millisecond: Discord's."""
KEYS = frozenset({"r", "t", "limit", "remaining", "reset"})
"""What is read of `RateLimit`."""
TELLING = (AFTER, "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
"""Waits by their names. On a reply that refuses they count also where none of its headers says what is left."""
RESETS = frozenset({"ratelimit", AFTER, *(reset for _, reset in PAIRS)})
"""All headers that tell when a limit is reset."""


def used_up_for(headers: Mapping[str, str], *, now: float | None = None, refused: bool = False) -> float | None:
    """Seconds until all limits of which nothing remains are reset, or None while something remains or nothing is said.

    Read: `RateLimit` (drafts 07 to 10), `RateLimit-Remaining` with `RateLimit-Reset` (drafts 03 to 06), the same two
    with `X-`, and what OpenAI and Discord have made of those. A reset is seconds from now, a duration ("6m0s") or a
    moment: a date, or seconds or milliseconds since the epoch. A moment is measured against the reply's own `Date`;
    *now* (seconds since the epoch) serves when there is none. *refused* is for a reply that says by its status that it
    is about a limit. *headers* has lower-case names.
    """
    resets: list[str | None] = []
    limits = headers.get("ratelimit")
    if limits is not None:
        resets += _structured(limits)
    says_what_is_left = False
    for remaining, reset in PAIRS:
        left = headers.get(remaining)
        if left is None:
            continue
        says_what_is_left = True
        resets += _used_up(left, headers.get(reset))
        if remaining == "x-ratelimit-remaining" and (after := headers.get(AFTER)) is not None:
            resets += _used_up(left, after)
    if refused and limits is None and not says_what_is_left:
        resets += [headers.get(name) for name in TELLING]
    if not resets:
        return None
    waits = [wait for reset in resets if reset is not None and (wait := _wait(reset, headers, now)) is not None]
    return max(waits, default=None)


def _used_up(remaining: str, reset: str | None) -> Iterator[str]:
    """The parts of *reset* at whose places nothing remains; all of them where it has another number of parts."""
    if reset is None:
        return
    left = [_is_nothing(part) for part in remaining.split(",")]
    moments = reset.split(",") if seconds_in(reset.partition(",")[0].partition(";")[0]) is not None else [reset]
    if len(left) == len(moments):
        yield from (moment for moment, nothing in zip(moments, left, strict=True) if nothing)
    elif any(left):
        yield from moments


def _structured(limits: str) -> Iterator[str | None]:
    """The resets of what is used up: `"default";r=0;t=12` (drafts 08 to 10), `limit=9, remaining=0, reset=12` (07)."""
    limit: dict[str, str] = {}
    for member in re.sub(r'"(?:[^"\\]|\\.)*"', "", limits).split(","):
        parts = [part.strip().partition("=") for part in member.split(";")]
        pairs = {name: value for name, _, value in parts if name in KEYS}
        if "r" in pairs or "t" in pairs:
            yield from _used_up(pairs.get("r", "1"), pairs.get("t"))
            continue
        if not limit.keys().isdisjoint(pairs):  # the next limit begins
            yield from _used_up(limit.get("remaining", "1"), limit.get("reset"))
            limit = {}
        limit |= pairs
    yield from _used_up(limit.get("remaining", "1"), limit.get("reset"))


def _is_nothing(remaining: str) -> bool:
    """Whether nothing remains; some servers count on below zero. What comes after ";" is about the window."""
    try:
        return float(remaining.partition(";")[0]) <= 0
    except ValueError:
        return False


def _wait(reset: str, headers: Mapping[str, str], now: float | None) -> float | None:
    said = reset.partition(";")[0]
    number = duration_in(said)
    if number is None:
        moment = http_date(said)
    elif number < IN_SECONDS or number >= NO_MOMENT:
        return number
    else:
        moment = number if number < IN_MILLISECONDS else number / 1000
    return None if moment is None else until(moment, headers, now)
