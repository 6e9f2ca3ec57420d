"""The outcome that a server's error has for a client: a reply, or a failure such as a timeout."""

from __future__ import annotations

from typing import Literal

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.case import Case
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.declaration import specs_of
from failwell.contract.error import Error
from failwell.contract.errors import ContractError
from failwell.wire.messages import Failure, Outcome
from failwell.wire.render import render_error

FailureKind = Literal["timeout", "network", "unreadable"]

REASONS: dict[FailureKind, str] = {
    "timeout": "the attempt's time was used up",
    "network": "the connection was reset",
    "unreadable": "it is not HTTP",
}
"""The kinds of failures, those first whose class may stand below another's, and what is said of them."""


class UncausableError(ExceptionFields, ContractError):
    """No server can cause the error that is to be met: what was *found*, and what is *allowed* instead."""

    found: str
    allowed: str
    template = "The error is {found}. Give {allowed}."


def outcome_of(error: Error, catalogue: Catalogue, *, request_id: str) -> Outcome:
    """The reply that *error* travels as, or the failure that becomes it.

    Raises:
        UncausableError: it is not in the catalogue, the SDK raises it by itself, or its status is not its own.
    """
    if not catalogue.lists(error):
        known = ", ".join(str(case) for case in catalogue.claims(type(error))) or "none"
        found = f"{type(error).__name__} ({error.case}), which the catalogue {catalogue.name!r} does not have"
        raise UncausableError(found, f"a case that it has: {known}")
    source = error.case.source(error.source)
    if source == "transport":
        return failed(_kind(error, catalogue))
    if source == "client":
        raise UncausableError(
            f"{type(error).__name__}, which the SDK raises by itself", "an error that a server can cause"
        )
    reply = render_error(error, catalogue, request_id=request_id)
    wanted = [getattr(error, spec.name) for spec in specs_of(type(error)) if spec.is_status]
    if wanted not in ([], [None], [reply.status]):
        found = f"{type(error).__name__} with status {wanted[0]}, which is not one of its own"
        raise UncausableError(found, "another status")
    return reply


def failed(kind: FailureKind) -> Failure:
    """A failure of *kind*."""
    return Failure(kind, REASONS[kind])


def _kind(error: Error, catalogue: Catalogue) -> FailureKind:
    """The kind of failure that a call makes *error* of."""
    declared: list[tuple[FailureKind, type[Error], Case]] = [(kind, *catalogue.raised_on(kind)) for kind in REASONS]
    own: list[FailureKind] = [kind for kind, _, case in declared if error.case == case]
    by_class: list[FailureKind] = [kind for kind, cls, case in declared if case.on == kind and isinstance(error, cls)]
    found: list[FailureKind] = [*own, *by_class]
    return found[0] if found else "network"
