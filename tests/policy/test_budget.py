from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, strategies as st

from benchmarks.simulation import Respond, Simulation
from failwell.contract import Attempt, BudgetRules, RetryRules, Suppression
from failwell.contract.reporting import log_fields
from failwell.policy import Budget, Guard, RetryPolicy, RetryResult, Send, call_or_raise, with_retries
from failwell.policy.retry.policy import succeeded
from failwell.testing import Player
from failwell.wire.messages import Reply, Request
from tests.dice import dice
from tests.shop import CATALOGUE, ServerError

from .asks import BROKEN, BUSY, IN_PROGRESS, KEYED, OK, READ, REFUSED, SHOP, SLOW, asked_to_wait, tried

RULES = BudgetRules()
USED_UP = (
    "the retry budget of the server is used up: 100 within 10 s, or 10% of the calls of this process if that is more"
)


def document(reply: Reply) -> bytes:
    """Read the body as it is."""
    return reply.body


def used_up() -> Guard:
    """A guard whose budget has nothing left."""
    return Guard(budget=Budget(BudgetRules(floor=0)))


def withdrawn(budget: Budget, moment: float, wanted: int) -> int:
    """How many of *wanted* retries the budget gives at *moment*."""
    return sum(budget.withdraw(moment) is not None for _ in range(wanted))


# -- What is in it --


def test_floor() -> None:
    """
    R10. Ten retries a second are always free, so a lone caller sees the retries that its page documents.
    """
    assert 100 == withdrawn(Budget(RULES), 0.0, 1_000)


def test_every_call_earns() -> None:
    """
    R10. Every call deposits 0.1 retry: 2,000 calls may cause 200.
    """
    budget = Budget(RULES)
    for _ in range(2_000):
        budget.deposit(5.0)

    assert 200 == withdrawn(budget, 5.0, 1_000)


def test_what_was_earned_is_forgotten() -> None:
    """
    A healthy time does not pay for a storm: what was earned more than the window ago counts no more.
    """
    budget = Budget(RULES)
    for _ in range(2_000):
        budget.deposit(0.0)

    assert 100 == withdrawn(budget, 11.0, 1_000)


def test_what_was_spent_comes_back() -> None:
    """
    The free retries are free again a window later, and never earlier.
    """
    budget = Budget(RULES)

    assert [100, 0, 100] == [withdrawn(budget, moment, 200) for moment in (0.0, 9.99, 11.0)]


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans()), max_size=200))
def test_never_more_than_its_share(happened: list[tuple[float, bool]]) -> None:
    """
    The retries of any 10 s are at most the floor, or a tenth of the calls of the 11 s until then.
    """
    rules = BudgetRules(floor=10)
    budget, moment = Budget(rules), 0.0
    calls: list[float] = []
    retries: list[float] = []
    for pause, is_call in happened:
        moment += pause
        if is_call:
            calls.append(moment)
            budget.deposit(moment)
        elif budget.withdraw(moment) is not None:
            retries.append(moment)
            recent = sum(made > moment - rules.window for made in retries)
            earned = rules.per_call * sum(made >= moment - 1.1 * rules.window for made in calls)
            assert recent <= max(rules.floor, earned)


def test_counts() -> None:
    """
    R10. A budget counts what it gave and what it suppressed.
    """
    budget = Budget(RULES)
    withdrawn(budget, 0.0, 125)

    assert (100, 25) == (budget.retries, budget.suppressed)


def test_given_back() -> None:
    """
    A retry that is given back can be made by another call; one that is forgotten by now is nobody's.
    """
    budget = Budget(BudgetRules(floor=10))
    taken = [budget.withdraw(0.0) for _ in range(10)]
    assert taken[3] is not None
    assert taken[4] is not None
    budget.give_back(taken[3])

    assert 1 == withdrawn(budget, 0.0, 5)

    assert 10 == withdrawn(budget, 50.0, 20)
    budget.give_back(taken[4])
    assert 0 == withdrawn(budget, 50.0, 20)


