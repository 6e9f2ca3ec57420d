"""What an operation is about: filled in where a reply does not say it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest

import failwell
from failwell import Catalogue, Details, Message, field
from failwell.contract.construction import tell_resource
from failwell.policy.errors import error_of
from failwell.policy.retry.result import RetryResult
from failwell.wire import Detail, Reply, Request


class DeskError(failwell.Error):
    message: Message = field(kw_only=False)


class GoneError(DeskError, status=404):
    resource_type: Annotated[str, Details()] = field(missing="resource")
    resource_id: Annotated[str, Details()] = field(missing="")


class BrokenError(DeskError, status=500):
    resource_type: Annotated[str | None, Details()] = None


DESK = Catalogue(
    "desk",
    base=DeskError,
    default=DeskError,
    envelope=Detail(),
    resources={
        "parcels": "/parcels/{parcel}",
        "parcels.label": "/labels/{label}",
        "depots.sort": "/depots/{sorting depot}",
    },
)


def met(status: int, detail: object, operation: str | None, target: str) -> Any:
    """The error of a call that was answered so."""
    reply = Reply(status, {}, json.dumps({"detail": detail}).encode())
    request = Request("GET", target, operation=operation)
    return error_of(RetryResult(reply, (), 0.0, None, None), request, DESK, mask=bytes)


@pytest.mark.parametrize(
    ("operation", "target", "kind", "name"),
    [
        ("parcels.get", "/parcels/p_1", "parcel", "p_1"),
        ("parcels.events", "/parcels/p_1/events?limit=5", "parcel", "p_1"),
        ("parcels.get", "/parcels/a%20b%2Fc", "parcel", "a b/c"),
        ("parcels.list", "/parcels?limit=5", "parcel", ""),
        ("parcels.label", "/labels/l_1", "label", "l_1"),
        ("parcels.label", "/parcels/p_1", "label", ""),
        ("depots.sort", "/depots/d_1", "sorting depot", "d_1"),
        ("depots.list", "/depots/d_1", "resource", ""),
        (None, "/parcels/p_1", "resource", ""),
    ],
)
def test_what_was_asked_for(operation: str | None, target: str, kind: str, name: str) -> None:
    """
    A reply that says neither type nor id is about what the operation asked for, by the path that it asked.
    """
    error = met(404, "Gone.", operation, target)

    assert isinstance(error, GoneError)
    assert (kind, name, "Gone.") == (error.resource_type, error.resource_id, error.message)
    assert {"resource_type": kind, "resource_id": name} == vars(error)["details"]


@pytest.mark.parametrize("said", [{"resource_type": "crate"}, {"resource_id": "c_1"}])
def test_what_the_reply_says(said: dict[str, str]) -> None:
    """
    A reply that says one of the two is believed: the other is not guessed.
    """
    error = met(404, {"message": "Gone.", **said}, "parcels.get", "/parcels/p_1")

    assert {"resource_type": "resource", "resource_id": "", **said} == vars(error)["details"]


def test_classes_without_such_fields() -> None:
    """
    An error that does not have both fields stays as it is.
    """
    error = met(500, "Broken.", "parcels.get", "/parcels/p_1")
    assert (BrokenError, None) == (type(error), error.resource_type)

    tell_resource(other := DeskError("m"), "parcel", "p_1")
    assert {"message": "m"} == vars(other)
