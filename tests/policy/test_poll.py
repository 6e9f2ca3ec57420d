from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.contract import Error
from failwell.policy import Flow, Send, poll_until, send, with_retries
from failwell.testing import Player
from failwell.wire.messages import Outcome, Reply
from tests.shop import NotFoundError, PollTimeoutError, ServerError, ShopError

from .asks import READ, SHOP, asked_to_wait

RUNNING = Reply(200, {}, b"running")
DONE = Reply(200, {}, b"done")
DOWN = Reply(500)
GONE = Reply(404)
FOREVER = [RUNNING] * 1_000


def look() -> Flow[bytes]:
    """One fetch without retries."""
    outcome = yield from send(READ)
    assert isinstance(outcome, Reply)
    if outcome.status == 500:
        raise ServerError("down")
    if outcome.status == 404:
        raise NotFoundError("gone")
    return outcome.body


def patient_look() -> Flow[bytes]:
    """One fetch with the shop's retries."""
    tried = yield from with_retries(Send(READ), SHOP)
    assert isinstance(tried.outcome, Reply)
    if tried.outcome.status != 200:
        raise ServerError("down")
    return tried.outcome.body


def timed_out(last: bytes | None) -> Error:
    """The error of a wait that took too long."""
    return PollTimeoutError("not done", resource_id="run_1", last_result=last)


def polled(
    outcomes: Iterable[Outcome], *, takes: float = 0.0, fetch: Any = look, **settings: Any
) -> tuple[Any, Player]:
    """What polling returned or raised, and the world it happened in."""
    player = Player(outcomes, takes=takes)
    flow = poll_until(
        fetch,
        lambda body: body == b"done",
        timed_out=timed_out,
        transient=lambda error: isinstance(error, ServerError),
        **{"timeout": 60.0, **settings},
    )
    try:
        return player.run(flow), player
    except ShopError as error:
        return error, player


def test_done_at_once() -> None:
    """
    What is done at the first look is returned without a wait.
    """
    found, player = polled([DONE])

    assert (b"done", []) == (found, player.waited)


def test_growing_interval() -> None:
    """
    The pause starts at the interval, grows by half each time, and stays at the longest.
    """
    _, player = polled([RUNNING] * 9 + [DONE], interval=1.0, longest_interval=5.0, timeout=1_000.0)

    assert [1.0, 1.5, 2.25, 3.375, 5.0, 5.0, 5.0, 5.0, 5.0] == player.waited


@pytest.mark.parametrize("timeout", [0.1, 1.0, 10.0, 60.0, 3_600.0])
def test_exact_timeout(timeout: float) -> None:
    """
    The wait ends exactly at the timeout.
    """
    found, player = polled(FOREVER, timeout=timeout)

    assert (PollTimeoutError, timeout) == (type(found), round(player.moment, 9))


@given(st.floats(0.01, 500.0), st.floats(0.0, 20.0), st.floats(0.0, 30.0))
def test_never_past_the_timeout(timeout: float, interval: float, takes: float) -> None:
    """
    No wait ends after the timeout, however slow the fetches are; only the last fetch may.
    """
    found, player = polled(iter(lambda: RUNNING, None), timeout=timeout, interval=interval, takes=takes)

    assert isinstance(found, PollTimeoutError)
    assert timeout - 1e-6 <= player.moment <= timeout + takes + 1e-6


def test_last_look_at_the_end() -> None:
    """
    The last wait is cut so that one look still happens at the end: what is done by then is returned.
    """
    found, player = polled([RUNNING, RUNNING, DONE], timeout=2.0)

    assert (b"done", [1.0, 1.0]) == (found, player.waited)


def test_what_was_seen_last() -> None:
    """
    The error of the timeout is told what the last look that worked saw.
    """
    found, _ = polled([Reply(200, {}, b"queued"), RUNNING, DOWN, DOWN, DOWN], timeout=4.0)

    assert (b"running", "run_1") == (found.last_result, found.resource_id)


def test_nothing_was_seen() -> None:
    """
    When no look worked, the error of the timeout is told None.
    """
    found, _ = polled([DOWN] * 10, timeout=3.0)

    assert (PollTimeoutError, None) == (type(found), found.last_result)


def test_transient_errors() -> None:
    """
    A transient error does not end the wait, and observers hear of it.
    """
    found, player = polled([RUNNING, DOWN, DOWN, DONE])

    assert (b"done", ["poll_failed"] * 2) == (found, [told.name for told in player.emitted])


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.2"}, 0.2),
        ({"retry-after": "0.0001"}, 0.05),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:50 GMT"}, 30.0),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1790000040"}, 40.0),
        ({"ratelimit": "limit=9, remaining=0, reset=12"}, 12.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "soon"}, 1.0),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1790000040"}, 1.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [200, 202])
def test_the_server_says_when_to_look_again(headers: dict[str, str], pause: float, status: int) -> None:
    """
    R20. What an answer says of waiting is the next pause; those after it are as they would have been.
    """
    running = Reply(status, headers, b"running", 1_790_000_000.0)
    found, player = polled([running, RUNNING, DONE])

    assert (b"done", [pause, 1.5 if pause == 1.0 else 1.0]) == (found, player.waited)