# -- What a call makes of it --


def test_a_suppressed_retry_is_visible() -> None:
    """
    R10. A retry that the budget suppresses is not made; the error says so in a note, in `e.suppression` and in a log.
    """
    player, guard = Player([BROKEN]), Guard(spent_budget())
    with pytest.raises(ServerError) as caught:
        player.run(call_or_raise(READ, document, catalogue=CATALOGUE, policy=SHOP, timeout=30.0, guard=guard))
    error = caught.value

    assert Suppression("budget", USED_UP) == error.suppression
    assert (Attempt(500, 0.0, "status 500"),) == error.attempts
    assert f"Not retried: {USED_UP}. {error.case.fix}" == error.__notes__[0]
    assert "budget" == log_fields(error)["error.suppression"]
    assert [] == player.waited


def spent_budget() -> Budget:
    """A budget of which nothing is left."""
    budget = Budget(RULES)
    withdrawn(budget, 0.0, 100)
    return budget


def test_observers_hear_of_it() -> None:
    """
    R10. Observers are told of each suppressed retry.
    """
    _, player = tried(READ, [BROKEN], guard=Guard(spent_budget()))

    told = [(told.name, told.facts) for told in player.emitted]
    assert [("retry_suppressed", {"operation": None, "by": "budget", "reason": USED_UP, "seconds": None})] == told


def test_a_lone_caller_sees_all_retries() -> None:
    """
    The page's three retries are made by a lone caller, call after call.
    """
    guard, waited = Guard(Budget(RULES)), []
    for _ in range(3):
        _, player = tried(READ, [BROKEN] * 4, guard=guard)
        waited.append(player.waited)

    assert [[1.0, 2.0, 4.0]] * 3 == waited


@pytest.mark.parametrize("workers", [1, 8, 16])
def test_workers_that_meet_a_blip(workers: int) -> None:
    """
    R10. Eight workers that upload a folder through a blip of three seconds lose no file to the budget; sixteen neither.
    """
    done: list[RetryResult] = []
    policy = RetryPolicy(RetryRules(), SHOP.classify)
    guard, random = Guard(Budget(RULES)), dice("a blip")

    def serve(_request: Request, answer: Respond) -> None:
        answer(BROKEN if 5.0 <= world.now < 8.0 else OK)

    def work(_done: RetryResult | None = None) -> None:
        done.extend([] if _done is None else [_done])
        if world.now < 20.0:
            world.at(world.now + 0.5, lambda: world.start(with_retries(Send(KEYED), policy, guard=guard), work))

    world = Simulation(serve, random.random)
    for _ in range(workers):
        world.at(random.random(), work)
    world.run()

    assert 20 * workers < len(done)
    assert [] == [tried.suppression for tried in done if not succeeded(tried.outcome)]


@pytest.mark.parametrize("outcome", [BROKEN, REFUSED, SLOW, BUSY, asked_to_wait("5", 503), asked_to_wait("0")], ids=str)
def test_what_is_paid_for(outcome: Any) -> None:
    """
    A retry after a 5xx, no answer, or a 429 without a date is paid from the budget.
    """
    last, player = tried(READ, [outcome], guard=used_up())

    assert last.suppression is not None
    assert ("budget", []) == (last.suppression.by, player.waited)


@pytest.mark.parametrize("outcome", [asked_to_wait("5"), Reply(409, {"retry-after": "5"}, IN_PROGRESS.body)], ids=str)
def test_what_is_free(outcome: Any) -> None:
    """
    A retry that the server put a date on for this caller (its rate limit, its own call that still runs) costs nothing.
    """
    last, player = tried(KEYED, [outcome, OK], guard=used_up())

    assert (OK, [5.0]) == (last.outcome, player.waited)


