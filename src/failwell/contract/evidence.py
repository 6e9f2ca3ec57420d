"""Evidence on an error beside its documented fields: request id, attempts, elapsed time, the kept body."""

# Without `from __future__ import annotations`: a NamedTuple compiles types that are text, each time it is imported.
from typing import Literal, NamedTuple


class Attempt(NamedTuple):
    """One try of a call: what came back, and how long the client then waited (seconds, 0.0 after the last)."""

    status: int | None
    delay: float
    reason: str
    request_id: str | None = None


class Suppression(NamedTuple):
    """Why a try that could have helped was not made.

    *by* is "deadline" (it would have come too late), "retry_after" (the server asks for more than we ever wait),
    "budget" (the calls to this server repeat too much already), "large_fleet" (one of the timeouts that
    `retry="large_fleet"` does not repeat), "breaker" (the circuit is open) or "pacing" (the server asked earlier calls
    to wait). *seconds* are those until a try may be made again, where that is known.
    """

    by: Literal["deadline", "retry_after", "budget", "large_fleet", "breaker", "pacing"]
    reason: str
    seconds: float | None = None


class KeptBody(NamedTuple):
    """What is kept of a reply's body: the first bytes, and how long it was."""

    kept: bytes
    length: int


NO_BODY = KeptBody(b"", 0)
