from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.contract import BreakerRules, BudgetRules, Suppression
from failwell.policy import Breaker, Budget, Guard, Send, with_retries
from failwell.policy.flow import NotSent
from failwell.policy.resilience.breaker import WAIT_FOR_PROBES, Permit, verdict
from failwell.testing import Player
from failwell.wire.messages import Failure, Outcome, Reply

from .asks import BROKEN, DROPPED, OK, READ, REFUSED, SHOP, SLOW, retries, tried

RULES = BreakerRules(ratio=0.5, calls=4, window=10.0, open_for=30.0, probes=3, successes=2)
ONCE = retries(0)


def breaker(**rules: Any) -> Breaker:
    """A breaker of the operation "training.get", closed."""
    given = {name: getattr(RULES, name) for name in ("ratio", "calls", "window", "open_for", "probes", "successes")}
    return Breaker("training.get", BreakerRules(**{**given, **rules}))


def sent(through: Breaker, outcome: Outcome, moment: float = 0.0) -> Outcome | NotSent:
    """What comes of one try whose answer is *outcome*."""
    player = Player([outcome])
    player.moment = moment
    return player.run(with_retries(Send(READ, 30.0), ONCE, guard=Guard(breaker=through))).outcome


def opened(**rules: Any) -> Breaker:
    """A breaker that opened at the moment 0."""
    made = breaker(**rules)
    for _ in range(4):
        sent(made, BROKEN)
    assert "open" == made.state(0.0)
    return made


def let_out(through: Breaker, moment: float, wanted: int) -> list[Permit]:
    """The tries that it lets out of *wanted* which ask at the same *moment*, and are all still out."""
    leaves = [Permit() for _ in range(wanted)]
    return [leave for leave in leaves if through.ask(leave, moment) is None]


# -- When it opens --


def test_ratio_of_failures() -> None:
    """
    R11. It opens when half of the tries of the window failed, and not with one failure less.
    """
    some = breaker()
    states: list[str] = []
    for outcome in (OK, OK, OK, BROKEN, BROKEN, BROKEN):
        sent(some, outcome)
        states.append(some.state(0.0))

    assert ["closed"] * 5 + ["open"] == states


def test_minimum_throughput() -> None:
    """
    R11. Fewer tries than the minimum say nothing, even when all of them failed.
    """
    some = breaker(calls=5)
    for _ in range(4):
        sent(some, BROKEN)

    assert "closed" == some.state(0.0)


def test_failures_that_are_long_ago() -> None:
    """
    R11. What failed before the window counts no more.
    """
    some = breaker()
    for moment in (0.0, 0.0, 0.0, 20.0, 20.0, 20.0):
        sent(some, BROKEN, moment)

    assert "closed" == some.state(20.0)


def test_in_a_row() -> None:
    """
    R11. With a count window the last tries decide, however long ago they were.
    """
    some = breaker(last=5, calls=5, ratio=1.0)
    for number, outcome in enumerate([BROKEN, BROKEN, BROKEN, BROKEN, OK, BROKEN, BROKEN, BROKEN, BROKEN]):
        sent(some, outcome, 1_000.0 * number)
    assert "closed" == some.state(8_000.0)

    sent(some, BROKEN, 9_000.0)
    assert "open" == some.state(9_000.0)


@pytest.mark.parametrize("outcome", [BROKEN, Reply(503), Reply(599), DROPPED, REFUSED, SLOW], ids=str)
def test_what_counts_as_a_failure(outcome: Outcome) -> None:
    """
    R11. 5xx and no answer are failures of the server.
    """
    assert False is verdict(outcome)


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 408, 409, 418, 422, 429, 499])
def test_client_faults_never_count(status: int) -> None:
    """
    R11. 4xx, 429 among them, and 3xx are about the request: they count neither for nor against the server.
    """
    some = breaker()
    for _ in range(50):
        sent(some, Reply(status))
    for _ in range(3):
        sent(some, BROKEN)
    assert "closed" == some.state(0.0)

    sent(some, BROKEN)
    assert "open" == some.state(0.0)


@pytest.mark.parametrize("window", [{}, {"last": 100}], ids=["time", "count"])
def test_cancellations_never_count(window: dict[str, int]) -> None:
    """
    R11. A try that is cancelled while it is out says nothing of the server.
    """
    some = breaker(**window)
    for _ in range(50):
        flow = with_retries(Send(READ), ONCE, guard=Guard(breaker=some))
        out_of(flow).close()

    assert "closed" == some.state(0.0)
    for _ in range(4):
        sent(some, BROKEN)
    assert "open" == some.state(0.0)