def test_cancelled_while_waiting() -> None:
    """
    R12. A call that is cancelled while it waits for its retry gives the retry back.
    """
    budget = Budget(BudgetRules(floor=1))
    flow = with_retries(Send(READ, 30.0), SHOP, guard=Guard(budget))
    player = Player([BROKEN])
    effect = next(flow)
    while not player.emitted:
        effect = flow.send(player.act(effect))
    flow.close()

    assert 0 == budget.retries
    assert 1 == withdrawn(budget, 0.0, 5)


def test_nothing_is_taken_for_a_retry_that_would_come_too_late() -> None:
    """
    A retry that the deadline forbids is not paid for.
    """
    budget = Budget(RULES)
    last, _ = tried(READ, [BROKEN], deadline=0.5, guard=Guard(budget))

    assert last.suppression is not None
    assert ("deadline", 0, 0) == (last.suppression.by, budget.retries, budget.suppressed)


# -- What many do together --


class Outage:
    """200 workers that call one after another through one budget, at a server that fails from *begins* to *ends*."""

    def __init__(self, takes: float, *, begins: float, ends: float) -> None:
        self.takes, self.begins, self.ends = takes, begins, ends
        self.random = dice("an outage")
        self.unlucky = False
        self.calls: Counter[int] = Counter()
        self.sent: Counter[int] = Counter()
        self.suppressed: Counter[int] = Counter()
        self.failed: Counter[int] = Counter()
        self.world = Simulation(self.serve, self.random.random, self.told)
        self.guard = Guard(Budget(RULES))
        self.policy = RetryPolicy(RetryRules(), SHOP.classify)

    @property
    def window(self) -> int:
        """The window of 10 s that is on, counted from the beginning of the outage."""
        return int((self.world.now - self.begins) // 10)

    def serve(self, request: Request, answer: Respond) -> None:
        self.sent[self.window] += 1
        down = self.begins <= self.world.now < self.ends
        reply = Reply(503 if down or self.unlucky else 200)
        self.unlucky = False
        self.world.at(self.world.now + self.takes, lambda: answer(reply))

    def told(self, name: str, _facts: dict[str, Any]) -> None:
        self.suppressed[self.window] += name == "retry_suppressed"

    def work(self) -> None:
        self.calls[self.window] += 1
        # The first try of one call in a hundred fails at any time: there is always something to try again.
        self.unlucky = self.calls.total() % 100 == 0
        self.world.start(with_retries(Send(READ, 30.0), self.policy, guard=self.guard), self.again)

    def again(self, done: RetryResult) -> None:
        self.failed[self.window] += not succeeded(done.outcome)
        self.world.at(self.world.now + 0.001, self.work)

    def run(self, until: float) -> None:
        for _ in range(200):
            self.world.at(self.random.random() * self.takes, self.work)
        self.world.run(until)

    def repeated(self, window: int) -> int:
        """The requests of a window that were not the first of their call."""
        return self.sent[window] - self.calls[window]


@pytest.mark.slow
@pytest.mark.parametrize(("takes", "normal_from"), [(0.5, 7), (2.0, 7), (9.0, 8)])
def test_200_workers_against_an_outage(takes: float, normal_from: int) -> None:
    """
    R10. 200 workers against 100 % failure: at most 20 % extra load, or ten requests a second where that is more.

    One window after the last failure no retry is suppressed any more.
    """
    outage = Outage(takes, begins=30.0, ends=90.0)
    outage.run(until=140.0)

    assert outage.repeated(0) <= max(0.2 * outage.calls[0], RULES.floor)
    for window in range(1, 6):
        assert 0 < outage.repeated(window) <= max(0.2 * outage.calls[window], RULES.floor)
        assert outage.suppressed[window] > 0
    for window in range(normal_from, 11):
        assert (0, 0) == (outage.suppressed[window], outage.failed[window])
        assert outage.repeated(window) > 0


def test_without_a_budget_there_would_be_a_storm() -> None:
    """
    The same workers without a budget send four requests for each call.
    """
    outage = Outage(1.0, begins=30.0, ends=90.0)
    outage.guard = Guard()
    outage.run(until=80.0)

    assert outage.repeated(3) > 2 * outage.calls[3]
