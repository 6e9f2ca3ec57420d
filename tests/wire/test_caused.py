"""What a call meets when the server is to raise an error."""

from __future__ import annotations

from typing import Annotated

import pytest

import failwell
from failwell import Case, Catalogue, Code, Message, Status, field
from failwell.wire import ErrorObject, Failure, Reply
from failwell.wire.outcome import UncausableError, outcome_of


class TramError(failwell.Error):
    """Base."""

    message: Message = field(kw_only=False)


class FullError(TramError, status=503):
    """No seat is left."""


class StopError(TramError, source="transport", on="network"):
    """It stopped."""


class SlowError(StopError, source="transport", on="timeout"):
    """It takes too long."""


class TicketError(TramError, source="client", on="configuration"):
    """The passenger has none."""


class StrangeError(TramError, status=418):
    """Of another tram."""


class BrokenError(TramError, status="5XX"):
    """Something broke."""

    status: Annotated[int | None, Status()] = None


class OneError(
    failwell.Error,
    cases=(
        Case("down", 503),
        Case("down", on="network"),
        Case("late", on="timeout"),
        Case("garbled", on="unreadable"),
        Case("late", on="poll_timeout"),
    ),
):
    """The one class of an API that tells everything apart by codes."""

    message: Message = field(kw_only=False)
    code: Annotated[str | None, Code()] = None


ONE = Catalogue("one", base=OneError, default=OneError, errors=(OneError,), envelope=ErrorObject(), status_decides=True)

TRAM = Catalogue(
    "tram",
    base=TramError,
    default=TramError,
    errors=(FullError, BrokenError, StopError, SlowError, TicketError),
    envelope=ErrorObject(),
)


@pytest.mark.parametrize(
    ("error", "kind"), [(StopError("x"), "network"), (SlowError("x"), "timeout")], ids=["network", "timeout"]
)
def test_failures(error: TramError, kind: str) -> None:
    """
    An error of the transport is a failure of its kind, also below another's class, and where no class has the third.
    """
    found = outcome_of(error, TRAM, request_id="r")

    assert isinstance(found, Failure)
    assert kind == found.kind


@pytest.mark.parametrize("case", OneError.cases, ids=str)
def test_a_class_of_many_occasions(case: Case) -> None:
    """
    Of a class that is a reply and more, the case says what becomes of it: a reply, or the failure of its occasion.
    """
    error = OneError("x").become(case)
    if case.on == "poll_timeout":
        with pytest.raises(UncausableError, match="which the SDK raises by itself"):
            outcome_of(error, ONE, request_id="r")
        return

    found = outcome_of(error, ONE, request_id="r")
    assert (case.on or 503) == (found.kind if isinstance(found, Failure) else found.status)


def test_replies() -> None:
    """
    An error that travels is its reply, with the id of the request.
    """
    found = outcome_of(FullError("Full."), TRAM, request_id="r1")

    assert isinstance(found, Reply)
    assert (503, "r1") == (found.status, found.headers["x-request-id"])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            TicketError("x"),
            "The error is TicketError, which the SDK raises by itself. Give an error that a server can ",
        ),
        (StrangeError("x"), "The error is StrangeError (418), which the catalogue 'tram' does not have. Give a case "),
        (BrokenError("x", status=404), "The error is BrokenError with status 404, which is not one of its own. Give "),
    ],
)
def test_what_no_server_causes(error: TramError, message: str) -> None:
    """
    What no server can cause is refused, with the reason and what can be given instead.
    """
    with pytest.raises(UncausableError) as caught:
        outcome_of(error, TRAM, request_id="r")

    assert str(caught.value).startswith(message), str(caught.value)
