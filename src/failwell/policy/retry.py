"""When a call is repeated, and after how long."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from failwell.contract.case import Retry
from failwell.contract.catalogue import Catalogue, RetryRules
from failwell.contract.evidence import Attempt, HeldBack
from failwell.contract.value import Value
from failwell.policy.flow import NOW, Flow, Send, emit, random, sleep
from failwell.policy.guard import UNGUARDED, Guard
from failwell.policy.pacing import spread
from failwell.policy.refusal import Refused
from failwell.policy.tried import Tried
from failwell.wire import json
from failwell.wire.messages import Failure, Outcome, Reply, Request
from failwell.wire.rate_limit import used_up_for

if TYPE_CHECKING:
    from failwell.policy.window import Slice

Classify = Callable[[Reply], Retry]

WAITS_FOR_THE_SERVER = frozenset({429, 503})
"""Statuses with a Retry-After that we keep (RFC 9110, 10.2.3; RFC 6585, 4)."""
FLEET_TIMEOUTS = 0.1
"""The share of timeouts that `retry="fleet"` repeats."""


def by_status(reply: Reply) -> Retry:
    """How a reply is retried where no catalogue says: 429 as asked, 5xx after a backoff."""
    if reply.status == 429:
        return "throttled"
    return "transient" if reply.status >= 500 else "never"


def by_catalogue(catalogue: Catalogue, operation: str | None) -> Classify:
    """How the cases of *catalogue* say that a reply is retried."""

    def classify(reply: Reply) -> Retry:
        code = None
        if catalogue.refines(reply.status):
            with contextlib.suppress(json.UnreadableError):
                code = catalogue.envelope.parse(json.loads(reply.body)).code
        _, case = catalogue.resolve(reply.status, code, operation=operation)
        return case.retry or "never"

    return classify


class RetryPolicy(Value):
    """Which outcomes of a request are worth another try, and after which delay.

    *fleet* is for many clients that seldom call, and so learn nothing from their own calls: of timeouts one in ten is
    repeated, and a retry that the server put a date on costs nothing, also after a 503.
    """

    rules: RetryRules = RetryRules()
    classify: Classify = by_status
    fleet: bool = False

    @property
    def longest_wait(self) -> float:
        """Seconds that a server may ask to wait."""
        return self.rules.longest_retry_after

    def may_repeat(self, request: Request, outcome: Outcome) -> bool:
        """Whether trying again is both useful and safe.

        Safe is what may be sent twice, or was not executed: it never left, was refused with 429, or the
        first call with the same key is still running. A body that cannot be rewound is never sent twice.
        """
        if isinstance(outcome, Failure):
            useful, executed = outcome.kind != "unreadable", outcome.sent
        else:
            kind = self.classify(outcome)
            useful, executed = kind != "never", kind == "transient"
        return useful and request.rewindable and (request.repeatable or not executed)

    def delay_before(self, retry: int, outcome: Outcome, *, chance: float = 0.5) -> float | None:
        """Seconds to wait before the *retry*-th retry (from 1), or None when there must not be one.

        A Retry-After is kept to the second and never shortened; one above the longest we wait ends the call.
        *chance* (0 to 1) spreads the backoff by the jitter.
        """
        if retry > self.rules.max_retries:
            return None
        rules = self.rules
        backoff = min(rules.first_delay * rules.factor ** min(retry - 1, 60), rules.longest_delay)
        if self.fleet and isinstance(outcome, Failure) and outcome.kind == "timeout":
            backoff = rules.longest_delay  # a server that lets callers wait in vain has more to do than it can
        backoff *= 1 - rules.jitter + 2 * rules.jitter * chance
        asked = self.asked_wait(outcome)
        if asked is None:
            return backoff
        if asked > rules.longest_retry_after:
            return None
        # A hint of 0 must not make a busy loop, and after a 5xx the backoff stays the least.
        throttled = isinstance(outcome, Reply) and outcome.status < 500
        return asked if asked > 0 and throttled else max(asked, backoff)

    def asked_wait(self, outcome: Outcome) -> float | None:
        """Seconds for which the server asked to be left alone, or None."""
        if not isinstance(outcome, Reply):
            return None
        if outcome.status not in WAITS_FOR_THE_SERVER and self.classify(outcome) not in ("throttled", "in_progress"):
            return None
        return outcome.asked_wait

    def costs(self, outcome: Outcome) -> bool:
        """Whether a retry after *outcome* is paid from the budget.

        One that the server put a date on is not, where the date is about this caller: its rate limit (429), or its
        first call that still runs. A 5xx is about the server, and every caller has the same date.
        """
        if isinstance(outcome, Failure):
            return not (self.fleet and outcome.kind == "timeout")
        return not self.asked_wait(outcome) or (outcome.status >= 500 and not self.fleet)

    def pause_for_all(self, outcome: Outcome) -> float | None:
        """Seconds for which *outcome* holds back the other calls, too; None if it does not."""
        if not isinstance(outcome, Reply):
            return None
        if outcome.status >= 400:
            kind = self.classify(outcome)
            if kind == "throttled" or (kind != "never" and outcome.status in WAITS_FOR_THE_SERVER):
                return outcome.asked_wait
        return used_up_for(outcome.headers, now=outcome.received)


def succeeded(outcome: Outcome | Refused) -> bool:
    """Whether *outcome* is a reply of 200 to 299."""
    return isinstance(outcome, Reply) and 200 <= outcome.status < 300


def with_retries(
    ask: Send,
    policy: RetryPolicy,
    *,
    deadline: float | None = None,
    request_id_header: str = "x-request-id",
    guard: Guard = UNGUARDED,
) -> Flow[Tried]:
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
    refused: Refused | None = None
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
            if isinstance(said, Refused):
                refused = said
                break
            outcome = said
        if pacer is not None and (pause := policy.pause_for_all(outcome)) is not None:
            pacer.learn(moment, pause)
        fine = isinstance(outcome, Reply) and 200 <= outcome.status < 300
        if fine or not policy.may_repeat(ask.request, outcome):
            this_try = _attempt(outcome, 0.0, request_id_header)
            tries = (*attempts, this_try) if attempts else (this_try,)
            return _new(Tried, (outcome, tries, moment - started, timeout, None))
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
            return (yield from _over(outcome, attempts, elapsed, timeout, next_.held_back, operation=operation))
        last, taken = outcome, next_.taken
        try:
            reason, operation = attempts[-1].reason, ask.request.operation
            yield from emit("retry", operation=operation, retry=len(attempts), delay=next_.delay, reason=reason)
            yield from sleep(next_.delay)
            moment = yield NOW
            if pacer is not None:
                refused, moment = yield from pacer.hold(moment, end, policy.longest_wait, ask.request.operation)
        except BaseException:
            _give_back(guard, taken)
            raise
    _give_back(guard, taken)
    elapsed, operation = moment - started, ask.request.operation
    return (yield from _over(last or refused, attempts, elapsed, timeout, refused.held_back, operation=operation))


class Next(Value):
    """Another try in *delay* seconds, with what was *taken* from the budget for it; or none (None), and why."""

    delay: float | None
    held_back: HeldBack | None = None
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
    delay, held_back = _pause(policy, guard, outcome, retry, chance)
    if delay is None:
        return Next(None, held_back)
    if deadline is not None and moment + delay - started >= deadline:
        reason = f"the next try in {delay:.1f} s would come after the deadline of {deadline:g} s"
        return Next(None, HeldBack("deadline", reason))
    held_back, taken = yield from _allowed(policy, guard, outcome, moment, delay)
    return Next(delay if held_back is None else None, held_back, taken)


def _pause(
    policy: RetryPolicy, guard: Guard, outcome: Outcome, retry: int, chance: float
) -> tuple[float | None, HeldBack | None]:
    """Seconds until the *retry*-th retry; or None, and why, if *outcome* asks for more than is ever waited."""
    delay = policy.delay_before(retry, outcome, chance=chance)
    asked = policy.asked_wait(outcome)
    if delay is not None:
        return (spread(delay, chance) if asked and guard.pacer is not None else delay), None
    most = policy.rules.longest_retry_after
    if asked is not None and asked > most:
        reason = f"asked to wait {asked:g} s, the most we wait is {most:g} s"
        return None, HeldBack("retry_after", reason, asked)
    return None, None


def _allowed(
    policy: RetryPolicy, guard: Guard, outcome: Outcome, moment: float, delay: float
) -> Flow[tuple[HeldBack | None, Slice | None]]:
    """Whether a retry in *delay* seconds may be made for all that *guard* knows; and what it took from the budget."""
    breaker, budget = guard.breaker, guard.budget
    if breaker is not None and (seconds := breaker.retry_after(moment)) > delay:
        return breaker.refusal(seconds), None
    if policy.fleet and isinstance(outcome, Failure) and outcome.kind == "timeout":
        chance = yield from random()
        if chance >= FLEET_TIMEOUTS:
            return HeldBack("fleet", f'with retry="fleet" {FLEET_TIMEOUTS:.0%} of the timeouts are repeated'), None
    if budget is None or not policy.costs(outcome):
        return None, None
    taken = budget.withdraw(moment)
    return (HeldBack("budget", budget.reason) if taken is None else None), taken


def _give_back(guard: Guard, taken: Slice | None) -> None:
    """The retry that was paid for is not made."""
    if guard.budget is not None and taken is not None:
        guard.budget.give_back(taken)


def _over(
    outcome: Outcome | Refused,
    attempts: list[Attempt],
    elapsed: float,
    timeout: float | None,
    held_back: HeldBack | None,
    *,
    operation: str | None,
) -> Flow[Tried]:
    """The end of it all. Observers hear of a try that was held back."""
    if held_back is not None:
        name = "retry_suppressed" if attempts else "call_refused"
        by, reason, seconds = held_back
        yield from emit(name, operation=operation, by=by, reason=reason, seconds=seconds)
    return Tried(outcome, tuple(attempts), elapsed, timeout, held_back)


_new = tuple.__new__
"""Makes an `Attempt` or a `Tried` of all its fields, in a third of the time."""
_reasons: dict[int, str] = {}


def _attempt(outcome: Outcome, delay: float, request_id_header: str) -> Attempt:
    if isinstance(outcome, Reply):
        status = outcome.status
        reason = _reasons.get(status) or _reasons.setdefault(status, f"status {status}")
        return _new(Attempt, (status, delay, reason, outcome.headers.get(request_id_header)))
    head = outcome.head
    if head is None:
        return Attempt(None, delay, outcome.reason)
    return Attempt(head.status, delay, outcome.reason, head.headers.get(request_id_header))
