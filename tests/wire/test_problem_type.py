from __future__ import annotations

import json

import pytest

import failwell
from failwell import Catalogue, Message, field
from failwell.contract.catalogues.catalogue import anchor
from failwell.wire import Problem, parse_reply, render_error


class DeskError(failwell.Error):
    message: Message = field(kw_only=False)


class LostError(DeskError, status=404, code="lost"): ...


class DottedError(DeskError, status=409, code="desk.not open"): ...


class GoneError(DeskError, status=410): ...


def desk(envelope: Problem, docs: str | None = None) -> Catalogue:
    """The desk's catalogue in *envelope*, with its page published at *docs*."""
    errors = (LostError, DottedError, GoneError)
    return Catalogue("desk", base=DeskError, default=DeskError, errors=errors, envelope=envelope, docs=docs)


def sent(error: failwell.Error, catalogue: Catalogue) -> object:
    """The `type` that is sent."""
    return json.loads(render_error(error, catalogue).body)["type"]


PUBLISHED = desk(Problem(), "https://desk.test/errors")


def test_type_is_the_address_of_the_code() -> None:
    """
    The `type` of problem+json is where the code is explained.
    """
    assert "https://desk.test/errors#lost" == sent(LostError("No"), PUBLISHED) == PUBLISHED.address("lost")
    assert "https://desk.test/errors#desk-not-open" == sent(DottedError("No"), PUBLISHED)


@pytest.mark.parametrize(
    ("catalogue", "error"),
    [(PUBLISHED, GoneError("No")), (desk(Problem()), LostError("No"))],
    ids=["no code", "not published"],
)
def test_type_that_says_nothing(catalogue: Catalogue, error: DeskError) -> None:
    """
    Without a code, or without a published page, the `type` says no more than the status (RFC 9457, 4.2.1).
    """
    assert "about:blank" == sent(error, catalogue)


def test_undeclared_code_has_no_address() -> None:
    """
    A code that is not declared has no entry, so nothing says that it has.
    """
    assert None is PUBLISHED.address("nope")
    assert None is desk(Problem()).address("lost")


def test_type_base_wins() -> None:
    """
    A vendor whose types are not addresses of pages keeps them.
    """
    assert "urn:desk:lost" == sent(LostError("No"), desk(Problem(type_base="urn:desk:"), "https://desk.test/errors"))


@pytest.mark.parametrize(
    "kind",
    [
        "https://desk.test/errors#lost",
        "https://desk.test/errors/lost/",
        "https://desk.test/errors/lost?v=1",
        "https://desk.test/errors/lost/?v=1/2",
        "https://desk.test/errors?v=1#lost",
        "https://desk.test/errors/lost#",
        "/errors/lost?v=1",
        "urn:desk:lost",
        "lost",
    ],
)
def test_code_in_the_type(kind: str) -> None:
    """
    A reply whose code stands in its `type` alone is read as that code.
    """
    reply = render_error(LostError("No"), PUBLISHED)
    body = json.loads(reply.body)
    del body["code"]

    found = parse_reply(type(reply)(404, reply.headers, json.dumps({**body, "type": kind}).encode()), PUBLISHED)

    assert (LostError, "lost") == (type(found), found.case.code)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("duplicate_name", "duplicate_name"), ("HTTP_413", "HTTP_413"), ("a.b c/d", "a-b-c-d"), ("täg#1", "t-g-1")],
)
def test_anchor(name: str, expected: str) -> None:
    """
    An anchor needs no escaping in an address, whatever the code.
    """
    assert expected == anchor(name)
