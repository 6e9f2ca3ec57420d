from __future__ import annotations

import pytest
from hypothesis import assume, given, strategies as st

from failwell.wire.messages import Outcome, Reply

from .asks import BROKEN, BUSY, DROPPED, OK, READ, SLOW, retries, tried

CHANCE = st.floats(0.0, 1.0, exclude_max=True)


@pytest.mark.parametrize("outcome", [BROKEN, Reply(503), Reply(599), BUSY, DROPPED, SLOW])
def test_three_retries(outcome: Outcome) -> None:
    """
    5xx, 429, network errors and timeouts are retried three times, after 1, 2 and 4 seconds.
    """
    last, player = tried(READ, [outcome] * 4)

    assert ([1.0, 2.0, 4.0], outcome) == (player.waited, last.outcome)


def test_success_ends_the_retries() -> None:
    """
    The first answer of 2xx is returned, and nothing is sent after it.
    """
    last, player = tried(READ, [BROKEN, OK])

    assert (OK, [1.0], 2) == (last.outcome, player.waited, len(player.sent))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 226, 299])
def test_success_is_not_retried(status: int) -> None:
    """
    Every 2xx is a success.
    """
    last, player = tried(READ, [Reply(status)])

    assert (None, 1) == (last.gave_up, len(player.sent))


def test_backoff_stays_at_eight_seconds() -> None:
    """
    Beyond 4 s the backoff is 8 s, and then 8 s again.
    """
    _, player = tried(READ, [BROKEN] * 7, policy=retries(6))

    assert [1.0, 2.0, 4.0, 8.0, 8.0, 8.0] == player.waited


def test_no_retries() -> None:
    """
    With max_retries=0 the first failure is the last.
    """
    last, player = tried(READ, [BROKEN], policy=retries(0))

    assert ([], 1, None) == (player.waited, len(last.attempts), last.gave_up)


def test_one_counter_for_all_kinds() -> None:
    """
    5xx, 429, network errors and timeouts share one counter of retries.
    """
    last, player = tried(READ, [BROKEN, BUSY, DROPPED, SLOW])

    assert (SLOW, 4) == (last.outcome, len(player.sent))


@given(CHANCE)
def test_jitter_stays_within_a_quarter(chance: float) -> None:
    """
    Whatever chance says, the waits are within 25 % of 1, 2 and 4 seconds.
    """
    _, player = tried(READ, [BROKEN] * 4, chance=chance)

    assert all(0.75 * base <= wait <= 1.25 * base for base, wait in zip((1, 2, 4), player.waited, strict=True))


@given(CHANCE, CHANCE)
def test_jitter_follows_chance(one: float, other: float) -> None:
    """
    Another number means another wait: clients that failed together do not come back together.
    """
    (first, second) = (tried(READ, [BROKEN, OK], chance=chance)[1].waited for chance in (one, other))

    assume(abs(one - other) > 1e-6)

    assert (one < other) == (first < second)


def test_jitter_uses_the_whole_quarter() -> None:
    """
    The lowest number means a quarter less, the highest almost a quarter more.
    """
    least, most = (tried(READ, [BROKEN, OK], chance=chance)[1].waited[0] for chance in (0.0, 0.999_999))

    assert (0.75, 1.25) == (least, round(most, 3))


def test_a_thousand_retries_do_not_overflow() -> None:
    """
    The 1,000th retry is computed like the 10th.
    """
    _, player = tried(READ, [BROKEN] * 1_001, policy=retries(1_000))

    assert (1_000, 8.0) == (len(player.waited), player.waited[-1])


def test_each_retry_is_told() -> None:
    """
    Observers hear of each retry before its wait, with its number, delay and reason.
    """
    _, player = tried(READ, [BROKEN, DROPPED, OK])

    assert [
        ("retry", {"operation": None, "retry": 1, "delay": 1.0, "reason": "status 500"}),
        ("retry", {"operation": None, "retry": 2, "delay": 2.0, "reason": "connection reset"}),
    ] == [(told.name, told.facts) for told in player.emitted]
