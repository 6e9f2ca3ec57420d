from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from failwell.contract import RetryRules
from failwell.policy import RetryPolicy
from failwell.wire.messages import Reply

from .asks import IN_PROGRESS, KEYED, OK, READ, asked_to_wait, tried

MONDAY = "Mon, 21 Sep 2026 14:13:20 GMT"
"""1,790,000,000 s after the epoch."""
A_MINUTE_LATER = "Mon, 21 Sep 2026 14:14:20 GMT"


@pytest.mark.parametrize(
    ("hint", "wait"), [("7", 7.0), ("0.5", 0.5), ("1", 1.0), ("119", 119.0), ("120", 120.0), (" 5 ", 5.0), ("007", 7.0)]
)
def test_kept_to_the_second(hint: str, wait: float) -> None:
    """
    R7. A Retry-After on 429 is kept exactly, up to 120 s, without jitter and in place of the backoff.
    """
    _, player = tried(READ, [asked_to_wait(hint), OK], chance=0.9)

    assert [wait] == player.waited


@given(st.floats(0.001, 120.0), st.floats(0.0, 1.0, exclude_max=True), st.sampled_from([429, 503]))
def test_never_shortened(hint: float, chance: float, status: int) -> None:
    """
    No wait is shorter than the server asked for.
    """
    _, player = tried(READ, [asked_to_wait(f"{hint:f}", status), OK], chance=chance)

    assert float(f"{hint:f}") <= player.waited[0]


@pytest.mark.parametrize(
    "hint", ["121", "120.001", "300", "86400", "1e9", "99999999999999", pytest.param("9" * 308, id="308 digits")]
)
@pytest.mark.parametrize("status", [429, 503])
def test_over_the_longest_wait(hint: str, status: int) -> None:
    """
    R7. More than 120 s is not waited for: the reply is returned at once, and the reason has both numbers.
    """
    last, player = tried(READ, [asked_to_wait(hint, status)])

    assert ([], f"asked to wait {float(hint):g} s, the most we wait is 120 s") == (player.waited, last.gave_up)


@pytest.mark.parametrize("status", [429, 503])
def test_very_many_digits(status: int) -> None:
    """
    R7. A Retry-After of 5,000 digits is above every cap: the reply is returned at once.
    """
    last, player = tried(READ, [asked_to_wait("9" * 5000, status)])

    assert ([], "asked to wait 1.79769e+308 s, the most we wait is 120 s") == (player.waited, last.gave_up)


def test_kept_on_503() -> None:
    """
    503 with Retry-After waits for that long, also when it is more than the backoff.
    """
    _, player = tried(READ, [asked_to_wait("30", 503), OK])

    assert [30.0] == player.waited


def test_503_keeps_the_backoff_as_the_least() -> None:
    """
    A server that fails and says "1 second" each time is still left alone for longer and longer.
    """
    _, player = tried(READ, [asked_to_wait("1", 503)] * 4)

    assert [1.0, 2.0, 4.0] == player.waited


@pytest.mark.parametrize("status", [500, 502, 504])
def test_not_read_on_other_failures(status: int) -> None:
    """
    Retry-After has a meaning on 429 and 503 only; elsewhere the backoff counts.
    """
    _, player = tried(READ, [asked_to_wait("100", status), OK])

    assert [1.0] == player.waited


@pytest.mark.parametrize(
    "hint",
    ["0", "0.0", "-1", "-0.5", "nan", "NaN", "inf", "-inf", "soon", "", " ", "1 2", "1_0", "0x10", "٣"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_no_busy_loop(hint: str, status: int) -> None:
    """
    R7. 0, negative, NaN, infinite and unreadable hints mean the usual backoff.
    """
    _, player = tried(READ, [asked_to_wait(hint, status)] * 4)

    assert [1.0, 2.0, 4.0] == player.waited


@given(st.text(max_size=60))
def test_any_hint(hint: str) -> None:
    """
    No Retry-After makes the flow fail, wait for nothing, or wait for more than 120 s.
    """
    last, player = tried(READ, [asked_to_wait(hint)] * 4)

    assert (1, []) == (len(last.attempts), player.waited) or all(0 < wait <= 120 for wait in player.waited)


@pytest.mark.parametrize("skew", [0.0, -86_400.0, 86_400.0])
def test_a_date_with_a_skewed_clock(skew: float) -> None:
    """
    R7. An HTTP-date is measured against the reply's own Date, however wrong the clock here is.
    """
    busy = Reply(429, {"retry-after": A_MINUTE_LATER, "date": MONDAY}, received=1_790_000_000.0 + skew)
    _, player = tried(READ, [busy, OK])

    assert [60.0] == player.waited


def test_a_date_without_a_reference() -> None:
    """
    An HTTP-date on a reply without Date is measured against the moment of its arrival.
    """
    busy = Reply(429, {"retry-after": A_MINUTE_LATER}, received=1_790_000_018.0)
    _, player = tried(READ, [busy, OK])

    assert [42.0] == player.waited


def test_a_date_in_the_past() -> None:
    """
    A moment that has passed means the usual backoff, not none.
    """
    busy = Reply(429, {"retry-after": MONDAY, "date": A_MINUTE_LATER})
    _, player = tried(READ, [busy] * 4)

    assert [1.0, 2.0, 4.0] == player.waited


def test_a_date_too_far_away() -> None:
    """
    A date more than 120 s away is not waited for.
    """
    busy = Reply(429, {"retry-after": "Tue, 22 Sep 2026 14:13:20 GMT", "date": MONDAY})
    last, _ = tried(READ, [busy])

    assert "asked to wait 86400 s, the most we wait is 120 s" == last.gave_up


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"ratelimit": '"default";r=0;t=12'}, 12.0),
        ({"ratelimit": '"burst";r=0;t=2, "day";r=0;t=50'}, 50.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "9"}, 9.0),
        ({"ratelimit": '"default";r=3;t=12'}, 1.0),
        ({"ratelimit": ";;=,;r=0;t=;"}, 1.0),
        ({"x-ms-retry-after-ms": "2500"}, 2.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1790000030"}, 30.0),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1790000030"}, 1.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m30s"}, 90.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.5"}, 1.5),
        ({"retry-after": "Mon, 21 Sep 2026 16:14:20 CEST"}, 1.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_other_forms(headers: dict[str, str], wait: float, status: int) -> None:
    """
    Milliseconds and limits of which nothing remains are read too; one that says nothing means the backoff.
    """
    _, player = tried(READ, [Reply(status, headers, received=1_790_000_000.0), OK])

    assert [wait] == player.waited


def test_a_throttled_case_of_another_status() -> None:
    """
    What a catalogue calls throttled waits as it is told, whatever its status: GitHub's limits come with 403.
    """
    policy = RetryPolicy(RetryRules(), lambda _reply: ("throttled", None))
    _, player = tried(READ, [asked_to_wait("7", 403), OK], policy=policy)

    assert [7.0] == player.waited


@pytest.mark.parametrize(("hint", "wait"), [("3", 3.0), ("0", 1.0), ("120", 120.0)])
def test_kept_while_the_first_call_runs(hint: str, wait: float) -> None:
    """
    409 "in progress" waits for as long as the server says.
    """
    running = Reply(409, {"retry-after": hint}, IN_PROGRESS.body)
    _, player = tried(KEYED, [running, OK])

    assert [wait] == player.waited
