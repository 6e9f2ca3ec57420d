from __future__ import annotations

from typing import Any

import pytest

from benchmarks.simulation import Respond, Simulation
from failwell.contract import RetryRules
from failwell.policy import Guard, Pacer, RetryPolicy, RetryResult, Send, with_retries
from failwell.policy.flow import NotSent
from failwell.testing import Player
from failwell.wire.messages import Outcome, Reply, Request
from tests.dice import dice

from .asks import BROKEN, BUSY, DROPPED, OK, READ, SHOP, asked_to_wait, tried

ASKED_AT = 1_790_000_000.0


def held(seconds: float, at: float = 0.0) -> Guard:
    """A guard that a reply of the moment *at* asked to wait."""
    pacer = Pacer()
    pacer.learn(at, seconds)
    return Guard(pacer=pacer)


def learned(reply: Reply) -> float:
    """The seconds for which *reply* holds back other calls."""
    guard = Guard(pacer=Pacer())
    tried(READ, [reply], policy=RetryPolicy(RetryRules(max_retries=0), SHOP.classify), guard=guard)
    assert guard.pacer is not None
    return guard.pacer.left(0.0)


def said(status: int = 200, **headers: str) -> Reply:
    """A reply with those headers."""
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"{}", ASKED_AT)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (asked_to_wait("7"), 7.0),
        (asked_to_wait("7", 503), 7.0),
        (said(429, retry_after_ms="1500"), 1.5),
        (said(ratelimit='"burst";r=0;t=12'), 12.0),
        (said(ratelimit='"burst";r=0;t=12, "day";r=5;t=900'), 12.0),
        (said(ratelimit_remaining="0", ratelimit_reset="9"), 9.0),
        (said(x_ratelimit_remaining="0", x_ratelimit_reset="8"), 8.0),
        (said(x_ratelimit_remaining="0", x_ratelimit_reset=str(int(ASKED_AT) + 20)), 20.0),
        (said(404, x_ratelimit_remaining="0", x_ratelimit_reset="8"), 8.0),
        (said(x_ratelimit_remaining="0", x_ratelimit_reset=str(int(ASKED_AT) - 20)), 0.0),
        (said(x_ratelimit_remaining="1", x_ratelimit_reset="8"), 0.0),
        (said(x_ratelimit_remaining="0", x_ratelimit_reset="soon"), 0.0),
        (said(x_ratelimit_remaining="0"), 0.0),
        (said(429, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(ASKED_AT) + 20)), 20.0),
        (said(503, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(ASKED_AT) + 20)), 20.0),
        (said(x_ratelimit_remaining="0", x_ratelimit_reset=str(int(ASKED_AT * 1000) + 2500)), 2.5),
        (said(ratelimit_remaining="0", ratelimit_reset=str(int(ASKED_AT) + 20)), 20.0),
        (said(ratelimit="limit=100, remaining=0, reset=30"), 30.0),
        (said(x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="6m0s"), 360.0),
        (said(x_ratelimit_remaining="0", x_ratelimit_reset_after="1.5"), 1.5),
        (said(x_ratelimit_reset_requests="1s"), 0.0),
        (said(x_ratelimit_reset_after="1.5"), 0.0),
        (said(202, retry_after="5"), 0.0),
        (said(409, retry_after="5"), 0.0),
        (said(500, retry_after="5"), 0.0),
        (BUSY, 0.0),
        (OK, 0.0),
    ],
    ids=lambda value: f"{value.status} {dict(value.headers)}" if isinstance(value, Reply) else None,
)
def test_what_holds_back_others(reply: Reply, seconds: float) -> None:
    """
    Retry-After on 429 and 503, and a limit of which nothing remains on any reply, hold back the other calls.
    """
    assert seconds == learned(reply)


def test_a_limit_that_is_never_retried_holds_back_nobody() -> None:
    """
    A quota that ran out is this call's answer; its Retry-After may be that of the month.
    """
    guard = Guard(pacer=Pacer())
    tried(READ, [asked_to_wait("90")], policy=RetryPolicy(RetryRules(), lambda _reply: ("never", None)), guard=guard)

    assert guard.pacer is not None
    assert 0.0 == guard.pacer.left(0.0)


def test_others_wait() -> None:
    """
    A call that comes while the others are held back waits until then, and up to a tenth longer.
    """
    _, first = tried(READ, [OK], guard=held(20.0), chance=0.0)
    _, last = tried(READ, [OK], guard=held(20.0), chance=0.999)

    assert [20.0] == first.waited
    assert [pytest.approx(22.0, abs=0.01)] == last.waited
    assert ("paced", {"operation": None, "seconds": 20.0}) == (first.emitted[0].name, first.emitted[0].facts)


def test_not_all_at_once() -> None:
    """
    Calls that wait for the same moment do not come back at the same instant.
    """
    random, guard = dice("the moments that waits end"), held(20.0)
    sent: list[float] = []

    def serve(_request: Request, answer: Respond) -> None:
        sent.append(world.now)
        answer(OK)

    world = Simulation(serve, random.random)
    for _ in range(200):
        world.start(with_retries(Send(READ), SHOP, guard=guard), lambda _done: None)
    world.run()

    assert 200 == len(set(sent))
    assert 20.0 <= min(sent) < 20.1
    assert 21.9 < max(sent) < 22.0


