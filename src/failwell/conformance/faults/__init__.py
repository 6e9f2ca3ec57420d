"""What can go wrong with an answer, as data: the same for every vendor's SDK."""

from failwell.conformance.calls import Talk
from failwell.conformance.faults.cases import answers, bodies, endings, protocol, sessions, statuses, waits
from failwell.conformance.faults.model import Answered, Dropped, Fault, RawServer, Unanswered


def all_faults(talk: Talk | None = None) -> tuple[Fault, ...]:
    """All faults, also of the session *talk*, as they are tried. Some have 10 MB: they are made when asked for."""
    parts = (bodies, answers, statuses, endings, protocol, waits)
    found = tuple(fault for part in parts for fault in part.faults())
    return found if talk is None else (*found, *sessions.faults(talk))


__all__ = ["Answered", "Dropped", "Fault", "RawServer", "Unanswered", "all_faults"]
