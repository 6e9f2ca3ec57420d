from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from typing import Annotated, Any

import pytest
from hypothesis import example, given, strategies as st

import failwell
from failwell import Catalogue, Header, Message, field
from failwell.wire import ErrorObject, Reply, parse_reply, parse_retry_after, render_error, snapshot
from failwell.wire.moments import MOST, http_date
from pictograph.exceptions import CATALOGUE, RateLimitError

NOW = 1_792_567_680.0  # Wed, 21 Oct 2026 07:28:00 GMT
SOON = "Wed, 21 Oct 2026 07:28:30 GMT"

FORMS: list[tuple[str, dict[str, str], Any]] = [
    ("nothing", {}, None),
    ("integer", {"retry-after": "120"}, 120.0),
    ("zero", {"retry-after": "0"}, 0.0),
    ("spaces around", {"retry-after": " 5 "}, 5.0),
    ("float", {"retry-after": "1.5"}, 1.5),
    ("exponent", {"retry-after": "1e3"}, 1000.0),
    ("huge", {"retry-after": "9" * 30}, float("9" * 30)),
    ("too huge to be a number", {"retry-after": "9" * 5000}, MOST),
    ("too huge, with spaces and decimals", {"retry-after": f" {'9' * 5000}.5 "}, MOST),
    ("too huge, with a sign", {"retry-after": "+" + "9" * 5000}, MOST),
    ("very many zeros", {"retry-after": "0" * 5000 + "7"}, 7.0),
    ("negative, too huge", {"retry-after": "-" + "9" * 5000}, None),
    ("too huge milliseconds", {"retry-after-ms": "9" * 5000}, MOST / 1000),
    ("overflowing", {"retry-after": "1e999"}, None),
    ("negative", {"retry-after": "-5"}, None),
    ("negative zero", {"retry-after": "-0"}, 0.0),
    ("NaN", {"retry-after": "nan"}, None),
    ("infinity", {"retry-after": "inf"}, None),
    ("infinity, long", {"retry-after": "Infinity"}, None),
    ("underscore", {"retry-after": "1_000"}, None),
    ("digits of other scripts", {"retry-after": "٣"}, None),
    ("superscript", {"retry-after": "²"}, None),
    ("hexadecimal", {"retry-after": "0x10"}, None),
    ("empty", {"retry-after": ""}, None),
    ("garbage", {"retry-after": "soon"}, None),
    ("two signs", {"retry-after": "+-5"}, None),
    ("a list", {"retry-after": "5, 10"}, None),
    ("twice", {"retry-after": "5, 5"}, 5.0),
    ("twice, with its unit", {"retry-after": "30s, 30s"}, 30.0),
    ("garbage, twice", {"retry-after": "soon, soon"}, None),
    ("nothing, twice", {"retry-after": ", "}, None),
    ("date, twice", {"retry-after": f"{SOON}, {SOON}"}, 30.0),
    ("date", {"retry-after": SOON}, 30.0),
    ("date, by the reply's clock", {"retry-after": SOON, "date": "Wed, 21 Oct 2026 07:28:20 GMT"}, 10.0),
    ("date in the past", {"retry-after": SOON, "date": "Wed, 21 Oct 2026 09:00:00 GMT"}, 0.0),
    ("date, unreadable Date", {"retry-after": SOON, "date": "yesterday"}, 30.0),
    ("date as of RFC 850", {"retry-after": "Wednesday, 21-Oct-26 07:28:30 GMT"}, 30.0),
    ("date of asctime", {"retry-after": "Wed Oct 21 07:28:30 2026"}, 30.0),
    ("date in another zone", {"retry-after": "Wed, 21 Oct 2026 09:28:30 +0200"}, 30.0),
    ("date that is none", {"retry-after": "Wed, 99 Oct 2026 07:28:30 GMT"}, None),
    ("date in a zone by name", {"retry-after": "Wed, 21 Oct 2026 09:28:30 CEST"}, None),
    ("date in a zone of many", {"retry-after": "Wed, 21 Oct 2026 02:28:30 CST"}, None),
    ("date in Japan", {"retry-after": "Wed, 21 Oct 2026 16:28:30 JST"}, None),
    ("date in a zone of e-mail", {"retry-after": "Wed, 21 Oct 2026 03:28:30 EDT"}, None),
    ("date beside Greenwich", {"retry-after": "Wed, 21 Oct 2026 09:28:30 GMT+2"}, None),
    ("date with a zone in words", {"retry-after": "Wed, 21 Oct 2026 09:28:30 +0200 (CEST)"}, None),
    ("date with half a day", {"retry-after": "Wed, 21 Oct 2026 07:28:30 PM GMT"}, None),
    ("date in UTC", {"retry-after": "Wed, 21 Oct 2026 07:28:30 UTC"}, 30.0),
    ("date west of Greenwich", {"retry-after": "Wed, 21 Oct 2026 03:28:30 -0400"}, 30.0),
    ("date in capitals", {"retry-after": "WED, 21 OCT 2026 07:28:30 GMT"}, 30.0),
    (
        "date of one digit",
        {"retry-after": "Thu, 1 Oct 2026 00:00:00 GMT", "date": "Wed, 30 Sep 2026 23:59:00 GMT"},
        60.0,
    ),
    ("date, ISO 8601", {"retry-after": "2026-10-21T07:28:30Z"}, 30.0),
    ("date, ISO 8601 with an offset", {"retry-after": "2026-10-21T09:28:30.5+02:00"}, 30.5),
    ("date, ISO 8601 without a zone", {"retry-after": "2026-10-21T07:28:30"}, None),
    (
        "date, Date came twice",
        {"retry-after": SOON, "date": "Wed, 21 Oct 2026 07:28:10 GMT, Wed, 21 Oct 2026 07:28:20 GMT"},
        20.0,
    ),
    ("far date", {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
    ("date in 50 years", {"retry-after": "Wed, 21 Oct 2076 07:28:30 GMT"}, None),
    ("date in 50 years, Date of 1970", {"retry-after": SOON, "date": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
    ("date in a year", {"retry-after": "Thu, 21 Oct 2027 07:28:00 GMT"}, 365 * 86_400.0),
    ("with its unit", {"retry-after": "30s"}, 30.0),
    ("milliseconds", {"retry-after-ms": "1500"}, 1.5),
    ("milliseconds before seconds", {"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
    ("milliseconds of nothing", {"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
    ("Azure's milliseconds", {"x-ms-retry-after-ms": "250", "retry-after": "1"}, 0.25),
    ("Azure's milliseconds, unreadable", {"x-ms-retry-after-ms": "a while", "retry-after": "3"}, 3.0),
    ("negative milliseconds", {"retry-after-ms": "-1", "retry-after": "7"}, 7.0),
    ("RateLimit, used up", {"ratelimit": '"default";r=0;t=12'}, 12.0),
    ("RateLimit, some left", {"ratelimit": '"default";r=3;t=12'}, None),
    ("RateLimit, the longest", {"ratelimit": '"second";r=0;t=1, "day";r=0;t=60, "week";r=9;t=900'}, 60.0),
    ("RateLimit, spaces", {"ratelimit": '"default" ; r=0 ; t=12'}, 12.0),
    ("RateLimit without a time", {"ratelimit": '"default";r=0'}, None),
    ("RateLimit, garbage", {"ratelimit": ";;=,=;r=0;t=x"}, None),
    ("RateLimit-Reset, used up", {"ratelimit-remaining": "0", "ratelimit-reset": "9"}, 9.0),
    ("RateLimit-Reset, some left", {"ratelimit-remaining": "1", "ratelimit-reset": "9"}, None),
    ("RateLimit-Reset alone", {"ratelimit-reset": "9"}, None),
    ("RateLimit, draft 07", {"ratelimit": "limit=100, remaining=0, reset=30"}, 30.0),
    ("RateLimit, draft 07 in another order", {"ratelimit": "reset=30, limit=100;w=60, remaining=0"}, 30.0),
    ("RateLimit, draft 07, some left", {"ratelimit": "limit=100, remaining=4, reset=30"}, None),
    (
        "RateLimit, draft 07, two limits",
        {"ratelimit": "limit=9, remaining=0, reset=3, limit=90, remaining=1, reset=70"},
        3.0,
    ),
    ("RateLimit, draft 07 with semicolons", {"ratelimit": "limit=100; remaining=0; reset=30"}, 30.0),
    ("RateLimit, no limit's name", {"ratelimit": "r=0;t=30"}, 30.0),
    ("RateLimit, odd names", {"ratelimit": r'"a,b;r=9\";t=9";r=0;t=30;pk=:YQ==:'}, 30.0),
    ("RateLimit, a moment", {"ratelimit": f'"default";r=0;t={NOW + 30:.0f}'}, 30.0),
    ("RateLimit-Remaining with its window", {"ratelimit-remaining": "0;w=60", "ratelimit-reset": "30;w=60"}, 30.0),
    ("RateLimit-Remaining twice", {"ratelimit-remaining": "0, 0", "ratelimit-reset": "30"}, 30.0),
    ("RateLimit-Remaining of two limits", {"ratelimit-remaining": "0, 5", "ratelimit-reset": "9, 60"}, 9.0),
    ("RateLimit-Remaining, none of two left", {"ratelimit-remaining": "0, 0", "ratelimit-reset": "9, 60"}, 60.0),
    ("RateLimit-Remaining twice, some left", {"ratelimit-remaining": "3, 3", "ratelimit-reset": "30"}, None),
    ("RateLimit-Remaining, overdrawn", {"ratelimit-remaining": "-2", "ratelimit-reset": "30"}, 30.0),
    ("RateLimit-Remaining, garbage", {"ratelimit-remaining": "none", "ratelimit-reset": "30"}, None),
    ("GitLab's moment", {"ratelimit-remaining": "0", "ratelimit-reset": f"{NOW + 30:.0f}"}, 30.0),
    ("GitHub's moment", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 30:.0f}"}, 30.0),
    ("GitHub's moment, some left", {"x-ratelimit-remaining": "1", "x-ratelimit-reset": f"{NOW + 30:.0f}"}, None),
    ("a moment in milliseconds", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW * 1000 + 2500:.0f}"}, 2.5),
    (
        "a moment by the reply's clock",
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 30:.0f}", "date": SOON},
        0.0,
    ),
    ("a moment that has passed", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW - 30:.0f}"}, 0.0),
    ("a moment in 50 years", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 1.6e9:.0f}"}, None),
    ("a number above every cap", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 5000}, MOST),
    ("a date as a reset", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": SOON}, 30.0),
    ("an ISO date as a reset", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-10-21T07:28Z"}, 0.0),
    ("X-RateLimit-Reset from now", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, 9.0),
    ("Twitter's names", {"x-rate-limit-remaining": "0", "x-rate-limit-reset": f"{NOW + 30:.0f}"}, 30.0),
    ("Discord's float", {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.337"}, 1.337),
    (
        "Discord's float and moment",
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.337", "x-ratelimit-reset": f"{NOW + 1.337}"},
        pytest.approx(1.337),
    ),
    ("Discord's float alone", {"x-ratelimit-reset-after": "1.337"}, 1.337),
    ("Discord's float, some left", {"x-ratelimit-remaining": "2", "x-ratelimit-reset-after": "1.337"}, None),
    ("OpenAI's minutes", {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
    ("OpenAI's second", {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"}, 1.0),
    ("OpenAI's milliseconds", {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
    ("OpenAI's days", {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1d2h"}, 93_600.0),
    ("OpenAI's decimals", {"x-ratelimit-reset-requests": "2m59.56s"}, pytest.approx(179.56)),
    ("OpenAI's unit alone", {"x-ratelimit-reset-requests": "ms"}, None),
    ("OpenAI's unknown unit", {"x-ratelimit-reset-requests": "3w"}, None),
    (
        "OpenAI, the limit that is used up",
        {
            "x-ratelimit-remaining-requests": "9",
            "x-ratelimit-reset-requests": "6m0s",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-tokens": "20ms",
        },
        0.02,
    ),
    (
        "of two families the longest",
        {"ratelimit": '"a";r=0;t=3', "x-ratelimit-remaining": "0", "x-ratelimit-reset": "8"},
        8.0,
    ),
    ("seconds before RateLimit", {"retry-after": "5", "ratelimit": '"default";r=0;t=12'}, 5.0),
    ("garbage before RateLimit", {"retry-after": "soon", "ratelimit": '"default";r=0;t=12'}, 12.0),
]


@pytest.mark.parametrize(("headers", "expected"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_every_form(headers: dict[str, str], expected: float | None) -> None:
    """
    R7. Seconds, decimals, dates, milliseconds and RateLimit headers are read; what is no wait is none.
    """
    assert expected == parse_retry_after(headers, now=NOW)


def test_a_date_without_any_clock() -> None:
    """
    A date says nothing when neither the reply nor the caller knows the time.
    """
    assert None is parse_retry_after({"retry-after": SOON})


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_a_date_is_in_gmt_wherever_it_is_read(zone: str) -> None:
    """
    A date without a zone, as asctime writes it, means GMT on every machine.
    """
    program = "from failwell.wire.retry_after import http_date; print(http_date('Wed Oct 21 07:28:00 2026'))"
    environment = {**os.environ, "TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert NOW == float(printed.stdout)


NAMES = st.sampled_from(
    [
        *("retry-after", "retry-after-ms", "date", "ratelimit", "ratelimit-remaining", "ratelimit-reset"),
        *("x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-reset-tokens"),
    ]
)
NUMBERS = st.floats().map(str) | st.integers().map(str) | st.decimals().map(str)
DATES = st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
LIMITS = st.builds('"{}";r={};t={}'.format, st.text(max_size=3), st.integers(0, 1), NUMBERS)
DURATIONS = st.builds("{}m{}s".format, NUMBERS, NUMBERS)
TEXTS = st.one_of(NUMBERS, DATES, LIMITS, DURATIONS, st.text(max_size=70), st.sampled_from(["0", SOON]))


@given(st.dictionaries(NAMES, TEXTS), st.none() | st.floats(0, 1e11))
@example({"retry-after": "Mon, 01 Jan 0001 00:00:00 +2359", "date": SOON}, None)
@example({"retry-after": "Wed, 21 Oct 2026 07:28:30 +999999999999999999", "date": SOON}, None)
@example({"retry-after": "1 Jan 99999999999999999999 00:00:00 GMT", "date": SOON}, None)
@example({"retry-after": "Wed, 21 Oct 2026 99:99:99 GMT", "date": SOON}, None)
def test_never_raises_never_negative_never_nan(headers: dict[str, str], now: float | None) -> None:
    """
    Whatever the headers hold, the wait is none, or a finite number of seconds that is not negative.
    """
    seconds = parse_retry_after(headers, now=now)

    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@pytest.mark.parametrize("piece", ["9", "9.", "9m", "9ms", "0, ", '"', ";r=0", ",remaining=0", "Wed, ", "-", " "])
def test_any_length(piece: str) -> None:
    """
    A header of 100 kB is read in a moment, whatever it holds.
    """
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    for name in ("retry-after", "ratelimit", "ratelimit-reset", "x-ratelimit-reset-after"):
        parse_retry_after(
            {"ratelimit-remaining": text, "x-ratelimit-remaining": "0", "date": text, name: text}, now=NOW
        )

    assert time.process_time() - began < 1.0


@given(st.text(max_size=80))
def test_any_text_as_a_date(text: str) -> None:
    """
    Text that is no date is none.
    """
    found = http_date(text)

    assert found is None or math.isfinite(found)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("120", 120),
        ("1.2", 2),
        (SOON, 30),
        ("-5", None),
        ("nan", None),
        ("9" * 30, int(float("9" * 30))),
        ("9" * 5000, int(MOST)),
    ],
)
def test_the_error_carries_whole_seconds(asked: str, kept: int | None) -> None:
    """
    `e.retry_after` is in whole seconds, rounded up: nobody comes back too early.
    """
    error = parse_reply(Reply(429, {"retry-after": asked}, received=NOW), CATALOGUE)

    assert isinstance(error, RateLimitError)
    assert kept == error.retry_after


class LimitError(failwell.Error):
    message: Message = field(default="No.", kw_only=False)


class OwnError(LimitError, status=429):
    retry_after: Annotated[float | None, Header("Retry-After")] = None
    remaining: Annotated[int | None, Header("X-RateLimit-Remaining")] = None
    reset: Annotated[int | None, Header("X-RateLimit-Reset")] = None


class StructuredError(LimitError, status=503):
    retry_after: Annotated[int | None, Header("Retry-After")] = None
    limits: Annotated[str | None, Header("RateLimit")] = None


class FinerError(LimitError, status=502):
    retry_after: Annotated[int | None, Header("Retry-After")] = None
    milliseconds: Annotated[int | None, Header("Retry-After-Ms")] = None


class PlainError(LimitError, status=504):
    retry_after: Annotated[int | None, Header("Retry-After")] = None
    remaining: Annotated[int | None, Header("X-RateLimit-Remaining")] = None


OWN = Catalogue(
    "limits",
    base=LimitError,
    default=LimitError,
    errors=(LimitError, OwnError, StructuredError, FinerError, PlainError),
    envelope=ErrorObject(),
)


@pytest.mark.parametrize(
    "error",
    [
        OwnError(remaining=0, reset=0),
        OwnError(remaining=0, reset=12),
        OwnError(remaining=0, reset=1_790_000_000),
        OwnError(remaining=0, reset=12, retry_after=0.0),
        OwnError(remaining=0, reset=12, retry_after=3.0),
        StructuredError(limits='"default";r=0;t=12'),
        StructuredError(limits="limit=100, remaining=0, reset=30", retry_after=5),
        FinerError(milliseconds=1500),
        FinerError(milliseconds=1500, retry_after=7),
        PlainError(remaining=0),
    ],
    ids=repr,
)
def test_a_wait_with_a_field_of_its_own(error: failwell.Error) -> None:
    """
    C2. A wait that another field of the class carries arrives there, and is no Retry-After that nobody sent.
    """
    assert snapshot(error) == snapshot(parse_reply(render_error(error, OWN), OWN))


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, (None, 12.0)),
        (429, {"ratelimit": '"default";r=0;t=9', "x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, (9.0, 12.0)),
        (429, {"retry-after-ms": "1500", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, (1.5, 1.5)),
        (429, {"x-ratelimit-remaining": "3", "x-ratelimit-reset-after": "1.5"}, (None, None)),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.5"}, (1.5, 1.5)),
        (429, {"retry-after": SOON, "date": SOON, "x-ratelimit-reset": "12"}, (0.0, 0.0)),
        (504, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, (12, 12.0)),
        (502, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12", "retry-after-ms": "1500"}, (12, 1.5)),
    ],
)
def test_other_dialects_beside_own_fields(
    status: int, headers: dict[str, str], expected: tuple[float | None, float | None]
) -> None:
    """
    R7. What no other field of the class carries is read as its Retry-After; retries wait for whatever was asked.
    """
    reply = Reply(status, headers, b"{}", received=NOW)

    error: Any = parse_reply(reply, OWN)

    assert expected == (error.retry_after, reply.asked_wait)
