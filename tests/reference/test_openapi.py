from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from openapi_spec_validator import validate

import failwell
from failwell import Case, Catalogue, Error, Message, field
from failwell.reference.openapi.examples import examples
from failwell.reference.openapi.responses import OpenApiErrors, document
from failwell.wire import ErrorObject, Problem, parse_reply, render_error, snapshot
from tests.contract.samples import CATALOGUES
from tests.contract.samples.strategies import errors, travelling

from .documents import checker, complaints, resolved, responses_of, shown

EACH = pytest.mark.parametrize("name", CATALOGUES)


@functools.cache
def described(name: str) -> dict[str, Any]:
    """The document of one of the catalogues."""
    return document(CATALOGUES[name])


@EACH
def test_a_validator_accepts_the_document(name: str) -> None:
    """
    C6. The document of every catalogue is OpenAPI 3.1, and plain JSON.
    """
    validate(json.loads(json.dumps(described(name))))


@EACH
def test_every_example_parses_to_its_class(name: str) -> None:
    """
    C6. Every example, read from the document alone, is parsed to the class and case that it is an example of.
    """
    catalogue = CATALOGUES[name]
    found = list(shown(described(name)))
    known = {
        (operation, one.name, one.reply.status): one
        for operation in {one.operation for one in found}
        for one in examples(catalogue, operation or None)
    }

    for one in found:
        error = parse_reply(one.reply, catalogue, operation=one.operation or None)
        wanted = known[one.operation, one.name, one.reply.status]
        if catalogue.envelope.lossless:
            assert snapshot(wanted.error) == snapshot(error)
        assert (type(wanted.error), wanted.case) == (type(error), error.case)
    assert found


@EACH
def test_every_case_has_an_example(name: str) -> None:
    """
    C6. Each case that a reply can be has one, at its operation or without one.
    """
    catalogue = CATALOGUES[name]
    cases = {(cls, case) for cls, case in travelling(catalogue) if case.status is not None}
    operations = {case.operation for _, case in cases}

    listing = Catalogue(
        name,
        base=catalogue.base,
        default=catalogue.default,
        errors=catalogue.errors,
        envelope=catalogue.envelope,
        status_decides=catalogue.status_decides,
    )
    had = {(type(one.error), one.case) for operation in operations for one in examples(listing, operation)}

    assert cases == {claim for claim in had if claim[1].status is not None}


@EACH
def test_an_example_fits_exactly_one_case(name: str) -> None:
    """
    C6. The cases of a status are told apart by the schema: an example fits its own and no other.
    """
    found = described(name)

    @functools.cache
    def fits(choice: str, body: bytes) -> bool:
        return not complaints(found, json.loads(choice), json.loads(body))

    for one in shown(found):
        choices = one.schema.get("oneOf", [one.schema])
        fitting = [choice for choice in choices if fits(json.dumps(choice), one.reply.body)]
        assert [one.name] == [resolved(found, choice)["title"] for choice in fitting]


def claims() -> list[Any]:
    """One parameter per case that a reply can be."""
    return [
        pytest.param(name, claim, id=f"{name}-{claim[0].__name__}-{claim[1]}".replace(" ", "_"))
        for name, catalogue in CATALOGUES.items()
        for claim in travelling(catalogue)
    ]


@pytest.mark.parametrize(("name", "claim"), claims())
def test_whatever_travels_fits_the_schema(name: str, claim: tuple[type[Error], Case]) -> None:
    """
    C6. Whichever fields an error has filled in, with whatever is in them, its body fits the schema of its status.
    """
    catalogue = CATALOGUES[name]
    everything = Catalogue(
        name,
        base=catalogue.base,
        default=catalogue.default,
        errors=catalogue.errors,
        envelope=catalogue.envelope,
        status_decides=catalogue.status_decides,
    )
    made = OpenApiErrors(everything)
    response = made.whole_responses(claim[1].operation)[str(claim[1].status or "default")]
    (content,) = response["content"].values()
    wrong_with = checker({"components": made.components}, content["schema"])

    @settings(max_examples=10)  # other ones each day; the examples above are the explicit ones
    @given(errors(catalogue, claim))
    def holds(error: Error) -> None:
        assert [] == wrong_with(json.loads(render_error(error, catalogue).body))

    holds()


class ShopError(failwell.Error):
    """Base of the shop."""

    message: Message = field(kw_only=False)


