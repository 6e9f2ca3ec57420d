from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from failwell import Catalogue
from failwell.reference.errors import NoExplanationError, SilentBodyError, UnknownThingError
from failwell.reference.explanation.explain import Explanation, explain, explain_reply
from failwell.reference.page.collect import page_of
from failwell.wire import render_error
from pictograph.exceptions import CATALOGUE as PICTOGRAPH, PaymentRequiredError
from tests.contract.samples import CATALOGUES

from .shop import SHOP, OutOfStockError

VENDORS = [CATALOGUES[name] for name in ("pictograph", "scopix", "subconscious", "vectorshift")]

FIELD = {"loc": ["body", "annotations", 0, "name"], "msg": "Field required", "type": "missing"}
PAYMENT = {"message": "Out of credits", "required": 5, "remaining": 1, "upgrade_url": "https://p.test/up"}
GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
PROBLEM = {"type": "https://shop.test/errors#out_of_stock", "title": "Conflict", "status": 409, "detail": "No unicorns"}


class Body(NamedTuple):
    """A body, the status that is known of it, and what it is: class, status and code."""

    text: str | bytes
    status: int | None
    expected: tuple[str, str, str | None]


BODIES: dict[str, Body] = {
    "a sentence": Body('{"detail": "Dataset not found"}', 404, ("NotFoundError", "404", None)),
    "a code": Body(
        '{"detail": {"message": "ds exists", "error_code": "duplicate_name"}}',
        None,
        ("ConflictError", "409", "duplicate_name"),
    ),
    "a code beside a sentence": Body(
        '{"detail": "ds exists", "error_code": "duplicate_name"}', None, ("ConflictError", "409", "duplicate_name")
    ),
    "a code and its status": Body(
        '{"detail": {"error_code": "version_conflict"}}', 409, ("ConflictError", "409", "version_conflict")
    ),
    "a code of another status": Body(
        '{"detail": {"error_code": "version_conflict"}}', 500, ("ServerError", "500", None)
    ),
    "a code that nobody declared": Body('{"detail": {"error_code": "new"}}', 409, ("ConflictError", "409", None)),
    "fields of one class": Body(json.dumps({"detail": PAYMENT}), None, ("PaymentRequiredError", "402", None)),
    "field errors": Body(json.dumps({"detail": [FIELD]}), None, ("ValidationError", "422", None)),
    "field errors and a sentence": Body(
        json.dumps({"detail": [FIELD, FIELD], "message": "No."}), 422, ("ValidationError", "422", None)
    ),
    "a proxy's page": Body(GATEWAY, None, ("ServerError", "502", None)),
    "a proxy's page, and another status": Body(GATEWAY, 504, ("ServerError", "504", None)),
    "nothing": Body("", 503, ("ServerError", "503", None)),
    "white space": Body(" \r\n\t", 401, ("AuthError", "401", None)),
    "cut": Body('{"detail": {"message": "ds exists", "error_co', 409, ("ConflictError", "409", None)),
    "no JSON": Body("upstream connect error or disconnect/reset before headers", 503, ("ServerError", "503", None)),
    "no JSON, with its status": Body(
        "503 Service Unavailable: no healthy upstream", None, ("ServerError", "503", None)
    ),
    "not UTF-8": Body(b'{"detail": "\xff\xfe"}', 403, ("ForbiddenError", "403", None)),
    "a list": Body("[1, 2, 3]", 418, ("ApiError", "418", None)),
    "a string": Body('"Forbidden"', 403, ("ForbiddenError", "403", None)),
    "null": Body('{"detail": null}', 429, ("RateLimitError", "429", None)),
    "deep": Body("[" * 100_000, 500, ("ServerError", "500", None)),
    "huge": Body('{"detail": "' + "x" * 3_000_000 + '"}', 404, ("NotFoundError", "404", None)),
    "6000 digits": Body('{"detail": {"required": ' + "9" * 6000 + "}}", 402, ("PaymentRequiredError", "402", None)),
    "problem+json of another vendor": Body(json.dumps(PROBLEM), 409, ("ConflictError", "409", None)),
    "curl -i": Body(
        'HTTP/2 429 \r\nretry-after: 7\r\nx-request-id: req-1\r\n\r\n{"detail": "Slow down"}',
        None,
        ("RateLimitError", "429", None),
    ),
    "curl -i, empty": Body("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", None, ("AuthError", "401", None)),
    "curl -i, of two replies": Body(
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\nA: b\n\n{"detail": "No"}',
        None,
        ("NotFoundError", "404", None),
    ),
}


def paste(text: str | bytes, *catalogues: Catalogue, status: int | None = None) -> tuple[Explanation, ...]:
    """What is said of a pasted *text*, by Pictograph's catalogue unless others are given."""
    raw = text if isinstance(text, bytes) else text.encode()
    return explain_reply(raw, catalogues or (PICTOGRAPH,), status=status)


def told(found: Explanation) -> tuple[str, str | None, str | None]:
    """Class, status and code."""
    return found.facts.name, found.status, found.line.code if found.line is not None else None


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_body(body: Body) -> None:
    """
    Whatever is pasted, the answer is the class that the client would raise, with its attributes' values.
    """
    (found,) = paste(body.text, status=body.status)

    assert body.expected == told(found)
    assert found.error is not None
    assert {a.name for a in found.attributes} == set(found.values or {})


