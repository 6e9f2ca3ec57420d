"""When a call is repeated, and after how long."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from failwell._support.frozen import Frozen
from failwell.contract.case import Retry
from failwell.contract.catalogue import Catalogue, RetryRules
from failwell.policy.flow import NotSent
from failwell.wire import json
from failwell.wire.messages import Failure, Outcome, Reply, Request
from failwell.wire.rate_limit import used_up_for

if TYPE_CHECKING:
    pass

Classify = Callable[[Reply], Retry]

WAITS_FOR_THE_SERVER = frozenset({429, 503})
"""Statuses with a Retry-After that we keep (RFC 9110, 10.2.3; RFC 6585, 4)."""
FLEET_TIMEOUTS = 0.1
"""The share of timeouts that `retry="large_fleet"` repeats."""


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


class RetryPolicy(Frozen):
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


def succeeded(outcome: Outcome | NotSent) -> bool:
    """Whether *outcome* is a reply of 200 to 299."""
    return isinstance(outcome, Reply) and 200 <= outcome.status < 300