class SoldOutError(ShopError, status=409, code="sold_out", fix="Order something else."):
    """Nothing is left."""


class ClosedError(ShopError, status=409, code="closed"):
    """The shop is closed."""


class StolenError(ShopError, status=410):
    """Somebody took it."""


class Reserved410Error(StolenError, status=410, code="reserved"):
    """Somebody else has it, for now."""


SHOP = Catalogue(
    "shop",
    base=ShopError,
    default=ShopError,
    errors=(ShopError, SoldOutError, ClosedError, StolenError, Reserved410Error),
    envelope=ErrorObject(),
    operations={"orders.create": (SoldOutError, ClosedError), "orders.get": StolenError},
)


def test_an_operation_has_what_it_raises() -> None:
    """
    C7. An operation has the statuses of the classes that it raises, those below them included, and no others.
    """
    assert {"orders.create": ["409"], "orders.get": ["410"]} == {
        operation: list(responses) for operation, responses in responses_of(document(SHOP)).items()
    }
    assert ["Reserved410Error.reserved", "StolenError"] == sorted(one.name for one in examples(SHOP, "orders.get"))


def test_codes_discriminate() -> None:
    """
    C6. Two classes of one status are a oneOf, each with its only code, and one named example each.
    """
    found = document(SHOP)
    response = resolved(found, responses_of(found)["orders.create"]["409"])
    content = response["content"]["application/json"]

    assert [
        {"$ref": "#/components/schemas/SoldOutError.sold_out"},
        {"$ref": "#/components/schemas/ClosedError.closed"},
    ] == (content["schema"]["oneOf"])
    assert ["SoldOutError.sold_out", "ClosedError.closed"] == list(content["examples"])
    assert {
        "title": "SoldOutError.sold_out",
        "description": "Nothing is left.",
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "string", "enum": ["sold_out"]},
                    "message": {"type": "string"},
                    "details": {"type": "object"},
                },
                "required": ["code", "message", "details"],
            }
        },
        "required": ["error"],
    } == found["components"]["schemas"]["SoldOutError.sold_out"]
    assert {
        "summary": "Nothing is left.",
        "description": "Order something else.",
        "value": {"error": {"code": "sold_out", "message": "Nothing is left.", "details": {}}},
    } == content["examples"]["SoldOutError.sold_out"]


def test_a_class_without_a_code_leaves_the_codes_of_others() -> None:
    """
    C6. The case without a code takes any code but those that mean another case of its status.
    """
    found = document(SHOP)
    schema = found["components"]["schemas"]["StolenError"]

    def fits(code: str | None) -> bool:
        return not complaints(found, schema, {"error": {"code": code, "message": "m", "details": {}}})

    assert (True, True, False) == (fits(None), fits("anything"), fits("reserved"))


def test_an_operation_without_raises_has_what_any_may_raise() -> None:
    """
    C7. An operation that is not listed has the errors of `everywhere`; all, where a catalogue lists nothing.
    """
    listing = Catalogue(
        "shop",
        base=ShopError,
        default=ShopError,
        errors=SHOP.errors,
        envelope=ErrorObject(),
        everywhere=ClosedError,
    )
    silent = Catalogue("shop", base=ShopError, default=ShopError, errors=SHOP.errors, envelope=ErrorObject())

    assert ["ClosedError.closed"] == [one.name for one in examples(listing, "unheard.of")]
    assert len(SHOP.errors) == len(list(examples(silent, "unheard.of")))


def test_problem_json() -> None:
    """
    C6. An envelope of problem+json is described as such; its code, at the top of the body, is OpenAPI's discriminator.
    """
    problems = Catalogue(
        "shop",
        base=ShopError,
        default=ShopError,
        errors=SHOP.errors,
        envelope=Problem(),
        operations=SHOP.operations,
        docs="https://shop.test/errors",
    )
    found = document(problems)

    assert {
        "propertyName": "code",
        "mapping": {
            "sold_out": "#/components/schemas/SoldOutError.sold_out",
            "closed": "#/components/schemas/ClosedError.closed",
        },
    } == resolved(found, responses_of(found)["orders.create"]["409"])["content"]["application/problem+json"]["schema"][
        "discriminator"
    ]
    types = {kind for response in found["components"]["responses"].values() for kind in response["content"]}
    assert {"application/problem+json"} == types
    assert {"url": "https://shop.test/errors#closed"} == (
        found["components"]["schemas"]["ClosedError.closed"]["externalDocs"]
    )
