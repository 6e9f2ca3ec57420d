"""The result of a request and its retries: the outcome, all attempts, the elapsed time."""

# Without `from __future__ import annotations`: a NamedTuple compiles types that are text, each time it is imported.
from typing import NamedTuple

from failwell.contract.evidence import Attempt, Suppression
from failwell.policy.flow import NotSent
from failwell.wire.messages import Outcome
from failwell.wire.parse import ParsedBody


class RetryResult(NamedTuple):
    """The last outcome of a request, every attempt at it, and why there was no further one.

    The outcome is `NotSent`, and there is no attempt, when not even the first was made. *elapsed* is the seconds of the
    whole, *timeout* the seconds that the last attempt had. *parsed* is the body of the last reply, if it was read.
    """

    outcome: Outcome | NotSent
    attempts: tuple[Attempt, ...]
    elapsed: float
    timeout: float | None = None
    suppression: Suppression | None = None
    parsed: ParsedBody | None = None

    @property
    def gave_up(self) -> str | None:
        """Why there was no further attempt, other than that the retries are used up, or not worth it."""
        return self.suppression.reason if self.suppression is not None else None
