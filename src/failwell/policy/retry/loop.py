"""The retry loop: send, assess, wait, send again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.frozen import Frozen
from failwell.contract.case import SideEffect
from failwell.contract.evidence import Attempt, Suppression
from failwell.policy.flow import NOW, Flow, NotSent, Send, notify, random, sleep
from failwell.policy.resilience.guard import UNGUARDED, Guard
from failwell.policy.resilience.pacing import spread
from failwell.policy.retry.assessment import Assessment
from failwell.policy.retry.policy import FLEET_TIMEOUTS, RetryPolicy, pause_for_all
from failwell.policy.retry.result import RetryResult
from failwell.wire.messages import Outcome, Reply

if TYPE_CHECKING:
    from failwell.policy.resilience.counters import Slice


_new = tuple.__new__
"""Makes an `Attempt` or a `RetryResult` of all its fields, in a third of the time."""
_reasons: dict[int, str] = {}


def with_retries(
    ask: Send,
    policy: RetryPolicy,
    *,
    deadline: float | None = None,
    request_id_header: str = "x-request-id",
    guard: Guard = UNGUARDED,
    before: SideEffect = "none",
) -> Flow[RetryResult]:
    """Send *ask* until it succeeds, or *policy* or *guard* gives up; return the last outcome.

    *deadline* is the seconds the whole may take. A sleep that would end after it is never started, and no
    attempt outlives it. *before* is what earlier attempts did that had the same key.
    """
    started = moment = yield NOW
    end = None if deadline is None else started + deadline
    budget, breaker, pacer = guard.budget, guard.breaker, guard.pacer
    attempts: list[Attempt] = []
    found: Assessment | None = None
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
            met, moment = yield from breaker.through(this, moment)
            if isinstance(met, NotSent):
                refused = met
                break
            outcome = met
        fine = isinstance(outcome, Reply) and 200 <= outcome.status < 300
        found = None if fine else policy.assess(ask.request, outcome)
        if pacer is not None and (pause := pause_for_all(outcome, found)) is not None:
            pacer.learn(moment, pause)
        if found is None or not found.may_repeat:
            this_try = attempt_of(outcome, 0.0, request_id_header)
            tries = (*attempts, this_try) if attempts else (this_try,)
            return _new(RetryResult, (outcome, tries, moment - started, timeout, None, found, before))
        next_ = yield from _next_try(
            policy, guard, found, retry=len(attempts) + 1, moment=moment, started=started, deadline=deadline
        )
        attempts.append(attempt_of(outcome, next_.delay or 0.0, request_id_header))
        if next_.delay is None:
            over = RetryResult(outcome, tuple(attempts), moment - started, timeout, next_.suppression, found, before)
            return (yield from _told(over, ask.request.operation))
        before = policy.effect(ask.request, found, before)
        taken = next_.taken
        try:
            yield from _told_of_retry(ask.request.operation, attempts)
            yield from sleep(next_.delay)
            moment = yield NOW
            if pacer is not None:
                refused, moment = yield from pacer.hold(moment, end, policy.longest_wait, ask.request.operation)
        except BaseException:
            _give_back(guard, taken)
            raise
    _give_back(guard, taken)
    # Where the last outcome is that of an attempt, *before* has it already: to count it twice changes nothing.
    over = RetryResult(
        refused if found is None else found.outcome,
        tuple(attempts),
        moment - started,
        timeout,
        refused.suppression,
        found,
        before,
    )
    return (yield from _told(over, ask.request.operation))


class Next(Frozen):
    """Another try in *delay* seconds, with what was *taken* from the budget for it; or none (None), and why."""

    delay: float | None
    suppression: Suppression | None = None
    taken: Slice | None = None


def _next_try(
    policy: RetryPolicy,
    guard: Guard,
    found: Assessment,
    *,
    retry: int,
    moment: float,
    started: float,
    deadline: float | None,
) -> Flow[Next]:
    """Whether there is a *retry*-th retry after what was *found*, and when: asked of all that may be against it."""
    chance = yield from random()
    delay, asked, most = policy.delay_before(retry, found, chance=chance), found.retry_after, policy.longest_wait
    if delay is None:
        return Next(None, asked_too_much(asked, most) if asked is not None and asked > most else None)
    if asked and guard.pacer is not None:
        delay = spread(delay, chance)
    if deadline is not None and moment + delay - started >= deadline:
        return Next(None, too_late(delay, deadline))
    if guard.breaker is not None and (seconds := guard.breaker.retry_after(moment)) > delay:
        return Next(None, guard.breaker.refusal(seconds))
    if policy.fleet and found.timed_out and (yield from random()) >= FLEET_TIMEOUTS:
        return Next(None, SELDOM)
    if guard.budget is None or not found.costs:
        return Next(delay)
    taken = guard.budget.withdraw(moment)
    return Next(delay, taken=taken) if taken is not None else Next(None, Suppression("budget", guard.budget.reason))


SELDOM = Suppression("large_fleet", f'with retry="large_fleet" {FLEET_TIMEOUTS:.0%} of the timeouts are repeated')


def asked_too_much(asked: float, most: float) -> Suppression:
    """Why nobody waits for a server that *asked* for more than the *most* seconds we wait."""
    return Suppression("retry_after", f"asked to wait {asked:g} s, the most we wait is {most:g} s", asked)


def too_late(delay: float, deadline: float) -> Suppression:
    """Why there is no next try in *delay* seconds."""
    return Suppression("deadline", f"the next try in {delay:.1f} s would come after the deadline of {deadline:g} s")


def _give_back(guard: Guard, taken: Slice | None) -> None:
    """The retry that was paid for is not made."""
    if guard.budget is not None and taken is not None:
        guard.budget.give_back(taken)


def _told_of_retry(operation: str | None, attempts: list[Attempt]) -> Flow[None]:
    """Observers hear that the last of *attempts* is followed by another."""
    last = attempts[-1]
    yield from notify("retry", operation=operation, retry=len(attempts), delay=last.delay, reason=last.reason)


def _told(over: RetryResult, operation: str | None) -> Flow[RetryResult]:
    """*over*, of which observers heard, where a try was held back."""
    if over.suppression is not None:
        name = "retry_suppressed" if over.attempts else "call_refused"
        by, reason, seconds = over.suppression
        yield from notify(name, operation=operation, by=by, reason=reason, seconds=seconds)
    return over


def attempt_of(outcome: Outcome, delay: float, request_id_header: str) -> Attempt:
    """What an error keeps of a try that brought *outcome*, after which *delay* seconds were waited."""
    if isinstance(outcome, Reply):
        status = outcome.status
        reason = _reasons.get(status) or _reasons.setdefault(status, f"status {status}")
        return _new(Attempt, (status, delay, reason, outcome.headers.get(request_id_header)))
    head = outcome.head
    if head is None:
        return Attempt(None, delay, outcome.reason)
    return Attempt(head.status, delay, outcome.reason, head.headers.get(request_id_header))
