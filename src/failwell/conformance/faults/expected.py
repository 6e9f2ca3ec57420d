"""Expected outcome of a call that meets a fault, by the catalogue's table and retry rules."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from failwell.conformance.calls import Call
from failwell.conformance.faults.model import Answered, Dropped, Fault, Unanswered
from failwell.contract.case import Case
from failwell.contract.catalogues.catalogue import Catalogue, RetryRules
from failwell.contract.error import Error
from failwell.policy.resilience.pacing import SPREAD
from failwell.wire import json

KEPT_WAITS = (429, 503)
"""Statuses whose Retry-After is kept; so is that of a first call with the same key which still runs."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The class and the case of the error, the number of *tries*, and the bounds of the waits between them."""

    error: type[Error]
    case: Case
    tries: int
    waits: tuple[tuple[float, float], ...]


def expected(fault: Fault, call: Call, catalogue: Catalogue, *, unsent: int = 0) -> Expected:
    """What *call* ends in when each of its attempts meets *fault*.

    Where a client need not know that nothing was sent, it did find out after *unsent* attempts, and tried again.
    """
    ends, rules = fault.ends, catalogue.retries
    if isinstance(ends, Dropped):
        return Expected(*catalogue.raised_on(_occasion(ends, catalogue)), 1, ())
    found_out = 0
    if isinstance(ends, Unanswered):
        error, case = catalogue.raised_on(ends.kind)
        useful, executed, asked = ends.kind != "unreadable", ends.sent is not False, None
        found_out = unsent if ends.sent is None else 0
    else:
        error, case = _resolved(ends, call, catalogue)
        retry = case.retry or "never"
        useful, executed = retry != "never", retry == "transient"
        asked = ends.asks if ends.status in KEPT_WAITS or retry == "in_progress" else None
    safe = call.repeatable_at(catalogue) or not executed
    too_long = asked is not None and asked > rules.longest_retry_after
    status = ends.status or 0
    most = rules.most(transient=isinstance(ends, Unanswered) or status >= 500)
    retries = 0 if not useful or too_long else most if safe else min(most, max(found_out, 0))
    return Expected(error, case, 1 + retries, tuple(_wait(n, asked, status, rules) for n in range(retries)))


def _occasion(ends: Dropped, catalogue: Catalogue) -> str:
    """What the catalogue calls the end of a session: by its close code, as a drop, or as what its connection met."""
    drops = (f"session {ends.code}", "session", "stream")
    return next((on for on in drops if catalogue.raised_on(on)[1].on == on), ends.kind)


def _resolved(ends: Answered, call: Call, catalogue: Catalogue) -> tuple[type[Error], Case]:
    code = None
    with contextlib.suppress(json.UnreadableError):
        code = catalogue.envelope.parse(json.loads(ends.body or b"")).code
    return catalogue.resolve(ends.status, code, operation=call.operation)


def _wait(number: int, asked: float | None, status: int, rules: RetryRules) -> tuple[float, float]:
    """The shortest and the longest wait before retry *number*, from 0: what was asked for, or the backoff."""
    backoff = min(rules.first_delay * rules.factor**number, rules.longest_delay)
    low, high = backoff * (1 - rules.jitter), backoff * (1 + rules.jitter)
    if asked is None:
        return low, high
    if asked > 0 and status < 500:
        return asked, asked * (1 + SPREAD)
    return max(asked, low), max(asked, high) * (1 + SPREAD)
