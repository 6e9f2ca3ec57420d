"""From an outcome without a usable reply (failure, suppression) to the vendor's error, with its evidence."""

from __future__ import annotations

from typing import Any

from failwell._support import truncation
from failwell._support.masking import masked_text
from failwell._support.secret import Mask
from failwell.contract.case import SideEffect, Source
from failwell.contract.catalogues.catalogue import Catalogue, RetryRules
from failwell.contract.construction import error_for, tell_call, tell_resource
from failwell.contract.error import Error
from failwell.contract.evidence import NO_BODY, Attempt, Suppression
from failwell.contract.reporting import attach, hint
from failwell.contract.retry_advice import Assessed
from failwell.policy.effect import SAFE, effect_of_call
from failwell.policy.flow import NotSent
from failwell.policy.retry.loop import asked_too_much
from failwell.policy.retry.policy import RetryPolicy
from failwell.policy.retry.result import RetryResult
from failwell.wire.messages import Failure, Reply, Request
from failwell.wire.parse import kept, parse_reply

_new = tuple.__new__
"""Makes an `Assessed` in a third of the time."""


def error_of(tried: RetryResult, request: Request, catalogue: Catalogue, *, mask: Mask) -> Error:
    """The vendor's error for what was *tried* in vain: the last reply, a failure, or that nothing was sent."""
    outcome = tried.outcome
    if isinstance(outcome, Reply):
        source: Source = "http" if outcome.status else "job"
        error = parse_reply(
            outcome, catalogue, operation=request.operation, source=source, mask=mask, parsed=tried.parsed
        )
        if catalogue.resources and (about := catalogue.resource(request.operation, request.target)):
            tell_resource(error, *about)
        return error
    if isinstance(outcome, NotSent):
        return from_refusal(outcome.suppression, request, catalogue)
    return from_failure(outcome, request, catalogue, tried._replace(outcome=outcome.head or outcome))


def from_failure(
    failure: Failure, request: Request, catalogue: Catalogue, tried: RetryResult, *, on: str | None = None
) -> Error:
    """The vendor's error for a call that got no answer, or none that could be read; *on* is another occasion for it."""
    (cls, case), timeout = catalogue.raised_on(on or failure.kind), tried.timeout
    where = f" to {asked}" if (asked := f"{request.method} {_path(request.target)}".strip()) else ""
    budget = f" within {timeout:g} s" if failure.kind == "timeout" and timeout is not None else ""
    sentence = {
        "network": f"No whole answer{where}: {failure.reason}.",
        "timeout": f"No answer{where}{budget}: {failure.reason}.",
        "unreadable": f"The answer{where} could not be read: {failure.reason}.",
    }[failure.kind]
    status = tried.outcome.status if isinstance(tried.outcome, Reply) else None
    facts: dict[str, Any] = {"timeout": timeout} if failure.kind == "timeout" else {}
    error = error_for(cls, case, message=sentence, status=status, **facts)
    error.__cause__ = failure.cause
    return error


def from_refusal(suppression: Suppression, request: Request, catalogue: Catalogue) -> Error:
    """The vendor's error for a call that was not sent: what the server says of waiting, or that the circuit is open.

    A catalogue without a class for an open circuit raises the one of a failed connection: for the caller it is one.
    """
    status = 429 if suppression.by == "pacing" else None
    if status is not None:
        cls, case = catalogue.resolve(status, operation=request.operation)
    else:
        cls, case = catalogue.raised_on("circuit_open")
        if case.on is None:
            cls, case = catalogue.raised_on("network")
    message = f"{request.method} {_path(request.target)} was not sent: {suppression.reason}."
    return error_for(cls, case, message=message, status=status, retry_after=suppression.seconds)


def _path(target: str) -> str:
    """*target* without its query, which may hold a signature."""
    return target.partition("?")[0]


def complete(
    error: Error,
    tried: RetryResult,
    request: Request,
    catalogue: Catalogue,
    *,
    mask: Mask = bytes,
    keeps_body: bool = False,
    effect: SideEffect | None = None,
) -> None:
    """Put on *error* what is known of the call: its attempts, time, key, one hint; nothing that *mask* takes out.

    One that was made of the reply itself *keeps* its *body* already. *effect* is what the call did, where that is
    known.
    """
    outcome, found, request_id = tried.outcome, tried.found, error.request_id
    if effect is None:
        safe = request.method in SAFE
        effect = "none" if safe else effect_of_call(request.method, outcome, error.case, catalogue, before=tried.before)
    tell_call(error, request.method, request.target)
    assessed = (
        assessed_late(error, tried, request, catalogue.retries)
        if found is None
        else _new(Assessed, (found.kind, found.safe, found.retry_after, None))
    )
    if isinstance(outcome, Failure) and outcome.head is not None:
        outcome = outcome.head
    body = None if keeps_body else NO_BODY
    if isinstance(outcome, Reply) and not keeps_body:
        if not request_id and (named := outcome.headers.get(catalogue.request_id_header)):
            request_id = truncation.text(masked_text(named, mask))
        body = kept(outcome, mask(outcome.body), catalogue.body_cap)
    attach(
        error,
        request_id=request_id,
        attempts=_masked(tried.attempts, mask, request_id),
        elapsed=tried.elapsed,
        idempotency_key=request.idempotency_key,
        body=body,
        suppression=tried.suppression,
        assessed=assessed,
        effect=effect,
    )
    note = hint(error)
    if tried.suppression is not None and tried.attempts:  # where nothing was sent, the message says why
        why = f"Not retried: {tried.suppression.reason}."
        note = f"{why} {note}" if note else why
    if note:
        error.add_note(note)


def assessed_late(error: Error, tried: RetryResult, request: Request, rules: RetryRules) -> Assessed:
    """What the retry policy finds of the outcome that *error* is, which was not looked at for a retry."""
    outcome = tried.outcome
    if isinstance(outcome, NotSent):
        return Assessed("transient", True)
    kind = error.case.retry or "never"
    if isinstance(outcome, Reply) and outcome.status < 300:  # what it told of was done, and went wrong
        return Assessed(kind, request.rewindable and request.repeatable)
    policy = RetryPolicy(rules, lambda _reply: (kind, None))
    found = policy.assess(request, outcome)
    asked, most = found.retry_after, policy.longest_wait
    too_long = asked_too_much(asked, most).reason if asked is not None and asked > most else None
    return Assessed(found.kind, found.safe, asked, too_long)


def _masked(attempts: tuple[Attempt, ...], mask: Mask, shown: str | None) -> tuple[Attempt, ...]:
    """*attempts* without secrets in the ids that the server gave them; *shown* is one without."""
    for attempt in attempts:
        if (named := attempt.request_id) is not None and named != shown:
            break
    else:
        return attempts
    return tuple([attempt._replace(request_id=masked_text(attempt.request_id or "", mask) or None)
                  for attempt in attempts])  # fmt: skip