def test_those_who_were_told_come_back_one_after_another() -> None:
    """
    Calls that were all told the same Retry-After are spread, too; none comes before it.
    """
    waits = [
        tried(READ, [asked_to_wait("10"), OK], guard=Guard(pacer=Pacer()), chance=chance)[1].waited
        for chance in (0.0, 0.5)
    ]

    assert [[10.0], [10.5]] == waits


def test_retries_wait_as_well() -> None:
    """
    A retry after a failure goes out no earlier than the others may.
    """
    pacer = Pacer()
    flow, player = with_retries(Send(READ), SHOP, guard=Guard(pacer=pacer)), Player([BROKEN, OK], chance=0.5)
    effect = next(flow)
    while not player.sent:
        effect = flow.send(player.act(effect))
    pacer.learn(0.0, 30.0)
    player.run(resumed(flow, effect))

    assert [1.0, 30.5] == player.waited


def resumed(flow: Any, effect: Any) -> Any:
    """*flow*, which has just yielded *effect*, from there on."""
    while True:
        try:
            effect = flow.send((yield effect))
        except StopIteration as stop:
            return stop.value


def test_within_the_deadline() -> None:
    """
    A call that would wait past its deadline is refused at once, with all the seconds that are left.
    """
    last, player = tried(READ, [], guard=held(20.0), deadline=20.0)

    assert isinstance(last.outcome, NotSent)
    assert ("pacing", 20.0) == (last.outcome.suppression.by, last.outcome.suppression.seconds)
    assert (
        "the server asked earlier calls to wait, for 20.0 s more; the deadline is in 20.0 s"
        == last.outcome.suppression.reason
    )
    assert ([], []) == (player.waited, player.sent)


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_the_spread_leaves_time_for_the_call(chance: float) -> None:
    """
    What comes on top of a wait is cut, so that the call still begins before its deadline.
    """
    last, player = tried(READ, [OK], guard=held(20.0), deadline=20.5, chance=chance)

    assert OK == last.outcome
    assert 20.0 <= player.waited[0] <= 20.25
    assert player.sent[0].timeout == pytest.approx(20.5 - player.waited[0])


def test_over_the_cap() -> None:
    """
    A wait over the longest that the contract allows is refused at once, with the full value; later it is waited for.
    """
    guard = held(300.0)
    last, player = tried(READ, [], guard=guard)
    assert last.suppression is not None
    assert (300.0, []) == (last.suppression.seconds, player.waited)
    assert (
        "the server asked earlier calls to wait, for 300.0 s more; the most we wait is 120 s" == last.suppression.reason
    )

    later = Player([OK], chance=0.0)
    later.moment = 180.0
    assert OK == later.run(with_retries(Send(READ), SHOP, guard=guard)).outcome
    assert [120.0] == later.waited


def test_the_longest_counts() -> None:
    """
    A shorter wait that comes in later does not end a longer one.
    """
    pacer = Pacer()
    pacer.learn(0.0, 30.0)
    pacer.learn(5.0, 2.0)

    assert 25.0 == pacer.left(5.0)


def test_woken_a_little_early() -> None:
    """
    Event loops may wake a sleeper some microseconds too early; it does not sleep again.
    """
    pacer = Pacer()
    pacer.learn(0.0, 30.0)

    assert 0.0 == pacer.left(29.9999)


@pytest.mark.parametrize("outcomes", [[DROPPED, OK], [BROKEN, OK], [BUSY, OK]], ids=["dropped", "broken", "busy"])
def test_others_are_not_held_back_without_a_word(outcomes: list[Outcome]) -> None:
    """
    A failure that says nothing of waiting holds back nobody.
    """
    guard = Guard(pacer=Pacer())
    tried(READ, outcomes, guard=guard)

    assert guard.pacer is not None
    assert 0.0 == guard.pacer.left(0.0)


def test_a_server_that_counts() -> None:
    """
    Against a server that lets 10 requests through per second, pacing spares most of those that would be refused.
    """
    refused = {paced: refusals(Guard(pacer=Pacer() if paced else None)) for paced in (True, False)}

    assert refused[True] < refused[False] / 2


def refusals(guard: Guard) -> int:
    """How many of the requests of 20 workers, which call for 60 s, a server refuses that lets through 10 per second."""
    random, made, done = dice("the calls of 20 workers"), {"refused": 0, "sent": 0}, 0

    def serve(_request: Request, answer: Respond) -> None:
        nonlocal done
        second = int(world.now)
        made["sent"] = made["sent"] + 1 if made.get("second") == second else 1
        made["second"] = second
        left = second + 1 - world.now
        if made["sent"] > 10:
            made["refused"] += 1
            answer(Reply(429, {"retry-after": f"{left + 0.001:.3f}"}, b"", ASKED_AT))
        else:
            answer(OK)

    def work(_done: RetryResult | None = None) -> None:
        if world.now < 60.0:
            world.start(with_retries(Send(READ), SHOP, guard=guard), work)

    world = Simulation(serve, random.random)
    for _ in range(20):
        world.at(random.random(), work)
    world.run()
    return made["refused"]
