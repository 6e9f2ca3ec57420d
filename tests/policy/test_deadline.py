from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from failwell.wire.messages import Outcome

from .asks import BROKEN, BUSY, DROPPED, OK, READ, SLOW, asked_to_wait, retries, tried


def test_no_sleep_that_would_end_after_it() -> None:
    """
    A wait that would end after the deadline is never started: the last failure is returned at once and says so.
    """
    last, player = tried(READ, [asked_to_wait("30")], deadline=10.0)

    assert ([], "the next try in 30.0 s would come after the deadline of 10 s", 0.0) == (
        player.waited,
        last.gave_up,
        last.elapsed,
    )


def test_waits_that_fit_are_kept() -> None:
    """
    Retries go on for as long as the next one can begin before the deadline.
    """
    last, player = tried(READ, [BROKEN] * 3, deadline=6.0)

    assert ([1.0, 2.0], 3.0) == (player.waited, last.elapsed)
    assert last.gave_up is not None
    assert "deadline of 6 s" in last.gave_up


def test_a_wait_up_to_the_deadline_itself() -> None:
    """
    A wait that ends with the deadline leaves no time for an attempt, and is not started.
    """
    _, player = tried(READ, [BROKEN], deadline=1.0)

    assert [] == player.waited


def test_attempts_are_cut_to_what_is_left() -> None:
    """
    No attempt may take longer than what is left of the deadline.
    """
    _, player = tried(READ, [SLOW, SLOW, OK], timeout=5.0, deadline=12.0, takes=4.0)

    assert [5.0, 5.0, 1.0] == [ask.timeout for ask in player.sent]


@pytest.mark.parametrize(
    ("timeout", "deadline", "first"), [(5.0, None, 5.0), (None, 7.0, 7.0), (None, None, None), (9.0, 2.0, 2.0)]
)
def test_first_attempt(timeout: float | None, deadline: float | None, first: float | None) -> None:
    """
    The first attempt has the timeout or the deadline, whichever is shorter.
    """
    _, player = tried(READ, [OK], timeout=timeout, deadline=deadline)

    assert [first] == [ask.timeout for ask in player.sent]


def test_the_timeout_of_the_last_attempt_is_told() -> None:
    """
    The seconds that the last attempt had are told: a deadline may have cut them.
    """
    last, _ = tried(READ, [SLOW, SLOW], timeout=5.0, deadline=10.0, takes=4.5, policy=retries(1))

    assert 4.5 == last.timeout


@given(
    st.lists(st.sampled_from([BROKEN, BUSY, DROPPED, SLOW, asked_to_wait("3"), asked_to_wait("50")]), min_size=12),
    st.floats(0.1, 200.0),
    st.floats(0.0, 40.0),
    st.floats(0.0, 1.0, exclude_max=True),
)
def test_no_attempt_starts_after_it(outcomes: list[Outcome], deadline: float, takes: float, chance: float) -> None:
    """
    Whatever happens: no attempt begins after the deadline or is given more time than is left.
    """
    last, player = tried(READ, outcomes, deadline=deadline, takes=takes, chance=chance, policy=retries(10))
    begun = [takes * number + sum(player.waited[:number]) for number in range(len(player.sent))]

    assert all(moment < deadline for moment in begun)
    assert all(0 <= (ask.timeout or 0) <= deadline - at + 1e-9 for ask, at in zip(player.sent, begun, strict=True))
    assert len(last.attempts) == len(player.sent)


def test_a_retry_after_over_both_limits_names_the_contract() -> None:
    """
    When the server asks for more than we ever wait, that is the reason, not the deadline.
    """
    last, _ = tried(READ, [asked_to_wait("300")], deadline=10.0)

    assert "asked to wait 300 s, the most we wait is 120 s" == last.gave_up
