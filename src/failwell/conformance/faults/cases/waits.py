"""Faults: Retry-After and rate limits in every form, readable or not."""

from __future__ import annotations

from collections.abc import Iterator

from failwell.conformance.faults.model import Answered, Fault
from failwell.sandbox.faults.steps import Answer
from failwell.wire.moments import MOST

WaitHeaders = tuple[tuple[str, str], ...]

DATE = ("Date", "Wed, 21 Oct 2026 07:28:00 GMT")
EPOCH = "1792567710"
"""Half a minute later, in seconds since the epoch."""
DETAIL = b'{"detail": "Slow down"}'

ASKED: tuple[tuple[str, WaitHeaders, float | None], ...] = (
    ("2 seconds", (("Retry-After", "2"),), 2.0),
    ("120 seconds", (("Retry-After", "120"),), 120.0),
    ("121 seconds", (("Retry-After", "121"),), 121.0),
    ("300 years", (("Retry-After", "9467280000"),), 9_467_280_000.0),
    ("0 seconds", (("Retry-After", "0"),), 0.0),
    ("-1 seconds", (("Retry-After", "-1"),), None),
    ("2.5 seconds", (("Retry-After", "2.5"),), 2.5),
    ("1e3 seconds", (("Retry-After", "1e3"),), 1000.0),
    ("00007 seconds", (("Retry-After", "00007"),), 7.0),
    ("NaN", (("Retry-After", "NaN"),), None),
    ("infinity", (("Retry-After", "inf"),), None),
    ("1_000", (("Retry-After", "1_000"),), None),
    ("400 digits", (("Retry-After", "9" * 400),), MOST),
    ("5000 digits", (("Retry-After", "9" * 5000),), MOST),
    ("a digit that is none in ASCII", (("Retry-After", "\xb2"),), None),
    ("nothing", (("Retry-After", ""),), None),
    ("words", (("Retry-After", "in a moment"),), None),
    ("two numbers", (("Retry-After", "5"), ("Retry-After", "7")), None),
    ("a number that came twice", (("Retry-After", "5"), ("Retry-After", "5")), 5.0),
    (
        "a date that came twice",
        (DATE, *(("Retry-After", "Wed, 21 Oct 2026 07:28:30 GMT"),) * 2),
        30.0,
    ),
    ("a date half a minute ahead", (DATE, ("Retry-After", "Wed, 21 Oct 2026 07:28:30 GMT")), 30.0),
    ("a date that is over", (DATE, ("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")), 0.0),
    ("a date ages ahead", (DATE, ("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")), None),
    ("a date in a zone by name", (DATE, ("Retry-After", "Wed, 21 Oct 2026 09:28:30 CEST")), None),
    ("a date in Japan", (DATE, ("Retry-After", "Wed, 21 Oct 2026 16:28:30 JST")), None),
    ("a date with an offset", (DATE, ("Retry-After", "Wed, 21 Oct 2026 09:28:30 +0200")), 30.0),
    ("a date as asctime writes it", (DATE, ("Retry-After", "Wed Oct 21 07:28:10 2026")), 10.0),
    ("a date as RFC 850 writes it", (DATE, ("Retry-After", "Wednesday, 21-Oct-26 07:28:10 GMT")), 10.0),
    ("a date that is none", (DATE, ("Retry-After", "Wed, 99 Oct 2026 99:28:10 GMT")), None),
    ("milliseconds", (("Retry-After-Ms", "1500"), ("Retry-After", "9")), 1.5),
    ("a limit that is used up", (("RateLimit-Remaining", "0"), ("RateLimit-Reset", "12")), 12.0),
    ("a limit by its name", (("RateLimit", '"burst";r=0;t=4, "daily";r=9;t=900'),), 4.0),
    ("a limit as draft 07 writes it", (("RateLimit", "limit=100, remaining=0, reset=30"),), 30.0),
    ("a limit with its window", (("RateLimit-Remaining", "0;w=60"), ("RateLimit-Reset", "12")), 12.0),
    ("two limits in one line", (("RateLimit-Remaining", "0, 0"), ("RateLimit-Reset", "3, 9")), 9.0),
    ("a limit until a moment", (DATE, ("RateLimit-Remaining", "0"), ("RateLimit-Reset", EPOCH)), 30.0),
    ("a limit by t= until a moment", (DATE, ("RateLimit", f'"burst";r=0;t={EPOCH}')), 30.0),
    ("what GitHub asks for", (DATE, ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", EPOCH)), 30.0),
    ("what OpenAI asks for", (("X-RateLimit-Remaining-Requests", "0"), ("X-RateLimit-Reset-Requests", "1m0s")), 60.0),
    ("what Azure asks for", (("X-Ms-Retry-After-Ms", "2500"), ("Retry-After", "9")), 2.5),
    ("what Discord asks for", (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset-After", "1.337")), 1.337),
)
"""What a reply asks for, its headers, and the seconds; None where it does not ask readably."""


def faults() -> Iterator[Fault]:
    """All of them."""
    group = "Waits"
    for name, headers, seconds in ASKED:
        yield _asking(429, group, name, headers, seconds)
    for name, headers, seconds in (*ASKED[:6], *(asked for asked in ASKED if asked[0].startswith("what "))):
        yield _asking(503, group, name, headers, seconds)
    yield _asking(500, group, *ASKED[0])
    yield _asking(404, group, *ASKED[0])


def _asking(status: int, group: str, name: str, headers: WaitHeaders, seconds: float | None) -> Fault:
    whole = (("Content-Type", "application/json"), *headers)
    return Fault(
        group, f"a {status} that asks for {name}", Answered(status, DETAIL, seconds), (Answer(status, whole, DETAIL),)
    )