def test_the_server_says_when_to_look_again_too_late() -> None:
    """
    A pause that would end after the timeout is cut: there is a last look when time is up.
    """
    error, player = polled([Reply(202, {"retry-after": "999999"}, b"running"), RUNNING], timeout=20.0)

    assert (PollTimeoutError, [20.0], 2) == (type(error), player.waited, len(player.sent))


def test_a_refused_look_says_when_to_look_again() -> None:
    """
    A look that failed for good after its retries is not followed by another before the time that the server named.
    """
    busy = [asked_to_wait("9", 503)] * 4
    found, player = polled([*busy, DONE], fetch=patient_look)

    assert (b"done", [9.0, 9.0, 9.0, 9.0]) == (found, player.waited)


def test_other_errors() -> None:
    """
    An error that is not transient ends the wait at once, as it is.
    """
    found, player = polled([RUNNING, GONE])

    assert (NotFoundError, [1.0]) == (type(found), player.waited)


def test_transient_without_saying() -> None:
    """
    Unless a caller says which errors are transient, none is.
    """
    with pytest.raises(ServerError):
        Player([DOWN]).run(poll_until(look, bool, timeout=5.0, timed_out=timed_out))


def test_evidence_of_the_timeout() -> None:
    """
    The error of the timeout knows how long was waited, and ends with its hint.
    """
    found, _ = polled(FOREVER, timeout=60.0, takes=0.5)

    assert 60.0 <= found.elapsed <= 60.5
    assert ["It was not cancelled. Re-poll with `client.orders.get(e.resource_id)`."] == found.__notes__


def test_the_timeout_has_no_hidden_context() -> None:
    """
    The error of the timeout does not drag the last transient error along.
    """
    found, _ = polled([DOWN] * 10, timeout=2.0)

    assert (None, None) == (found.__cause__, found.__context__)


@pytest.mark.parametrize("interval", [0.0, -1.0, float("nan"), -float("inf")])
def test_no_busy_loop(interval: float) -> None:
    """
    An interval of 0, below 0 or NaN still means a pause.
    """
    found, player = polled(FOREVER, interval=interval, timeout=2.0)

    assert isinstance(found, PollTimeoutError)
    assert all(wait > 0.04 for wait in player.waited[:-1])


@pytest.mark.parametrize("timeout", [0.0, -5.0, float("nan")])
def test_no_time(timeout: float) -> None:
    """
    With a timeout that leaves no time, one look is taken and no wait begins.
    """
    found, player = polled([RUNNING], timeout=timeout)

    assert (PollTimeoutError, []) == (type(found), player.waited)


def test_retries_inside_a_look_do_not_extend_the_wait() -> None:
    """
    A look that is asked to wait longer than there is time left ends the wait at the timeout, not later.
    """
    found, player = polled([RUNNING, asked_to_wait("100")], fetch=patient_look, timeout=60.0)

    assert (PollTimeoutError, [1.0, 59.0], 60.0, b"running") == (
        type(found),
        player.waited,
        player.moment,
        found.last_result,
    )


def test_retries_inside_a_look_are_kept_while_there_is_time() -> None:
    """
    A look that retries within the timeout goes on as it would alone.
    """
    found, player = polled([asked_to_wait("30"), DOWN, DONE], fetch=patient_look, timeout=60.0)

    assert (b"done", [30.0, 2.0]) == (found, player.waited)


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [
        (60.0, [30.0, 30.0, 30.0, 30.0]),
        (5.0, [5.0, 4.0, 2.5, 1.0]),
        (1.25, [1.25, 1.0, 1.0]),
        (0.0, [1.0]),
        (float("nan"), [1.0]),
    ],
)
def test_a_look_has_no_more_time_than_the_wait(timeout: float, expected: list[float]) -> None:
    """
    A look may not take the client's whole timeout beyond the wait: it gets what is left, or a second to end with.
    """

    def look_for_long() -> Flow[bytes]:
        outcome = yield from send(READ, 30.0)
        assert isinstance(outcome, Reply)
        return outcome.body

    _, player = polled([RUNNING, RUNNING, RUNNING, DONE], timeout=timeout, fetch=look_for_long)

    assert expected == [sent.timeout for sent in player.sent]


def test_a_look_without_a_timeout() -> None:
    """
    A look that would wait for ever is bounded by the wait, too.
    """
    _, player = polled([RUNNING, DONE], timeout=5.0)

    assert [5.0, 4.0] == [sent.timeout for sent in player.sent]


def test_the_look_is_closed() -> None:
    """
    When the wait is given up in the middle of a look, the look's `finally` runs.
    """
    closed: list[str] = []

    def look_with_finally() -> Flow[bytes]:
        try:
            return (yield from patient_look())
        finally:
            closed.append("closed")

    flow = poll_until(look_with_finally, bool, timeout=5.0, timed_out=timed_out)
    next(flow)
    flow.send(0.0)
    flow.close()

    assert ["closed"] == closed
