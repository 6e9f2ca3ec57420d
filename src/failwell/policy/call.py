"""One call with retries: the decoded answer, or the vendor's error raised with all evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from failwell._support.masking import masked_text
from failwell._support.secret import Mask
from failwell.contract.case import SideEffect
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.policy.decoding_errors import JobFailedError, UnreadableReplyError
from failwell.policy.errors import complete, error_of
from failwell.policy.flow import NOW, Flow, Send
from failwell.policy.lost_calls import LOST_CALLS, LostCall, Settler
from failwell.policy.resilience.guard import UNGUARDED, Guard
from failwell.policy.retry.loop import with_retries
from failwell.policy.retry.policy import RetryPolicy
from failwell.wire import json
from failwell.wire.messages import Failure, Reply, Request

T = TypeVar("T")

DONE: SideEffect = "done"
"""What is known of the effect of a call that told how its job ended."""


def call_or_raise(
    request: Request,
    decode: Callable[[Reply], T],
    *,
    catalogue: Catalogue,
    policy: RetryPolicy,
    timeout: float | None,
    deadline: float | None = None,
    mask: Mask = bytes,
    guard: Guard = UNGUARDED,
    settler: Settler | None = None,
    began: float | None = None,
    before: SideEffect = "none",
) -> Flow[T]:
    """Send *request* under *policy* and decode the answer; raise the catalogue's error if there is none.

    *timeout* bounds one attempt, *deadline* the whole call, in seconds. *guard* is what the call shares with others: it
    may hold back a retry, or the call itself. *mask* takes the secrets out of all that an error shows.

    What may have been done and has a key can be settled, by *settler*. A call that is settled *began* earlier, and
    *before* is what is known of it.
    """
    tried = yield from with_retries(
        Send(request, timeout),
        policy,
        deadline=deadline,
        request_id_header=catalogue.request_id_header,
        guard=guard,
        before=before,
    )
    outcome, told, effect = tried.outcome, tried, None
    if isinstance(outcome, Reply) and 200 <= outcome.status < 300:
        try:
            return decode(outcome)
        except UnreadableReplyError as problem:
            told = tried._replace(outcome=Failure("unreadable", masked_text(str(problem), mask), head=outcome))
        except JobFailedError as job:
            # Through the table that every reply goes through: it is the error that a call would have met.
            told, effect = tried._replace(outcome=Reply(job.status, {}, json.dumps(job.body))), DONE
    error = error_of(told, request, catalogue, mask=mask)
    if isinstance(told.outcome, Reply) and isinstance(outcome, Reply) and not told.outcome.status:
        error.received(outcome.status)
    keeps_body = told is tried and isinstance(outcome, Reply)
    complete(error, tried, request, catalogue, mask=mask, keeps_body=keeps_body, effect=effect)
    if settler is not None and error.effect != "none" and request.idempotency_key is not None and request.rewindable:
        if began is None:
            moment: float = yield NOW
            began = moment - tried.elapsed
        answered = isinstance(told.outcome, Reply)
        LOST_CALLS[error] = LostCall(request, decode, catalogue, policy, timeout, mask, guard, settler, began, answered)
    # Raised here, outside every `except`: the live library exception must not become its __context__.
    raise error from error.__cause__
