"""One call: try, and give back the decoded answer or raise the vendor's error with all evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from failwell.contract import caps
from failwell.contract.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.contract.evidence import NO_BODY, Attempt, HeldBack, attach, hint
from failwell.contract.evidence import Body as Kept
from failwell.contract.secret import Mask, masked_text
from failwell.contract.spec import specs_of
from failwell.policy.flow import Flow, Send
from failwell.policy.guard import UNGUARDED, Guard
from failwell.policy.refusal import Refused
from failwell.policy.retry import RetryPolicy, with_retries
from failwell.policy.tried import Tried
from failwell.wire import json
from failwell.wire.messages import Failure, Reply, Request
from failwell.wire.parse import build, kept, parse
from failwell.wire.render import whole_seconds

T = TypeVar("T")


class UnreadableReplyError(Exception):
    """A reply of 2xx that is not what the operation answers with. Turned into the vendor's error, never raised on."""


class JobFailedError(Exception):
    """A reply of 2xx about a job that ended with an error of *status* and *body*, as a reply of its own would have had.

    Turned into the vendor's error, never raised on.
    """

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def call(
    request: Request,
    decode: Callable[[Reply], T],
    *,
    catalogue: Catalogue,
    policy: RetryPolicy,
    timeout: float | None,
    deadline: float | None = None,
    mask: Mask = bytes,
    guard: Guard = UNGUARDED,
) -> Flow[T]:
    """Send *request* under *policy* and decode the answer; raise the catalogue's error if there is none.

    *timeout* bounds one attempt, *deadline* the whole call, in seconds. *guard* is what the call shares with others: it
    may hold back a retry, or the call itself. *mask* takes the secrets out of all that an error shows.
    """
    tried = yield from with_retries(
        Send(request, timeout),
        policy,
        deadline=deadline,
        request_id_header=catalogue.request_id_header,
        guard=guard,
    )
    outcome = tried.outcome
    failure: Failure | None = None
    body: Kept | None = None
    if isinstance(outcome, Reply):
        told = outcome
        if 200 <= outcome.status < 300:
            try:
                return decode(outcome)
            except UnreadableReplyError as problem:
                failure = Failure("unreadable", masked_text(str(problem), mask))
            except JobFailedError as job:
                # Through the table that every reply goes through: it is the error that a call would have met.
                told = Reply(job.status, {}, json.dumps(job.body))
        if failure is None:
            error = parse(told, catalogue, operation=request.operation, mask=mask)
            body = Kept(error.body, error.body_length) if told is outcome else None
        else:
            error = from_failure(failure, request, catalogue, tried)
    elif isinstance(outcome, Refused):
        error = from_refusal(outcome.held_back, request, catalogue)
    else:
        failure = outcome
        if failure.head is not None:
            tried = tried._replace(outcome=failure.head)
        error = from_failure(failure, request, catalogue, tried)
    complete(error, tried, request, catalogue, mask=mask, body=body)
    # Raised here, outside every `except`: the live library exception must not become its __context__.
    raise error from (failure.cause if failure is not None else None)


def from_failure(
    failure: Failure, request: Request, catalogue: Catalogue, tried: Tried, *, on: str | None = None
) -> Error:
    """The vendor's error for a call that got no answer, or none that could be read; *on* is another occasion for it."""
    (cls, case), timeout = catalogue.raised_on(on or failure.kind), tried.timeout
    where = f"{request.method} {_path(request.target)}"
    budget = f" within {timeout:g} s" if failure.kind == "timeout" and timeout is not None else ""
    sentence = {
        "network": f"No whole answer to {where}: {failure.reason}.",
        "timeout": f"No answer to {where}{budget}: {failure.reason}.",
        "unreadable": f"The answer to {where} could not be read: {failure.reason}.",
    }[failure.kind]
    status = tried.outcome.status if isinstance(tried.outcome, Reply) else None
    values: dict[str, Any] = {"timeout": timeout} if failure.kind == "timeout" else {}
    for spec in specs_of(cls):
        if spec.is_message:
            values[spec.name] = sentence
        elif spec.is_status:
            # A vendor whose errors always have a status says with 0 that none was received.
            values[spec.name] = 0 if status is None and spec.hint is int else status
    error = build(cls, values)
    return error if error.case == case else error.become(case)


def from_refusal(held_back: HeldBack, request: Request, catalogue: Catalogue) -> Error:
    """The vendor's error for a call that was not sent: what the server says of waiting, or that the circuit is open.

    A catalogue without a class for an open circuit raises the one of a failed connection: for the caller it is one.
    """
    status = 429 if held_back.by == "pacing" else None
    if status is not None:
        cls, case = catalogue.resolve(status, operation=request.operation)
    else:
        cls, case = catalogue.raised_on("circuit_open")
        if case.on is None:
            cls, case = catalogue.raised_on("network")
    values: dict[str, Any] = {}
    for spec in specs_of(cls):
        if spec.is_message:
            values[spec.name] = f"{request.method} {_path(request.target)} was not sent: {held_back.reason}."
        elif spec.is_status:
            values[spec.name] = status
        elif spec.name == "retry_after":
            exact = spec.hint in (float, float | None)
            values[spec.name] = held_back.seconds if exact else whole_seconds(held_back.seconds)
    error = build(cls, values)
    return error if error.case == case else error.become(case)


def _path(target: str) -> str:
    """*target* without its query, which may hold a signature."""
    return target.partition("?")[0]


def complete(
    error: Error,
    tried: Tried,
    request: Request,
    catalogue: Catalogue,
    *,
    mask: Mask = bytes,
    body: Kept | None = None,
) -> None:
    """Put on *error* what the call knows: every attempt, the time, the key, one hint; nothing that *mask* takes out.

    *body* is what is kept of the reply's, where that is known.
    """
    outcome, request_id = tried.outcome, error.request_id
    if isinstance(outcome, Reply):
        if not request_id and (named := outcome.headers.get(catalogue.request_id_header)):
            request_id = caps.text(masked_text(named, mask))
        body = kept(outcome, mask(outcome.body), catalogue.body_cap) if body is None else body
    attach(
        error,
        request_id=request_id,
        attempts=_masked(tried.attempts, mask, request_id),
        elapsed=tried.elapsed,
        idempotency_key=request.idempotency_key,
        body=body or NO_BODY,
        held_back=tried.held_back,
    )
    note = hint(error)
    if tried.held_back is not None and tried.attempts:  # where nothing was sent, the message says why
        why = f"Not retried: {tried.held_back.reason}."
        note = f"{why} {note}" if note else why
    if note:
        error.add_note(note)


def _masked(attempts: tuple[Attempt, ...], mask: Mask, shown: str | None) -> tuple[Attempt, ...]:
    """*attempts* without secrets in the ids that the server gave them; *shown* is one without."""
    named = {attempt.request_id for attempt in attempts}
    if named <= {None, shown}:  # which is without
        return attempts
    return tuple([attempt._replace(request_id=masked_text(attempt.request_id or "", mask) or None)
                  for attempt in attempts])  # fmt: skip