SILENT: dict[str, tuple[str, str]] = {
    "a sentence": ('{"detail": "Dataset not found"}', "The body has no code, and no field that only one error has."),
    "nothing": ("", "An empty body says nothing about the error."),
    "cut": ('{"detail": {"message": "x", "error_co', "The body (37 bytes) is not whole JSON, so it has no code."),
    "no JSON": ("no healthy upstream", "The body (19 bytes) is not whole JSON, so it has no code."),
}


@pytest.mark.parametrize("name", ["a code", "cut", "nothing", "no JSON", "a proxy's page", "a list", "curl -i"])
def test_an_argument_is_a_body_too(name: str) -> None:
    """
    A body is known by its look: given where a name could stand, it is explained as a body.
    """
    body = BODIES[name]
    assert isinstance(body.text, str)

    (found,) = explain(body.text, [PICTOGRAPH], status=body.status)

    assert body.expected == told(found)


@pytest.mark.parametrize(("text", "what"), SILENT.values(), ids=SILENT)
def test_a_body_that_does_not_say(text: str, what: str) -> None:
    """
    A body that says nothing without its status is an error that asks for it, not a guess.
    """
    with pytest.raises(SilentBodyError) as caught:
        paste(text)

    remedy = "Add the status of the reply, e.g. --status 404, or paste its first line too."
    assert (f"{what} {remedy}", what) == (str(caught.value), caught.value.what)


def test_values() -> None:
    """
    The attributes hold what was pasted, as in the exception that the SDK would raise.
    """
    (found,) = paste(json.dumps({"detail": PAYMENT}))

    assert isinstance(found.error, PaymentRequiredError)
    expected: dict[str, Any] = {"error_code": None, "status_code": 402, **PAYMENT}
    assert expected == found.values


def test_headers() -> None:
    """
    What `curl -i` prints above the body is read too: the waiting time and the id of the request.
    """
    (found,) = paste(BODIES["curl -i"].text)

    assert found.error is not None
    assert found.values is not None
    assert (7, "req-1") == (found.values["retry_after"], found.error.request_id)


def test_a_code_that_is_not_declared() -> None:
    """
    A code that is not declared for the status does not choose the class; that is said.
    """
    (found,) = paste('{"detail": {"error_code": "new"}}', status=409)

    assert "The code 'new' is not declared for 409: the class is that of the status." == found.note
    assert None is paste('{"detail": {"error_code": "duplicate_name"}}')[0].note


def test_an_unknown_code_without_a_status() -> None:
    """
    A code that no catalogue has is an error with the nearest codes.
    """
    with pytest.raises(UnknownThingError) as caught:
        paste('{"detail": {"error_code": "duplicate_nam"}}')

    assert ("duplicate_nam", "duplicate_name") == (caught.value.thing, caught.value.nearest[0])


def test_problem_of_another_vendor() -> None:
    """
    problem+json of a vendor that is not installed is not explained as one of those that are, unless asked to.
    """
    with pytest.raises(UnknownThingError) as caught:
        paste(json.dumps(PROBLEM))
    with pytest.raises(UnknownThingError):
        paste(json.dumps(PROBLEM), *VENDORS, status=409)

    assert ("out_of_stock", ("pictograph",)) == (caught.value.thing, caught.value.catalogues)


def test_problem_of_an_installed_vendor() -> None:
    """
    The `type` of problem+json alone leads to the vendor and to the code.
    """
    (found,) = paste(json.dumps(PROBLEM), *VENDORS, SHOP)

    assert ("shop", ("OutOfStockError", "409", "out_of_stock")) == (found.catalogue, told(found))
    assert PROBLEM["type"] == found.address


def test_what_our_server_sends() -> None:
    """
    What the server renders leads to its page: the `type` that it sent is the address.
    """
    reply = render_error(OutOfStockError("No unicorns", sku="unicorn", back="2027-04-01"), SHOP)

    (found,) = paste(reply.body, SHOP)

    assert json.loads(reply.body)["type"] == found.address
    assert found.values is not None
    assert ("unicorn", "2027-04-01") == (found.values["sku"], found.values["back"])


def test_the_vendor_that_fits() -> None:
    """
    Among several vendors the one whose code, or whose fields, are in the body is chosen.
    """
    scopix = '{"error": {"code": "STORAGE_QUOTA_EXCEEDED", "message": "Full", "details": {}}, "request_id": "r"}'

    assert "scopix" == paste(scopix, *VENDORS)[0].catalogue
    assert "pictograph" == paste(json.dumps({"detail": PAYMENT}), VENDORS[0], SHOP)[0].catalogue


def test_several_vendors_fit() -> None:
    """
    A body that fits several vendors is explained for each of them.
    """
    found = paste("<html>", *VENDORS, status=404)

    assert [vendor.name for vendor in VENDORS] == [explanation.catalogue for explanation in found]
    assert ("NotFoundError", "404") == (found[0].facts.name, found[0].status)


def outcome(body: Body, catalogue: Catalogue, status: int | None) -> str:
    """What is said of *body*: the class it is, or why nothing can be said."""
    try:
        return paste(body.text, catalogue, status=status)[0].facts.name
    except NoExplanationError as refused:
        return str(refused)


@pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_total(catalogue: Catalogue, body: Body) -> None:
    """
    For every vendor every body is one of its classes, or refused with a sentence; nothing else is ever raised.
    """
    names = {error.name for error in page_of(catalogue).errors}

    for status in (None, 404, 503):
        said = outcome(body, catalogue, status)
        assert said in names or said.endswith(".")
