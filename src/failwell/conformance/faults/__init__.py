"""What can go wrong with an answer, as data: the same for every vendor's SDK."""

from failwell.conformance.faults.cases import answers, bodies, endings, protocol, statuses, waits
from failwell.conformance.faults.model import Answered, Fault, RawServer, Unanswered


def all_faults() -> tuple[Fault, ...]:
    """All faults, in the order in which they are tried. Some have bodies of 10 MB, so they are made when asked for."""
    parts = (bodies, answers, statuses, endings, protocol, waits)
    return tuple(fault for part in parts for fault in part.faults())


__all__ = ["Answered", "Fault", "RawServer", "Unanswered", "all_faults"]