def out_of(flow: Any, moment: float = 0.0) -> Any:
    """*flow*, begun at *moment*, as far as where its request is out."""
    player = Player([])
    player.moment = moment
    effect = next(flow)
    while not isinstance(effect, Send):
        effect = flow.send(player.act(effect))
    return flow


# -- When it is open --


def test_nothing_is_sent() -> None:
    """
    R11. Open, it sends nothing, and says until when and why.
    """
    player = Player([])
    player.moment = 12.0
    last = player.run(with_retries(Send(READ, 30.0), ONCE, guard=Guard(breaker=opened())))
    why = "4 of 4 tries within 10 s failed"
    reason = f"the circuit of training.get is open, because {why}; it lets calls out again in 18.0 s"

    assert NotSent(Suppression("breaker", reason, 18.0)) == last.outcome
    assert ((), []) == (last.attempts, player.sent)
    told = [(told.name, told.facts) for told in player.emitted]
    assert [("call_refused", {"operation": None, "by": "breaker", "reason": reason, "seconds": 18.0})] == told


def test_retry_after_counts_down() -> None:
    """
    R11. `retry_after` is what is left until the first probe, at every moment.
    """
    some = opened()

    assert [30.0, 29.0, 17.5, 0.5, 0.0, 0.0] == [some.retry_after(at) for at in (0.0, 1.0, 12.5, 29.5, 30.0, 99.0)]


def test_observers_hear_of_it() -> None:
    """
    Observers are told when it opens, why and for how long, and when it closes.
    """
    some, player = breaker(), Player([BROKEN] * 4 + [OK] * 2)
    flows = [with_retries(Send(READ, 30.0), ONCE, guard=Guard(breaker=some)) for _ in range(6)]
    for flow in flows[:4]:
        player.run(flow)
    player.moment = 30.0
    for flow in flows[4:]:
        player.run(flow)

    reason = "4 of 4 tries within 10 s failed"
    assert [
        ("breaker_opened", {"operation": "training.get", "reason": reason, "open_for": 30.0}),
        ("breaker_closed", {"operation": "training.get"}),
    ] == [(told.name, told.facts) for told in player.emitted]


def test_a_retry_is_not_waited_for_in_vain() -> None:
    """
    When the circuit opens during a call, the call ends at once with the error of its last try.
    """
    last, player = tried(READ, [BROKEN] * 4, guard=Guard(breaker=breaker(calls=2)))

    assert (BROKEN, 2, [1.0]) == (last.outcome, len(last.attempts), player.waited)
    assert last.suppression is not None
    assert ("breaker", 30.0) == (last.suppression.by, last.suppression.seconds)


def test_a_retry_that_the_breaker_refuses_is_not_paid_for() -> None:
    """
    A retry that finds the circuit open after its wait gives back what it took from the budget.
    """
    some, budget = breaker(), Budget(BudgetRules())
    flow, player = with_retries(Send(READ, 30.0), SHOP, guard=Guard(budget, some)), Player([BROKEN])
    effect = next(flow)
    while not player.waited:
        effect = flow.send(player.act(effect))
    for _ in range(4):
        sent(some, BROKEN)
    last = player.run(resumed(flow, effect))

    assert (BROKEN, 1, 0) == (last.outcome, len(last.attempts), budget.retries)


def resumed(flow: Any, effect: Any) -> Any:
    """*flow*, which has just yielded *effect*, from there on."""
    while True:
        try:
            effect = flow.send((yield effect))
        except StopIteration as stop:
            return stop.value


# -- When it is half open --


@pytest.mark.parametrize("probes", [2, 3, 7])
def test_exactly_so_many_probes(probes: int) -> None:
    """
    R11. Of 1,000 calls that meet it half open exactly the probes are let out; the others are told to ask again.
    """
    some = opened(probes=probes)

    assert probes == len(let_out(some, 30.0, 1_000))
    assert WAIT_FOR_PROBES == some.ask(Permit(), 30.0)


def test_successes_close_it() -> None:
    """
    R11. Enough successes close it, and what failed before is forgotten.
    """
    some = opened()
    sent(some, OK, 30.0)
    assert "half-open" == some.state(30.0)

    sent(some, OK, 30.0)
    assert "closed" == some.state(30.0)
    for _ in range(3):
        sent(some, BROKEN, 30.0)
    assert "closed" == some.state(30.0)


