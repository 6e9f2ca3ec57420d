"""Retry policy: which replies and failures are retried, and after what backoff."""

from __future__ import annotations

from collections.abc import Callable

from failwell._support.frozen import Frozen
from failwell.contract.case import WAITS_FOR_THE_SERVER, RetryKind, SideEffect
from failwell.contract.catalogues.catalogue import Catalogue, RetryRules
from failwell.policy.effect import NOTHING_BEGUN, SAFE, effect_of_call, together
from failwell.policy.flow import NotSent
from failwell.policy.retry.assessment import Assessment
from failwell.wire.messages import Failure, Outcome, Reply, Request
from failwell.wire.parse import ParsedBody, parse_body
from failwell.wire.rate_limit import used_up_for

Classify = Callable[[Reply], tuple[RetryKind, ParsedBody | None]]
"""How a reply is retried, and its body where that had to be read to know."""

_new = tuple.__new__
"""Makes an `Assessment` of all its fields, in a third of the time."""
FLEET_TIMEOUTS = 0.1
"""The share of timeouts that `retry="large_fleet"` repeats."""


def by_status(reply: Reply) -> tuple[RetryKind, None]:
    """How a reply is retried where no catalogue says: 429 as asked, 5xx after a backoff."""
    if reply.status == 429:
        return "throttled", None
    return ("transient" if reply.status >= 500 else "never"), None


def by_catalogue(catalogue: Catalogue, operation: str | None) -> Classify:
    """How the cases of *catalogue* say that a reply is retried."""
    known: dict[int, tuple[RetryKind, None]] = {}
    """By the statuses of which no code says more."""

    def classify(reply: Reply) -> tuple[RetryKind, ParsedBody | None]:
        status = reply.status
        if (found := known.get(status)) is not None:
            return found
        parsed = parse_body(reply, catalogue) if catalogue.refines(status) else None
        code = None if parsed is None else parsed.said.code
        _, case = catalogue.resolve(status, code, operation=operation)
        kind = case.retry or "never"
        if parsed is None:
            known[status] = kind, None
        return kind, parsed

    return classify


class RetryPolicy(Frozen):
    """Which outcomes of a request are worth another try, and after which delay.

    *fleet* is for many clients that seldom call, and so learn nothing from their own calls: of timeouts one in ten is
    repeated, and a retry that the server put a date on costs nothing, also after a 503. *catalogue* names the header in
    which a server says whether a side effect had begun.
    """

    rules: RetryRules = RetryRules()
    classify: Classify = by_status
    fleet: bool = False
    catalogue: Catalogue | None = None

    @property
    def longest_wait(self) -> float:
        """Seconds that a server may ask to wait."""
        return self.rules.longest_retry_after

    def assess(self, request: Request, outcome: Outcome) -> Assessment:
        """What *outcome*, which is no success of *request*, says about another try.

        Safe is what may be sent twice, or was not executed: it never left, was refused, the server says that nothing
        had begun, or the first call with the same key still runs. A body that cannot be rewound is never sent twice.

        The budget does not pay for a retry that the server put a date on, where the date is about this caller: its
        rate limit (429), or its first call that still runs. A 5xx is about the server, and every caller has the date.
        """
        kind: RetryKind
        asked: float | None = None
        parsed: ParsedBody | None = None
        if isinstance(outcome, Failure):
            kind = "never" if outcome.kind == "unreadable" else "transient"
            executed = outcome.sent
            costs = not (self.fleet and outcome.kind == "timeout")
        else:
            kind, parsed = self.classify(outcome)
            executed = kind == "transient" or (kind == "never" and outcome.status >= 500)
            if executed and self.catalogue is not None and not request.repeatable:
                executed = outcome.headers.get(self.catalogue.effect_header) not in NOTHING_BEGUN
            if outcome.status in WAITS_FOR_THE_SERVER or kind in ("throttled", "in_progress"):
                asked = outcome.asked_wait
            costs = not asked or (outcome.status >= 500 and not self.fleet)
        safe = request.rewindable and (request.repeatable or not executed)
        return _new(Assessment, (outcome, kind, safe, asked, costs, parsed))

    def effect(self, request: Request, found: Assessment, before: SideEffect) -> SideEffect:
        """What the attempts did up to the one of which that was *found*; *before* is what those before it did."""
        catalogue, outcome, case = self.catalogue, found.outcome, None
        if catalogue is None or request.method in SAFE:
            return before if request.method in SAFE else together(before, "unknown")
        if isinstance(outcome, Reply):
            code = None if found.parsed is None else found.parsed.said.code
            _, case = catalogue.resolve(outcome.status, code, operation=request.operation)
        return effect_of_call(request.method, outcome, case, catalogue, before=before)

    def delay_before(self, retry: int, found: Assessment, *, chance: float = 0.5) -> float | None:
        """Seconds to wait before the *retry*-th retry (from 1), or None when there must not be one.

        A Retry-After is kept to the second and never shortened; one above the longest we wait ends the call.
        """
        backoff, asked, outcome = self.backoff(retry, found.outcome, chance=chance), found.retry_after, found.outcome
        if backoff is None or asked is None:
            return backoff
        if asked > self.longest_wait:
            return None
        # A hint of 0 must not make a busy loop, and after a 5xx the backoff stays the least.
        throttled = isinstance(outcome, Reply) and outcome.status < 500
        return asked if asked > 0 and throttled else max(asked, backoff)

    def backoff(self, retry: int, outcome: Outcome, *, chance: float = 0.5) -> float | None:
        """Seconds of the exponential backoff before the *retry*-th retry, or None when there are no more retries.

        *chance* (0 to 1) spreads it by the jitter.
        """
        rules = self.rules
        if retry > rules.max_retries:
            return None
        if rules.max_transient is not None and retry > rules.max_transient and _is_transient(outcome):
            return None
        seconds = min(rules.first_delay * rules.factor ** min(retry - 1, 60), rules.longest_delay)
        if self.fleet and isinstance(outcome, Failure) and outcome.kind == "timeout":
            seconds = rules.longest_delay  # a server that lets callers wait in vain has more to do than it can
        return seconds * (1 - rules.jitter + 2 * rules.jitter * chance)


def _is_transient(outcome: Outcome) -> bool:
    """Whether *outcome* is a failure of the server, or of the way to it."""
    return isinstance(outcome, Failure) or outcome.status >= 500


def pause_for_all(outcome: Outcome, found: Assessment | None) -> float | None:
    """Seconds for which *outcome* holds back the other calls, too, or None. Of a success nothing is *found*."""
    if isinstance(outcome, Failure):
        return None
    if found is not None:
        kind = found.kind
        if kind == "throttled" or (kind != "never" and outcome.status in WAITS_FOR_THE_SERVER):
            return found.retry_after
    return used_up_for(outcome.headers, now=outcome.received)


def succeeded(outcome: Outcome | NotSent) -> bool:
    """Whether *outcome* is a reply of 200 to 299."""
    return isinstance(outcome, Reply) and 200 <= outcome.status < 300
