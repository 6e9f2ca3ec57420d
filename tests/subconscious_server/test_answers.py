"""What an `answerFormat` is filled with."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from subconscious_server import Fact, NoAnswerError
from subconscious_server.answers import filled

FACTS = [
    Fact(name="quote", value="Apples cost 42 euros."),
    Fact(name="number", value=42),
    Fact(name="date", value="2026-11-21"),
    Fact(name="ratio", value=0.5),
    Fact(name="done", value=True),
]


class Price(BaseModel):
    amount: int
    note: str | None = None


class Report(BaseModel):
    """A model as a caller would pass it to the SDK."""

    price: Price
    ratio: float
    summary: str
    missing: bool = False


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "number"}, 42),
        ({"type": "string"}, "all of it"),
        ({"type": "string", "format": "date"}, "2026-11-21"),
        ({"type": "string", "enum": ["no", "2026-11-21"]}, "2026-11-21"),
        ({"type": "array", "items": {"type": "number"}}, [42, 0.5]),
        ({"type": ["integer", "null"]}, 42),
        ({"const": "v1"}, "v1"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ({"properties": {"ratio": {"type": "number"}, "a": {"type": "number"}}}, {"ratio": 0.5, "a": 42}),
        (
            {"type": "object", "properties": {"a": {"type": "number"}, "ratio": {"type": "number"}}},
            {"a": 42, "ratio": 0.5},
        ),
        (
            {"type": "object", "properties": {"quote": {"type": "string"}, "x": {"type": "boolean", "enum": [False]}}},
            {"quote": "Apples cost 42 euros."},
        ),
        (
            Report.model_json_schema(),
            {"price": {"amount": 42, "note": "all of it"}, "ratio": 0.5, "summary": "all of it", "missing": True},
        ),
    ],
)
def test_filled(schema: Any, expected: Any) -> None:
    """
    A property takes the fact of its name, else the first of its type that is left; a string the whole answer.
    """
    assert expected == filled(schema, FACTS, "all of it")


def test_order() -> None:
    """
    The properties come in the order of the schema.
    """
    schema: Any = {"properties": {"a": {"type": "integer"}, "ratio": {"type": "number"}, "number": {"type": "integer"}}}

    assert ["ratio", "number"] == list(filled(schema, FACTS, ""))  # type: ignore[arg-type]


LOOP = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
DEEP = {
    "properties": {"a": {"$ref": "#/$defs/a"}},
    "$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]}},
    "required": ["a"],
}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (
            {"properties": {"n": {"type": "integer"}, "m": {"type": "integer"}}, "required": ["n", "m"]},
            'asks for "m" (integer), and nothing of the kind was found',
        ),
        ({"type": "string", "pattern": "^a"}, '"pattern", which this engine cannot keep'),
        ({"type": "integer", "enum": [1]}, "nothing of the kind"),
        ({"type": "colour"}, "nothing of the kind"),
        ({"properties": 5}, "no JSON schema"),
        ({"properties": {"a": 5}, "required": ["a"]}, "no JSON schema"),
        ({"$ref": "#/$defs/none"}, "no JSON schema"),
        ({"anyOf": []}, "empty `anyOf`"),
        (LOOP, "refers to itself"),
        (DEEP, "nested more than 16 deep"),
    ],
)
def test_no_answer(schema: Any, why: str) -> None:
    """
    Where nothing fits, or the schema asks for what is not checked here, the reason is told.
    """
    with pytest.raises(NoAnswerError) as caught:
        filled(schema, FACTS, "all of it")

    assert why in str(caught.value)
