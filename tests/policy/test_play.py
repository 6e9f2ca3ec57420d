from __future__ import annotations

import pytest

from failwell.policy import Flow, Send, notify, now, random, send, sleep
from failwell.testing import Player, play
from failwell.wire.messages import Reply

from .asks import BROKEN, OK, READ, WRITE


def two_requests() -> Flow[tuple[float, float, int]]:
    """A flow with every effect."""
    outcome = yield from send(READ, 3.0)
    yield from sleep(2.5)
    yield from notify("slept", seconds=2.5)
    chance = yield from random()
    yield from send(WRITE)
    assert isinstance(outcome, Reply)
    return (yield from now()), chance, outcome.status


def test_result_and_waits() -> None:
    """
    Playing returns what the flow returned and the waits it asked for.
    """
    played = play(two_requests(), [OK, BROKEN], chance=0.25)

    assert ((2.5, 0.25, 200), [2.5]) == (played.result, played.waited)


def test_what_was_asked() -> None:
    """
    A player remembers every request with its timeout, and every word to an observer.
    """
    player = Player([OK, BROKEN], takes=4.0)
    moment, _, _ = player.run(two_requests())

    assert (10.5, [Send(READ, 3.0), Send(WRITE)]) == (moment, player.sent)
    assert [("slept", {"seconds": 2.5})] == [(told.name, told.facts) for told in player.emitted]


def test_outcomes_used_up() -> None:
    """
    A flow that sends more often than the test foresaw fails the test, and names the request.
    """
    with pytest.raises(AssertionError, match="No outcome is left for request 2: <Request POST "):
        play(two_requests(), [OK])


def test_errors_of_the_flow() -> None:
    """
    What the flow raises comes out of playing it.
    """

    def failing() -> Flow[None]:
        yield from sleep(1.0)
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        play(failing(), [])


def test_outcomes_may_be_endless() -> None:
    """
    Outcomes are taken one by one: an endless iterator will do.
    """

    def thousand() -> Flow[int]:
        for _ in range(1_000):
            yield from send(READ)
        return 1_000

    assert (1_000, []) == play(thousand(), iter(lambda: OK, None))


def test_flows_without_effects() -> None:
    """
    A flow that asks for nothing is played too.
    """

    def nothing() -> Flow[str]:
        return "done"
        yield

    assert ("done", []) == play(nothing(), [])
