from __future__ import annotations

from typing import Any

import pytest

from failwell.policy import Flow, Send, Sleep, now, send, sleep
from failwell.policy.flow import intercept
from failwell.testing import Player
from failwell.wire.messages import Reply, Request

ASK = Request("GET", "/x")


def work(closed: list[str]) -> Flow[tuple[float, int]]:
    """A flow that sleeps, sends and sees how late it is; *closed* hears of its end."""
    try:
        yield from sleep(8.0)
        outcome: Any = yield from send(ASK)
        return (yield from now()), outcome.status
    finally:
        closed.append("closed")


def halved(effect: object) -> Flow[None] | None:
    """Sleeps half as long, twice, and lets all else pass by."""
    return twice(effect.seconds / 4) if isinstance(effect, Sleep) else None


def twice(seconds: float) -> Flow[None]:
    """Sleep twice."""
    yield from sleep(seconds)
    yield from sleep(seconds)


def test_some_effects_are_done_in_another_way() -> None:
    """
    What a handler gives is done in place of an effect; the others pass by, and the flow is told what came of each.
    """
    player = Player([Reply(204)])

    closed: list[str] = []

    assert (4.0, 204) == player.run(intercept(work(closed), halved))
    assert ([2.0, 2.0], [Send(ASK)], ["closed"]) == (player.waited, player.sent, closed)


def test_what_a_handler_raises() -> None:
    """
    What a handler raises ends the flow, which is closed, and is not thrown into it.
    """

    def refuse(effect: object) -> None:
        if isinstance(effect, Send):
            raise OSError("not today")

    closed: list[str] = []

    with pytest.raises(OSError, match="not today"):
        Player([]).run(intercept(work(closed), refuse))
    assert ["closed"] == closed


def test_a_flow_that_is_closed() -> None:
    """
    The flow inside is closed with the one around it, also while something is done in its place.
    """
    closed: list[str] = []
    flow = intercept(work(closed), halved)
    next(flow)
    flow.close()

    assert ["closed"] == closed
