"""When a call is repeated, and after how long."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from errata.contract.case import Retry
from errata.contract.catalogue import Catalogue, RetryRules
from errata.contract.evidence import Attempt
from errata.policy.flow import Flow, Send, emit, now, random, send, sleep
from errata.wire import json
from errata.wire.messages import Failure, Outcome, Reply, Request
from errata.wire.retry_after import retry_after

Classify = Callable[[Reply], Retry]

WAITS_FOR_THE_SERVER = frozenset({429, 503})
"""Statuses with a Retry-After that we keep (RFC 9110, 10.2.3; RFC 6585, 4)."""


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


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which outcomes of a request are worth another try, and after which delay."""

    rules: RetryRules = field(default_factory=RetryRules)
    classify: Classify = by_status

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
        if outcome.status not in WAITS_FOR_THE_SERVER and self.classify(outcome) != "in_progress":
            return None
        return retry_after(outcome.headers, now=outcome.received)


@dataclass(frozen=True, slots=True)
class Tried:
    """The last outcome of a request, every attempt at it, and why there was no further one.

    *elapsed* is the seconds of the whole, *timeout* the seconds that the last attempt had.
    """

    outcome: Outcome
    attempts: tuple[Attempt, ...]
    elapsed: float
    timeout: float | None = None
    gave_up: str | None = None


def succeeded(outcome: Outcome) -> bool:
    """Whether *outcome* is a reply of 200 to 299."""
    return isinstance(outcome, Reply) and 200 <= outcome.status < 300


def with_retries(
    ask: Send, policy: RetryPolicy, *, deadline: float | None = None, request_id_header: str = "x-request-id"
) -> Flow[Tried]:
    """Send *ask* until it succeeds or *policy* gives up; return the last outcome.

    *deadline* is the seconds the whole may take. A sleep that would end after it is never started, and no
    attempt outlives it.
    """
    started = yield from now()
    attempts: list[Attempt] = []
    moment = started
    while True:
        left = None if deadline is None else started + deadline - moment
        timeout = _shorter(ask.timeout, left)
        outcome = yield from send(ask.request, timeout)
        moment = yield from now()
        delay, gave_up = None, None
        if not succeeded(outcome) and policy.may_repeat(ask.request, outcome):
            chance = yield from random()
            delay = policy.delay_before(len(attempts) + 1, outcome, chance=chance)
            gave_up = _why_not(policy, outcome) if delay is None else None
        if delay is not None and deadline is not None and moment + delay - started >= deadline:
            gave_up = f"the next try in {delay:.1f} s would come after the deadline of {deadline:g} s"
            delay = None
        attempts.append(_attempt(outcome, delay or 0.0, request_id_header))
        if delay is None:
            return Tried(outcome, tuple(attempts), moment - started, timeout, gave_up)
        yield from emit("retry", retry=len(attempts), delay=delay, reason=attempts[-1].reason)
        yield from sleep(delay)
        moment = yield from now()


def _shorter(timeout: float | None, left: float | None) -> float | None:
    """The seconds an attempt may take: its own budget, or what is left of the deadline."""
    if left is None:
        return timeout
    return max(left if timeout is None else min(timeout, left), 0.0)


def _why_not(policy: RetryPolicy, outcome: Outcome) -> str | None:
    """Why a failure that could be repeated was not, other than that the retries are used up."""
    asked, most = policy.asked_wait(outcome), policy.rules.longest_retry_after
    if asked is not None and asked > most:
        return f"asked to wait {asked:g} s, the most we wait is {most:g} s"
    return None


def _attempt(outcome: Outcome, delay: float, request_id_header: str) -> Attempt:
    if isinstance(outcome, Failure):
        head = outcome.head
        if head is None:
            return Attempt(None, delay, outcome.reason)
        return Attempt(head.status, delay, outcome.reason, head.headers.get(request_id_header))
    return Attempt(outcome.status, delay, f"status {outcome.status}", outcome.headers.get(request_id_header))
