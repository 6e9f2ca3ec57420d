from __future__ import annotations

import functools

import pytest

from benchmarks.storm import ALWAYS, FLEET, NEVER, Storm, Way
from failwell.contract import BudgetRules
from failwell.contract.resilience import FLEET_BUDGET
from failwell.policy import Budget, Guard, RetryPolicy
from failwell.policy.retry.policy import FLEET_TIMEOUTS

from .asks import BROKEN, DROPPED, OK, READ, SHOP, SLOW, asked_to_wait, tried

POLICY = RetryPolicy(SHOP.rules, SHOP.classify, fleet=True)
CLIENTS = 10_000


def fleet() -> Guard:
    """What a client of a fleet has when it begins."""
    return Guard(Budget(FLEET_BUDGET))


@functools.cache
def stormed(way: Way, sheds: bool) -> Storm:
    """10,000 clients that each call once in 140 s, through a brown-out of 30 s."""
    return Storm(CLIENTS, way, sheds).run()


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_server_schedules_is_free(status: int) -> None:
    """
    P8. A Retry-After is kept for free, on 503 too: the server spreads its clients itself.
    """
    guard = Guard(Budget(BudgetRules(floor=0)))
    last, player = tried(READ, [asked_to_wait("90", status)] * 3 + [OK], policy=POLICY, guard=guard)

    assert (OK, [90.0] * 3) == (last.outcome, player.waited)


@pytest.mark.parametrize("outcome", [BROKEN, DROPPED], ids=["5xx", "dropped"])
def test_one_retry_to_begin_with(outcome: object) -> None:
    """
    P8. A fast failure is retried once by a client that seldom calls; more has to be earned by calls.
    """
    guard = fleet()
    last, player = tried(READ, [outcome, outcome], policy=POLICY, guard=guard)  # type: ignore[list-item]
    assert last.suppression is not None
    assert ("budget", [1.0]) == (last.suppression.by, player.waited)

    assert guard.budget is not None
    for _ in range(30):
        guard.budget.deposit(2.0)
    assert 2 == sum(guard.budget.withdraw(2.0) is not None for _ in range(9))


@pytest.mark.parametrize(("chance", "attempts"), [(0.0, 4), (0.099, 4), (0.1, 1), (0.9, 1)])
def test_one_timeout_in_ten(chance: float, attempts: int) -> None:
    """
    P8. A timeout is repeated with a probability of 10 %, for free, and after the longest delay.
    """
    guard = Guard(Budget(BudgetRules(floor=0)))
    last, player = tried(READ, [SLOW] * attempts, policy=POLICY, guard=guard, chance=chance)

    assert attempts == len(last.attempts)
    assert [pytest.approx(8.0, rel=0.25)] * (attempts - 1) == player.waited
    if attempts == 1:
        assert ("large_fleet", 'with retry="large_fleet" 10% of the timeouts are repeated') == last.suppression[:2]  # type: ignore[index]
    assert 0.1 == FLEET_TIMEOUTS


def test_a_server_that_sheds_and_paces() -> None:
    """
    P8. Of the calls born in the brown-out at least 85 % succeed in the end, with at most 1.25 requests per call.
    """
    storm = stormed(FLEET, True)

    assert storm.saved >= 0.85
    assert storm.amplification <= 1.25


@pytest.mark.slow
def test_a_server_that_does_neither() -> None:
    """
    P8. At most 1.10 requests per call, and it recovers within 1.5 of the time that it takes without retries.
    """
    storm = stormed(FLEET, False)

    assert storm.amplification <= 1.10
    assert stormed(NEVER, False).recovery > 20.0
    assert storm.recovery <= 1.5 * stormed(NEVER, False).recovery


def test_that_it_is_needed() -> None:
    """
    The same clients with three retries each send three times as much, and the server does not recover while they call.
    """
    storm = Storm(CLIENTS // 5, ALWAYS, sheds=False).run()

    assert storm.amplification > 3.0
    assert storm.recovery > 200.0


def test_a_few_503s() -> None:
    """
    P8. Of a random 2 % of 503s callers see at most 0.1 %.
    """
    storm = Storm(CLIENTS, FLEET, sheds=False, brown_out=False, broken=0.02, periods=1).run()

    assert 0.0 < storm.seen <= 0.001
