"""The result of a request and its retries: the outcome, all attempts, the elapsed time."""

# Without `from __future__ import annotations`: a NamedTuple compiles types that are text, each time it is imported.
from typing import NamedTuple

from failwell.contract.case import SideEffect
from failwell.contract.evidence import Attempt, Suppression
from failwell.policy.flow import NotSent
from failwell.policy.retry.assessment import Assessment
from failwell.wire.messages import Outcome
from failwell.wire.parse import ParsedBody


class RetryResult(NamedTuple):
    """The last outcome of a request, every attempt at it, and why there was no further one.

    The outcome is `NotSent`, and there is no attempt, when not even the first was made. *elapsed* is the seconds of the
    whole, *timeout* the seconds that the last attempt had. *found* is what was found of the last outcome, if it was
    looked at for a retry. *before* is what the attempts before the last one did.
    """

    outcome: Outcome | NotSent
    attempts: tuple[Attempt, ...]
    elapsed: float
    timeout: float | None = None
    suppression: Suppression | None = None
    found: Assessment | None = None
    before: SideEffect = "none"

    @property
    def parsed(self) -> ParsedBody | None:
        """The body of the last reply, if it was read."""
        return None if self.found is None else self.found.parsed

    @property
    def gave_up(self) -> str | None:
        """Why there was no further attempt, other than that the retries are used up, or not worth it."""
        return self.suppression.reason if self.suppression is not None else None
