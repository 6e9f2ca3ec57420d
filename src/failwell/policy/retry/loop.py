"""The retry loop: send, assess, wait, send again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.frozen import Frozen
from failwell.contract.evidence import Attempt, Suppression
from failwell.policy.flow import NOW, Flow, NotSent, Send, notify, random, sleep
from failwell.policy.resilience.guard import UNGUARDED, Guard
from failwell.policy.resilience.pacing import spread
from failwell.policy.retry.policy import FLEET_TIMEOUTS, RetryPolicy
from failwell.policy.retry.result import RetryResult
from failwell.wire.messages import Failure, Outcome, Reply

if TYPE_CHECKING:
    from failwell.policy.resilience.counters import Slice


_new = tuple.__new__
"""Makes an `Attempt` or a `Tried` of all its fields, in a third of the time."""
_reasons: dict[int, str] = {}


def with_retries(
    ask: Send,
    policy: RetryPolicy,
    *,
    deadline: float | None = None,
    request_id_header: str = "x-request-id",
    guard: Guard = UNGUARDED,
) -> Flow[RetryResult]:
    """Send *ask* until it succeeds, or *policy* or *guard* gives up; return the last outcome.

    *deadline* is the seconds the whole may take. A sleep that would end after it is never started, and no
    attempt outlives it.
    """
    started = moment = yield NOW
    end = None if deadline is None else started + deadline
    budget, breaker, pacer = guard.budget, guard.breaker, guard.pacer
    attempts: list[Attempt] = []
    last: Outcome | None = None
    taken: Slice | None = None
    this, timeout = ask, ask.timeout
    refused: NotSent | None = None
    if budget is not None:
        budget.deposit(started)
    if pacer is not None:
        refused, moment = yield from pacer.hold(moment, end, policy.longest_wait, ask.request.operation)
    while refused is None:
        if end is not None and (ask.timeout is None or end - moment < ask.timeout):
            timeout = max(end - moment, 0.0)
            this = Send(ask.request, timeout)
        if breaker is None:
            outcome: Outcome = yield this
            moment = yield NOW
        else:
            said, moment = yield from breaker.through(this, moment)
            if isinstance(said, NotSent):
                refused = said
                break
            outcome = said
        if pacer is not None and (pause := policy.pause_for_all(outcome)) is not None:
            pacer.learn(moment, pause)
        fine = isinstance(outcome, Reply) and 200 <= outcome.status < 300
        if fine or not policy.may_repeat(ask.request, outcome):
            this_try = _attempt(outcome, 0.0, request_id_header)
            tries = (*attempts, this_try) if attempts else (this_try,)
            return _new(RetryResult, (outcome, tries, moment - started, timeout, None))
        next_ = yield from _next_try(
            policy,
            guard,
            outcome,
            retry=len(attempts) + 1,
            moment=moment,
            started=started,
            deadline=deadline,
        )
        attempts.append(_attempt(outcome, next_.delay or 0.0, request_id_header))
        if next_.delay is None:
            elapsed, operation = moment - started, ask.request.operation
            return (yield from _over(outcome, attempts, elapsed, timeout, next_.suppression, operation=operation))
        last, taken = outcome, next_.taken
        try:
            reason, operation = attempts[-1].reason, ask.request.operation
            yield from notify("retry", operation=operation, retry=len(attempts), delay=next_.delay, reason=reason)
            yield from sleep(next_.delay)
            moment = yield NOW
            if pacer is not None:
                refused, moment = yield from pacer.hold(moment, end, policy.longest_wait, ask.request.operation)
        except BaseException:
            _give_back(guard, taken)
            raise
    _give_back(guard, taken)
    elapsed, operation = moment - started, ask.request.operation
    return (yield from _over(last or refused, attempts, elapsed, timeout, refused.suppression, operation=operation))


class Next(Frozen):
    """Another try in *delay* seconds, with what was *taken* from the budget for it; or none (None), and why."""

    delay: float | None
    suppression: Suppression | None = None
    taken: Slice | None = None


def _next_try(
    policy: RetryPolicy,
    guard: Guard,
    outcome: Outcome,
    *,
    retry: int,
    moment: float,
    started: float,
    deadline: float | None,
) -> Flow[Next]:
    """Whether there is a *retry*-th retry after *outcome*, which may be repeated."""
    chance = yield from random()
    delay, suppression = _pause(policy, guard, outcome, retry, chance)
    if delay is None:
        return Next(None, suppression)
    if deadline is not None and moment + delay - started >= deadline:
        reason = f"the next try in {delay:.1f} s would come after the deadline of {deadline:g} s"
        return Next(None, Suppression("deadline", reason))
    suppression, taken = yield from _allowed(policy, guard, outcome, moment, delay)
    return Next(delay if suppression is None else None, suppression, taken)


def _pause(
    policy: RetryPolicy, guard: Guard, outcome: Outcome, retry: int, chance: float
) -> tuple[float | None, Suppression | None]:
    """Seconds until the *retry*-th retry; or None, and why, if *outcome* asks for more than is ever waited."""
    delay = policy.delay_before(retry, outcome, chance=chance)
    asked = policy.asked_wait(outcome)
    if delay is not None:
        return (spread(delay, chance) if asked and guard.pacer is not None else delay), None
    most = policy.rules.longest_retry_after
    if asked is not None and asked > most:
        reason = f"asked to wait {asked:g} s, the most we wait is {most:g} s"
        return None, Suppression("retry_after", reason, asked)
    return None, None


def _allowed(
    policy: RetryPolicy, guard: Guard, outcome: Outcome, moment: float, delay: float
) -> Flow[tuple[Suppression | None, Slice | None]]:
    """Whether a retry in *delay* seconds may be made for all that *guard* knows; and what it took from the budget."""
    breaker, budget = guard.breaker, guard.budget
    if breaker is not None and (seconds := breaker.retry_after(moment)) > delay:
        return breaker.refusal(seconds), None
    if policy.fleet and isinstance(outcome, Failure) and outcome.kind == "timeout":
        chance = yield from random()
        if chance >= FLEET_TIMEOUTS:
            return Suppression(
                "large_fleet", f'with retry="large_fleet" {FLEET_TIMEOUTS:.0%} of the timeouts are repeated'
            ), None
    if budget is None or not policy.costs(outcome):
        return None, None
    taken = budget.withdraw(moment)
    return (Suppression("budget", budget.reason) if taken is None else None), taken


def _give_back(guard: Guard, taken: Slice | None) -> None:
    """The retry that was paid for is not made."""
    if guard.budget is not None and taken is not None:
        guard.budget.give_back(taken)


def _over(
    outcome: Outcome | NotSent,
    attempts: list[Attempt],
    elapsed: float,
    timeout: float | None,
    suppression: Suppression | None,
    *,
    operation: str | None,
) -> Flow[RetryResult]:
    """The end of it all. Observers hear of a try that was held back."""
    if suppression is not None:
        name = "retry_suppressed" if attempts else "call_refused"
        by, reason, seconds = suppression
        yield from notify(name, operation=operation, by=by, reason=reason, seconds=seconds)
    return RetryResult(outcome, tuple(attempts), elapsed, timeout, suppression)


def _attempt(outcome: Outcome, delay: float, request_id_header: str) -> Attempt:
    if isinstance(outcome, Reply):
        status = outcome.status
        reason = _reasons.get(status) or _reasons.setdefault(status, f"status {status}")
        return _new(Attempt, (status, delay, reason, outcome.headers.get(request_id_header)))
    head = outcome.head
    if head is None:
        return Attempt(None, delay, outcome.reason)
    return Attempt(head.status, delay, outcome.reason, head.headers.get(request_id_header))
