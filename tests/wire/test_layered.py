"""Contracts whose bodies have two shapes, and classes with a code and details of their own."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from hypothesis import given, settings

import failwell
from failwell import AllDetails, Case, Catalogue, Code, Details, Error, Local, Message, Status, field
from failwell.wire import Detail, ErrorObject, Layered, Reply, parse_reply, render_error, snapshot
from scopix.exceptions import CATALOGUE as SCOPIX, ScopixError
from tests.contract.samples.strategies import MAPS, Claim, errors, travelling


class DeskError(failwell.Error, cases=(Case("closed", 409), Case())):
    code: Annotated[str, Code()] = field(missing="unknown")
    message: Message = field()
    details: Annotated[dict[str, Any], AllDetails()] = field(default_factory=dict)
    status: Annotated[int | None, Status()] = field(default=None, init=False)

    def __init__(self, code: str, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})


class LostError(
    DeskError,
    cases=(Case("lost", 404), Case("lost_way", 404, layer="middleware"), Case(None, 404), Case("lost_for_good", 410)),
):
    code: Annotated[str, Local()] = "LOST"
    what: Annotated[str | None, Details()] = None
    clerk: str | None = None

    def __init__(self, message: str = "Lost", *, what: str | None = None, clerk: str | None = None) -> None:
        super().__init__(self.code, message)
        self.what = what
        self.clerk = clerk


DESK = Catalogue(
    "desk", base=DeskError, default=DeskError, envelope=Layered(handlers=Detail(), middleware=ErrorObject())
)


def one_layer(catalogue: Catalogue, layer: str) -> Catalogue:
    """*catalogue*, all of whose errors are said by one layer."""
    envelope = catalogue.envelope
    assert isinstance(envelope, Layered)
    return Catalogue(
        catalogue.name,
        base=catalogue.base,
        default=catalogue.default,
        errors=catalogue.errors,
        envelope=envelope.middleware if layer == "middleware" else envelope.handlers,
    )


CLAIMS = {
    f"{catalogue.name}-{cls.__name__}-{case}-{layer}".replace(" ", "_"): (catalogue, (cls, case), layer)
    for catalogue in (DESK, SCOPIX)
    for cls, case in travelling(catalogue)
    for layer in ("middleware", "handlers")
}


@pytest.mark.parametrize(("catalogue", "claim", "layer"), CLAIMS.values(), ids=CLAIMS)
def test_the_law_in_each_layer(catalogue: Catalogue, claim: Claim, layer: str) -> None:
    """
    C2. Whoever says it, an error arrives as what it was: class, case, `args`, fields, and all of its details.
    """
    saying = one_layer(catalogue, layer)

    @settings(max_examples=10)
    @given(errors(catalogue, claim), MAPS)
    def holds(error: Error, details: dict[str, Any]) -> None:
        free = {key: part for key, part in details.items() if key not in ("what", "clerk", "session_id")}
        error.__dict__["details"] = {**free, **error.__dict__["details"]}
        arrived = parse_reply(render_error(error, saying), catalogue, operation=claim[1].operation)

        assert snapshot(error) == snapshot(arrived)
        assert claim == (type(arrived), arrived.case)

    holds()


@pytest.mark.parametrize("layer", ["middleware", "handlers"])
@pytest.mark.parametrize(
    "details", [{"": ["0"]}, {"": {"": ["0"]}}, {"title": "x"}, {"errors": ["x"]}, {"a": {"message": "x"}}], ids=str
)
def test_details_are_no_message(details: dict[str, Any], layer: str) -> None:
    """
    An error without words arrives without words, whatever its details are called.
    """
    saying = one_layer(SCOPIX, layer)
    error = ScopixError("CONFLICT", "", details=details)

    assert snapshot(error) == snapshot(parse_reply(render_error(error, saying), saying))


@pytest.mark.parametrize("layer", ["middleware", "handlers"])
@pytest.mark.parametrize("key", ["code", "error_code", "message", "detail", "details", "error"])
@pytest.mark.parametrize("value", ["other", 7, None, {"x": 1}, {"code": "other", "details": {}}, ["other"]], ids=str)
def test_details_called_like_parts_of_the_envelope(layer: str, key: str, value: object) -> None:
    """
    A detail may be called "code" or "message": it arrives, and is neither taken for the code nor for the message.
    """
    error = DeskError("closed", "Come back tomorrow.", details={key: value, "y": 2}).become(DeskError.cases[0])
    arrived = parse_reply(render_error(error, one_layer(DESK, layer)), DESK)

    assert snapshot(error) == snapshot(arrived)


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (
            LostError("Gone.", what="key", clerk="Ada"),
            {"detail": {"message": "Gone.", "code": "lost", "what": "key", "clerk": "Ada"}},
        ),
        (
            LostError("No way.").with_case("lost_way"),
            {"error": {"code": "lost_way", "message": "No way.", "details": {}}, "request_id": "req-1"},
        ),
        (LostError("Nobody knows.").with_case(None), {"detail": "Nobody knows."}),
        (
            DeskError("closed", "Come back.", details={"opens": 9}),
            {"detail": {"message": "Come back.", "code": "closed", "opens": 9}},
        ),
    ],
    ids=["handler", "middleware", "sentence", "details"],
)
def test_the_case_says_who_speaks(error: Error, body: object) -> None:
    """
    A case that middleware says is sent in its shape; any other in that of handlers, as a sentence where it is no more.
    """
    assert body == json.loads(render_error(error, DESK, request_id="req-1").body)


@pytest.mark.parametrize(
    "body",
    [
        {"detail": {"code": "lost", "message": "Gone.", "what": "key"}},
        {"error": {"code": "lost", "message": "Gone.", "details": {"what": "key"}}},
        {"error": {"code": "lost", "message": "Gone.", "details": {"details": {"what": "key"}, "what": "key"}}},
        {"detail": {"code": "lost", "message": "Gone.", "what": "key"}, "error": {"code": "other", "message": "No."}},
    ],
)
def test_both_shapes_are_read(body: object) -> None:
    """
    Whoever said it, it is read.
    """
    error = parse_reply(Reply(404, {}, json.dumps(body).encode()), DESK)

    assert isinstance(error, LostError)
    assert ("Gone.", "key", "lost") == (error.message, error.what, error.case.code)
    assert "key" == error.details["what"]


@pytest.mark.parametrize(
    ("status", "said", "code", "body_code"),
    [
        (404, "lost", "LOST", "lost"),
        (404, "lost_at_sea", "LOST", "lost_at_sea"),
        (404, None, "LOST", None),
        (409, "closed", "closed", None),
        (409, None, "closed", None),
        (418, "teapot", "teapot", None),
        (418, None, "unknown", None),
    ],
)
def test_codes(status: int, said: str | None, code: str, body_code: str | None) -> None:
    """
    What the reply said stays readable where the class has a code of its own; where it said none, the status may.
    """
    body = {"error": {"code": said, "message": "So it is."}}
    error = parse_reply(Reply(status, {}, json.dumps(body).encode()), DESK)

    assert isinstance(error, DeskError)
    assert (code, body_code) == (error.code, error.body_code)


def test_the_first_case_is_meant() -> None:
    """
    An error whose class has a code of its own is the first of its cases, or the first for its status.
    """
    error = LostError()
    assert ("lost", None, 404) == (error.case.code, error.status, error.status_on_the_wire)

    error.status = 410
    assert ("lost_for_good", 410) == (error.case.code, error.status_on_the_wire)


def test_what_is_mirrored() -> None:
    """
    The details hold what is mirrored there, and not what is sent beside it.
    """
    error = LostError("Gone.", what="key", clerk="Ada")

    assert {"what": "key"} == error.details
    assert {"what": "key"} == parse_reply(render_error(error, DESK), DESK).__dict__["details"]
