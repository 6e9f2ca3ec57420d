"""Did it happen? What a failed call did: by what was sent, the method, the server's word, the case and the status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.policy.flow import NotSent
from failwell.wire.messages import Failure

if TYPE_CHECKING:
    from failwell.contract.case import Case, SideEffect
    from failwell.contract.catalogues.catalogue import Catalogue
    from failwell.wire.messages import Outcome, Reply

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that ask for nothing to be changed (RFC 9110, 9.2.1)."""

SAID: dict[str | None, SideEffect] = {"none": "none", "none;key": "none", "unknown": "unknown", "done": "done"}
"""What the header of a reply may say (RFC 9651, a token). With ";key" it is about all that had the idempotency key."""
NOTHING_BY_KEY = "none;key"
NOTHING_BEGUN = frozenset({"none", NOTHING_BY_KEY})

UNKNOWN_4XX = frozenset({408, 424, 460, 499})
"""Those that may come after the work had begun, or of a gateway that stopped waiting for it (408, 460, 499)."""
SEE_OTHER, CONFLICT = 303, 409
REFUSED = frozenset({304, 307, 308, 501, 505, 511})
"""Beside 4XX: nothing is new, it is to be sent elsewhere, or nobody here knows how to do it (RFC 9110; RFC 6585, 6)."""

_ORDER: dict[SideEffect, int] = {"none": 0, "unknown": 1, "done": 2}


def effect_of_call(
    method: str, outcome: Outcome | NotSent, case: Case | None, catalogue: Catalogue, *, before: SideEffect = "none"
) -> SideEffect:
    """What a call of *method* did whose last attempt had *outcome*, which is *case*; those *before* it did that.

    One attempt that did something is enough. An earlier one whose answer was lost counts no more where the server says
    that nothing had begun under the key which all of them had.
    """
    if method in SAFE:
        return "none"
    if isinstance(outcome, NotSent):
        return before
    if isinstance(outcome, Failure):
        if not outcome.sent:
            return before
        if outcome.head is None:
            return together(before, "unknown")
        outcome = outcome.head
    said = outcome.headers.get(catalogue.effect_header)
    if said is not None and said.replace(" ", "") == NOTHING_BY_KEY:
        return "done" if before == "done" else "none"
    return together(before, effect_of_reply(outcome, said, case))


def effect_of_reply(reply: Reply, said: str | None, case: Case | None) -> SideEffect:
    """What an attempt did that changes something and was answered with *reply*, which is *case*.

    In this order: what the server *said* of this very attempt, what the case declares, how the case is retried ("in
    progress": it is being done now; "throttled": it was refused), and what the status means.
    """
    known = SAID.get(said) if said is not None else None
    if known is not None:
        return known
    status = reply.status
    if case is not None:
        if case.effect is not None:
            return case.effect
        if case.retry in ("in_progress", "throttled"):
            return "unknown" if case.retry == "in_progress" else "none"
        if status == CONFLICT:  # what is in conflict, the contract says; else it may be the first attempt
            return "none" if case.status == CONFLICT else "unknown"
    return by_status(status)


def by_status(status: int) -> SideEffect:
    """What a request that changes something has done where all that is known is the *status* of its reply.

    A 4XX refuses the request (RFC 9110, 15.5; one that nobody knows is a 400), a 5XX may come at any point of the work,
    or of a gateway behind which it goes on. A 2XX that could not be read says that it was done, a 303 where to see it.
    """
    if 200 <= status < 300 or status == SEE_OTHER:
        return "done"
    if 400 <= status < 500:
        return "unknown" if status in UNKNOWN_4XX or status == CONFLICT else "none"
    return "none" if status in REFUSED else "unknown"


def together(one: SideEffect, other: SideEffect) -> SideEffect:
    """What two attempts did: something, if either did."""
    return one if _ORDER[one] >= _ORDER[other] else other
