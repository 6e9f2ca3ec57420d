"""The contract of a kiosk: a case of every kind, few enough to delete them all in a second."""

from __future__ import annotations

from typing import Annotated

import failwell
from failwell import Case, Catalogue, Code, Details, Header, Message, Status, field
from failwell.wire import ErrorObject


class KioskError(failwell.Error, fix="Ask the keeper."):
    """The keeper shrugs."""

    message: Message = field(kw_only=False)
    code: Annotated[str | None, Code()] = None
    status: Annotated[int | None, Status()] = None


class SoldOutError(
    KioskError,
    status=409,
    fix="Buy another paper.",
    cases=(Case("last_one", 409, cause="Somebody took the last one.", fix="Be earlier."),),
):
    """Nothing is left."""

    paper: Annotated[str, Details()] = ""


class CrowdError(
    KioskError,
    status=503,
    retry="transient",
    fix="Wait `e.retry_after` seconds.",
    cases=(Case(None, 503, operation="papers.list", cause="The shelf | is <hidden>.", fix="Look later."),),
):
    """Too many customers."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


class AwayError(KioskError, source="transport", on="network", fix="Go there."):
    """Nobody answers."""


class SlowError(KioskError, source="transport", on="timeout", fix="Be patient."):
    """The keeper thinks."""


class PocketError(KioskError, source="client", on="configuration", fix="Take a purse."):
    """The customer has no purse."""


CATALOGUE = Catalogue(
    "kiosk",
    base=KioskError,
    default=KioskError,
    errors=(KioskError, SoldOutError, CrowdError, AwayError, SlowError, PocketError),
    envelope=ErrorObject(),
)
