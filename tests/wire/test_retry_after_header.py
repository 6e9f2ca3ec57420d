from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from failwell.wire import Reply, parse, retry_after
from failwell.wire.retry_after import http_date
from pictograph.exceptions import CATALOGUE, RateLimitError

NOW = 1_792_567_680.0  # Wed, 21 Oct 2026 07:28:00 GMT
SOON = "Wed, 21 Oct 2026 07:28:30 GMT"

FORMS: list[tuple[str, dict[str, str], float | None]] = [
    ("nothing", {}, None),
    ("integer", {"retry-after": "120"}, 120.0),
    ("zero", {"retry-after": "0"}, 0.0),
    ("spaces around", {"retry-after": " 5 "}, 5.0),
    ("float", {"retry-after": "1.5"}, 1.5),
    ("exponent", {"retry-after": "1e3"}, 1000.0),
    ("huge", {"retry-after": "9" * 30}, float("9" * 30)),
    ("too huge", {"retry-after": "9" * 6000}, None),
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
    ("date", {"retry-after": SOON}, 30.0),
    ("date, by the reply's clock", {"retry-after": SOON, "date": "Wed, 21 Oct 2026 07:28:20 GMT"}, 10.0),
    ("date in the past", {"retry-after": SOON, "date": "Wed, 21 Oct 2026 09:00:00 GMT"}, 0.0),
    ("date, unreadable Date", {"retry-after": SOON, "date": "yesterday"}, 30.0),
    ("date as of RFC 850", {"retry-after": "Wednesday, 21-Oct-26 07:28:30 GMT"}, 30.0),
    ("date of asctime", {"retry-after": "Wed Oct 21 07:28:30 2026"}, 30.0),
    ("date in another zone", {"retry-after": "Wed, 21 Oct 2026 09:28:30 +0200"}, 30.0),
    ("date that is none", {"retry-after": "Wed, 99 Oct 2026 07:28:30 GMT"}, None),
    ("far date", {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 253402300799.0 - NOW),
    ("milliseconds", {"retry-after-ms": "1500"}, 1.5),
    ("milliseconds before seconds", {"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
    ("milliseconds of nothing", {"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
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
    ("seconds before RateLimit", {"retry-after": "5", "ratelimit": '"default";r=0;t=12'}, 5.0),
    ("garbage before RateLimit", {"retry-after": "soon", "ratelimit": '"default";r=0;t=12'}, 12.0),
]


@pytest.mark.parametrize(("headers", "expected"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_every_form(headers: dict[str, str], expected: float | None) -> None:
    """
    R7. Seconds, decimals, dates, milliseconds and RateLimit headers are read; what is no wait is none.
    """
    assert expected == retry_after(headers, now=NOW)


def test_a_date_without_any_clock() -> None:
    """
    A date says nothing when neither the reply nor the caller knows the time.
    """
    assert None is retry_after({"retry-after": SOON})


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
    ["retry-after", "retry-after-ms", "date", "ratelimit", "ratelimit-remaining", "ratelimit-reset"]
)
NUMBERS = st.floats().map(str) | st.integers().map(str) | st.decimals().map(str)
DATES = st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
LIMITS = st.builds('"{}";r={};t={}'.format, st.text(max_size=3), st.integers(0, 1), NUMBERS)
TEXTS = st.one_of(NUMBERS, DATES, LIMITS, st.text(max_size=70), st.sampled_from(["0", SOON]))


@given(st.dictionaries(NAMES, TEXTS), st.none() | st.floats(0, 1e11))
@example({"retry-after": "Mon, 01 Jan 0001 00:00:00 +2359", "date": SOON}, None)
@example({"retry-after": "Wed, 21 Oct 2026 07:28:30 +999999999999999999", "date": SOON}, None)
@example({"retry-after": "1 Jan 99999999999999999999 00:00:00 GMT", "date": SOON}, None)
@example({"retry-after": "Wed, 21 Oct 2026 99:99:99 GMT", "date": SOON}, None)
def test_never_raises_never_negative_never_nan(headers: dict[str, str], now: float | None) -> None:
    """
    Whatever the headers hold, the wait is none, or a finite number of seconds that is not negative.
    """
    seconds = retry_after(headers, now=now)

    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@given(st.text(max_size=80))
def test_any_text_as_a_date(text: str) -> None:
    """
    Text that is no date is none.
    """
    found = http_date(text)

    assert found is None or math.isfinite(found)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [("120", 120), ("1.2", 2), (SOON, 30), ("-5", None), ("nan", None), ("9" * 30, int(float("9" * 30)))],
)
def test_the_error_carries_whole_seconds(asked: str, kept: int | None) -> None:
    """
    `e.retry_after` is in whole seconds, rounded up: nobody comes back too early.
    """
    error = parse(Reply(429, {"retry-after": asked}, received=NOW), CATALOGUE)

    assert isinstance(error, RateLimitError)
    assert kept == error.retry_after
