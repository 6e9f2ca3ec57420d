"""What every error carries beside what its page documents: which request, how often, how long."""

# Without `from __future__ import annotations`: a NamedTuple compiles types that are text, each time it is imported.
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from failwell.contract.error import Error


class Attempt(NamedTuple):
    """One try of a call: what came back, and how long the client then waited (seconds, 0.0 after the last)."""

    status: int | None
    delay: float
    reason: str
    request_id: str | None = None


class HeldBack(NamedTuple):
    """Why a try that could have helped was not made.

    *by* is "deadline" (it would have come too late), "retry_after" (the server asks for more than we ever wait),
    "budget" (the calls to this server repeat too much already), "fleet" (one of the timeouts that `retry="fleet"` does
    not repeat), "breaker" (the circuit is open) or "pacing" (the server asked earlier calls to wait). *seconds* are
    those until a try may be made again, where that is known.
    """

    by: Literal["deadline", "retry_after", "budget", "fleet", "breaker", "pacing"]
    reason: str
    seconds: float | None = None


class Body(NamedTuple):
    """What is kept of a reply's body: the first bytes, and how long it was."""

    kept: bytes
    length: int


NO_BODY = Body(b"", 0)


def attach(
    error: "Error",
    *,
    request_id: str | None = None,
    attempts: tuple[Attempt, ...] = (),
    elapsed: float | None = None,
    idempotency_key: str | None = None,
    body: Body = NO_BODY,
    held_back: HeldBack | None = None,
) -> None:
    """Put the facts of a call on *error*. Nothing here is a live object or a credential."""
    error.request_id = request_id
    error.attempts = attempts
    error.elapsed = elapsed
    error.idempotency_key = idempotency_key
    error.body, error.body_length = body.kept, body.length
    if held_back is not None:
        error.held_back = held_back


def hint(error: "Error") -> str:
    """The one line a reader of a traceback needs next: the fix, and what to quote to support."""
    known = f"request {error.request_id}" if error.request_id else ""
    tries = len(error.attempts)
    if tries > 1 and error.elapsed is not None:
        known = f"{known}{', ' if known else ''}{tries} attempts in {error.elapsed:.1f} s"
    fix = error.case.fix or ""
    return f"{fix} ({known})" if fix and known else fix or known


def log_fields(error: "Error") -> dict[str, Any]:
    """The facts of *error* as a flat dict for a structured log; no body, no credential.

    Keys: `error.type`, `error.message`, `error.source`, `error.code`, `error.status`, `error.request_id`,
    `error.attempts`, `error.elapsed`, `error.idempotency_key`, `error.held_back` (by what a further try was); a fact
    that is not known is left out.
    """
    facts = {
        "error.type": type(error).__name__,
        "error.message": str(error),
        "error.source": error.source,
        "error.code": error.code_on_the_wire,
        "error.status": error.status_on_the_wire if error.has_status else None,
        "error.request_id": error.request_id,
        "error.attempts": len(error.attempts) or None,
        "error.elapsed": error.elapsed,
        "error.idempotency_key": error.idempotency_key,
        "error.held_back": error.held_back.by if error.held_back is not None else None,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}
