"""A made-up vendor with a field of every form and a class of every rank, for every envelope."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import failwell
from failwell import Body, Case, Catalogue, Code, Details, Header, Local, Message, Status, field
from failwell.contract.catalogues.catalogue import Envelope
from failwell.wire import Detail, ErrorObject, FirstOf, Problem


class ParcelError(failwell.Error):
    """Base of the errors of the parcel API."""

    message: Message = field(kw_only=False)
    code: Annotated[str | None, Code()] = None
    status: Annotated[int | None, Status()] = field(default=None, init=False)


class LostError(ParcelError, status=404):
    """Header fields of every type."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None
    wait: Annotated[float | None, Header("X-Wait")] = None
    depot: Annotated[str | None, Header("X-Depot")] = None
    weight: Annotated[int | float, Header("X-Weight")] = 0
    insured: Annotated[bool, Header("X-Insured")] = False


class RefusedError(ParcelError, cases=(Case("refused", 409), Case("refused_twice", 409), Case(None, 410))):
    """Body fields of every type, some of them deep."""

    number: Annotated[int, Body("parcel.number")] = 0
    weight: Annotated[float | None, Body("parcel.weight")] = None
    name: Annotated[str, Body("parcel.to.name")] = ""
    signed: Annotated[bool | None, Body("parcel.signed")] = None
    tags: Annotated[list[str], Body("tags")] = field(default_factory=list)
    labels: Annotated[dict[str, int], Body("labels")] = field(default_factory=dict)
    history: Annotated[list[dict[str, Any]], Body("history")] = field(default_factory=list)
    anything: Annotated[Any, Body("anything")] = None


class CustomsError(ParcelError, status=422, code="customs"):
    """Fields of the details, with and without a mark, with a key of their own, and of the names of problem+json."""

    form: Annotated[str | None, Details()] = None
    number: int | str | None = None
    kind: Annotated[Literal["gift", "sale", 3], Details("kind_of_goods")] = "gift"
    title: Annotated[str | None, Details()] = None
    type: Annotated[str | None, Details()] = None
    instance: Annotated[list[Any], Details()] = field(default_factory=list)
    declared: Annotated[str, Details()] = field(missing="nothing")
    clerk: Annotated[Any, Local()] = None


class BusyError(ParcelError, status="5XX", retry="transient"):
    """A range whose status field takes no argument."""


class BusyDepotError(ParcelError, status="5XX", code="depot_busy"):
    """A code inside a range."""


class BrokenBeltError(ParcelError, status=503, code="belt"):
    """A code of a status that others share."""


class ClosedError(ParcelError, cases=(Case(None, 503, operation="depots"),)):
    """A status, for one resource only."""


class OtherParcelError(ParcelError, fix="Read the message."):
    """Any other."""


class TooHeavyError(failwell.Error, ValueError, source="client", on="too_heavy", fix="Pack two parcels."):
    """An error that is one of Python's, too. It is in no catalogue."""

    message: Message = field(kw_only=False)
    grams: Annotated[int, Local()] = 0


ERRORS = (
    ParcelError,
    LostError,
    RefusedError,
    CustomsError,
    BusyError,
    BusyDepotError,
    BrokenBeltError,
    ClosedError,
    OtherParcelError,
)


def catalogue(envelope: Envelope, errors: tuple[type[failwell.Error], ...] = ERRORS) -> Catalogue:
    """The parcel contract in *envelope*."""
    return Catalogue("parcels", base=ParcelError, default=OtherParcelError, errors=errors, envelope=envelope)


IN_DETAIL = catalogue(Detail(code="error_code"))
IN_ERROR_OBJECT = catalogue(ErrorObject())
IN_PROBLEM = catalogue(Problem(type_base="https://parcels.test/errors/"))
IN_FIRST_OF = catalogue(FirstOf())
