"""Attach evidence to an error, and report it: the hint as a note, the fields of a log record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from failwell._support.late_message import is_late
from failwell.contract.error import Error
from failwell.contract.evidence import Attempt, KeptBody, Suppression

if TYPE_CHECKING:
    from failwell.contract.case import SideEffect
    from failwell.contract.retry_advice import Assessed

E = TypeVar("E", bound=Error)


def attach(
    error: Error,
    *,
    request_id: str | None = None,
    attempts: tuple[Attempt, ...] = (),
    elapsed: float | None = None,
    idempotency_key: str | None = None,
    body: KeptBody | None = None,
    suppression: Suppression | None = None,
    assessed: Assessed | None = None,
    effect: SideEffect | None = None,
) -> None:
    """Put the facts of a call on *error*, and a *body* in place of what it keeps of one.

    Nothing here is a live object or a credential.
    """
    held = error.__dict__
    held["_assessed"], held["_effect"] = assessed, effect  # for `retry` and `effect`, which callers see
    held["request_id"], held["attempts"], held["elapsed"] = request_id, attempts, elapsed
    held["idempotency_key"] = idempotency_key
    if body is not None:
        error.body, error.body_length = body
    if suppression is not None:
        error.suppression = suppression


EVIDENCE = (
    "request_id",
    "attempts",
    "elapsed",
    "idempotency_key",
    "body",
    "body_length",
    "body_code",
    "suppression",
    "resume_token",
    "effect",
)
"""The attributes of an error that tell of its call, whatever its class."""


def with_evidence(error: E, met: Error) -> E:
    """*error*, which an SDK raises in place of what it *met*: with attempts, request id, status and body of that."""
    for name in EVIDENCE:
        setattr(error, name, getattr(met, name))
    error.received(met.known_status)
    assessed: Assessed | None = vars(met).get("_assessed")
    # Whether it is repeated is for the class to say that is raised, not for the one that was met.
    vars(error)["_assessed"] = None if assessed is None else assessed._replace(kind=None)
    if line := hint(error):
        error.add_note(line)
    return error


def hint(error: Error) -> str:
    """The one line a reader of a traceback needs next: the fix, and what to quote to support."""
    known = f"request {error.request_id}" if error.request_id else ""
    tries = len(error.attempts)
    if tries > 1 and error.elapsed is not None:
        known = f"{known}{', ' if known else ''}{tries} attempts in {error.elapsed:.1f} s"
    fix = error.case.fix or ""
    if fix and _says(error, fix):
        fix = ""
    return f"{fix} ({known})" if fix and known else fix or known


def _says(error: Error, fix: str) -> bool:
    """Whether the message of *error* has its *fix* already, as its class words it."""
    # One that nobody has read yet is a sentence about field errors. It is not made only to see that it says no fix.
    by_field_errors = is_late(error) and type(error).__str__ is Error.__str__
    return not by_field_errors and fix in str(error)


def log_fields(error: Error) -> dict[str, Any]:
    """The facts of *error* as a flat dict for a structured log; no body, no credential.

    Keys: `error.type`, `error.message`, `error.source`, `error.code`, `error.status`, `error.request_id`,
    `error.attempts`, `error.elapsed`, `error.idempotency_key`, `error.effect`, `error.suppression` (by what a further
    try was); a fact that is not known is left out.
    """
    facts = {
        "error.type": type(error).__name__,
        "error.message": Error.__str__(error),  # what a class of its own says may quote the body
        "error.source": error.source,
        "error.code": error.code_on_the_wire,
        "error.status": error.known_status,
        "error.request_id": error.request_id,
        "error.attempts": len(error.attempts) or None,
        "error.elapsed": error.elapsed,
        "error.idempotency_key": error.idempotency_key,
        "error.effect": vars(error).get("_effect"),  # as a call found it
        "error.suppression": error.suppression.by if error.suppression is not None else None,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def without_frames(error: Error) -> Error:
    """*error* without the frames of drivers and generators, which tell a caller nothing.

    It shows what the caller was handling when he made the call, as an error of his own code would.
    """
    cause, met = error.__cause__, error.__context__
    if cause is None:
        error.__suppress_context__ = False
    elif cause.__context__ is None and met is not cause:
        cause.__context__ = met  # of an error with a cause only the cause's is shown
    return error.with_traceback(None)