def test_a_failure_opens_it_again() -> None:
    """
    R11. One probe that fails opens it for the whole time again.
    """
    some = opened()
    sent(some, OK, 30.0)
    sent(some, BROKEN, 31.0)

    assert ("open", 30.0) == (some.state(31.0), some.retry_after(31.0))
    assert [] == let_out(some, 60.9, 5)
    assert 3 == len(let_out(some, 61.0, 5))


def test_probes_that_come_back_late() -> None:
    """
    A probe from before the last change says nothing of what came after it.
    """
    some = opened()
    first, second, third = let_out(some, 30.0, 3)
    some.tell(first, False, 31.0)
    some.tell(second, True, 32.0)
    some.tell(third, True, 32.0)
    assert "open" == some.state(32.0)

    assert 3 == len(let_out(some, 61.0, 9))


def test_tries_from_before_it_opened() -> None:
    """
    Tries that were out when it opened do not open it again, or close it, when they come back.
    """
    some = breaker()
    early = let_out(some, 0.0, 10)
    for _ in range(4):
        sent(some, BROKEN)
    for leave in early:
        some.tell(leave, leave is early[0], 5.0)

    assert ("open", 25.0) == (some.state(5.0), some.retry_after(5.0))


@pytest.mark.parametrize("status", [404, 429])
def test_client_faults_free_their_slot(status: int) -> None:
    """
    R11. A probe that meets a client fault is no probe: another may go out in its place.
    """
    some = opened()
    for _ in range(20):
        assert Reply(status) == sent(some, Reply(status), 30.0)

    assert "half-open" == some.state(30.0)
    assert 3 == len(let_out(some, 30.0, 9))


@pytest.mark.parametrize("end", ["closed", "dropped", "thrown into"])
def test_cancelled_probes_free_their_slot(end: str) -> None:
    """
    R11, R12. A probe that is cancelled, abandoned or interrupted leaves its slot to another.
    """
    some = opened()
    for _ in range(20):
        flow = out_of(with_retries(Send(READ), ONCE, guard=Guard(breaker=some)), 30.0)
        if end == "closed":
            flow.close()
        elif end == "thrown into":
            with pytest.raises(KeyboardInterrupt):
                flow.throw(KeyboardInterrupt())
        del flow
    gc.collect()

    assert 3 == len(let_out(some, 30.0, 9))


def test_two_at_once_do_not_wait_for_each_other() -> None:
    """
    R11. Nothing is held while a try is out: a thousand can be out at the same time.
    """
    assert 1_000 == len(let_out(breaker(), 0.0, 1_000))


happening = st.lists(
    st.tuples(st.sampled_from(["ask", "good", "bad", "nothing", "cancel"]), st.integers(0, 9), st.floats(0.0, 20.0)),
    max_size=120,
)


@given(happening, st.sampled_from([None, 6]))
def test_whatever_happens(steps: list[tuple[str, int, float]], last: int | None) -> None:
    """
    Whatever tries do, in any order: half open no more than the probes are out, and it never stays half open for ever.
    """
    some, moment = breaker(last=last), 0.0
    out: list[Permit] = []
    for step, number, pause in steps:
        moment += pause
        if step == "ask":
            leave = Permit()
            if some.ask(leave, moment) is None:
                out.append(leave)
        elif out:
            leave = out.pop(number % len(out))
            if step == "cancel":
                some.give_back(leave)
            else:
                some.tell(leave, {"good": True, "bad": False, "nothing": None}[step], moment)
        probing = [leave for leave in out if leave.probing and leave.epoch == some._epoch]
        assert len(probing) <= 3
    for leave in out:
        some.give_back(leave)
    moment += 30.0
    for _ in range(6):
        sent(some, OK, moment)
    assert "closed" == some.state(moment)


def test_renewed() -> None:
    """
    In the child of a fork it begins anew: closed, and without a memory.
    """
    some = opened()
    some.renew()

    assert ("closed", 0) == (some.state(0.0), some.refused)


def test_unreadable_answers_count() -> None:
    """
    An answer that is not HTTP, or not the gzip that it says it is, is a failure of the server.
    """
    assert False is verdict(Failure("unreadable", "not gzip", head=Reply(200)))
