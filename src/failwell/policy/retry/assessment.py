"""Assessment of one attempt for its retry: kind, Retry-After, safety; made once, handed to all who ask."""

# Without `from __future__ import annotations`: a NamedTuple compiles types that are text, each time it is imported.
from typing import NamedTuple

from failwell.contract.case import RetryKind
from failwell.wire.messages import Failure, Outcome
from failwell.wire.parse import ParsedBody


class Assessment(NamedTuple):
    """An *outcome* that is no success, as delay, budget, pacing and the parser of its error look at it.

    *kind* is how its case is retried, *safe* whether sending the request again cannot do the same twice. *retry_after*
    is the seconds for which the server asked to be left alone, or None; *costs* is whether a retry is paid from the
    budget. *parsed* is the body, where the code in it had to be read to know all this.
    """

    outcome: Outcome
    kind: RetryKind
    safe: bool
    retry_after: float | None
    costs: bool
    parsed: ParsedBody | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether trying again is both useful and safe."""
        return self.kind != "never" and self.safe

    @property
    def timed_out(self) -> bool:
        """Whether no answer came in time."""
        return isinstance(self.outcome, Failure) and self.outcome.kind == "timeout"
