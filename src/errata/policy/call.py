"""One call: try, and give back the decoded answer or raise the vendor's error with all evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from errata.contract.catalogue import Catalogue
from errata.contract.error import Error
from errata.contract.evidence import NO_BODY, Body, attach, hint
from errata.contract.spec import specs_of
from errata.policy.flow import Flow, Send
from errata.policy.retry import RetryPolicy, Tried, succeeded, with_retries
from errata.wire import json
from errata.wire.messages import Failure, Reply, Request
from errata.wire.parse import build, parse

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
    mask: Callable[[bytes], bytes] = bytes,
) -> Flow[T]:
    """Send *request* under *policy* and decode the answer; raise the catalogue's error if there is none.

    *timeout* bounds one attempt, *deadline* the whole call, in seconds. *mask* takes the secrets out of the body of
    a success that cannot be read, or that tells of a failed job; bodies of errors come without them.
    """
    tried = yield from with_retries(
        Send(request, timeout),
        policy,
        deadline=deadline,
        request_id_header=catalogue.headers.request_id.lower(),
    )
    outcome = tried.outcome
    failure = outcome if isinstance(outcome, Failure) else None
    if failure is not None and failure.head is not None:
        tried = replace(tried, outcome=failure.head)
    told = outcome if isinstance(outcome, Reply) else None
    if isinstance(outcome, Reply) and succeeded(outcome):
        try:
            return decode(outcome)
        except UnreadableReplyError as problem:
            failure = Failure("unreadable", str(problem))
        except JobFailedError as job:
            # Through the table that every reply goes through: a failed job is the error that a call would have met.
            told = Reply(job.status, {}, mask(json.dumps(job.body)))
        tried = replace(tried, outcome=replace(outcome, body=mask(outcome.body), length=None))
    if failure is not None:
        error = _from_failure(failure, request, catalogue, tried)
    else:
        error = parse(cast(Reply, told), catalogue, operation=request.operation)
    _complete(error, tried, request, catalogue)
    # Raised here, outside every `except`: the live library exception must not become its __context__.
    raise error from (failure.cause if failure is not None else None)


def _from_failure(failure: Failure, request: Request, catalogue: Catalogue, tried: Tried) -> Error:
    """The vendor's error for a call that got no answer, or none that could be read."""
    cls, timeout = catalogue.occasion(failure.kind), tried.timeout
    where = f"{request.method} {_path(request.target)}"
    budget = f" within {timeout:g} s" if failure.kind == "timeout" and timeout is not None else ""
    sentence = {
        "network": f"No whole answer to {where}: {failure.reason}.",
        "timeout": f"No answer to {where}{budget}: {failure.reason}.",
        "unreadable": f"The answer to {where} could not be read: {failure.reason}.",
    }[failure.kind]
    status = tried.outcome.status if isinstance(tried.outcome, Reply) else None
    facts = {"is_message": sentence, "is_status": status}
    values = {spec.name: fact for spec in specs_of(cls) for mark, fact in facts.items() if getattr(spec, mark)}
    return build(cls, {**values, "timeout": timeout} if failure.kind == "timeout" else values)


def _path(target: str) -> str:
    """*target* without its query, which may hold a signature."""
    return target.partition("?")[0]


def _complete(error: Error, tried: Tried, request: Request, catalogue: Catalogue) -> None:
    """Put on *error* what the call knows: every attempt, the time, the key, one hint."""
    outcome, request_id, body = tried.outcome, error.request_id, NO_BODY
    if isinstance(outcome, Reply):
        request_id = request_id or outcome.headers.get(catalogue.headers.request_id.lower())
        body = Body(outcome.body[: catalogue.body_cap], outcome.body_length)
    attach(
        error,
        request_id=request_id,
        attempts=tried.attempts,
        elapsed=tried.elapsed,
        idempotency_key=request.idempotency_key,
        body=body,
    )
    sentences = (f"Not retried: {tried.gave_up}." if tried.gave_up else "", hint(error))
    if any(sentences):
        error.add_note(" ".join(sentence for sentence in sentences if sentence))
