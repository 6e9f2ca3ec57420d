"""A 422 says where and what is wrong, and never what was sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import fastapi
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

import failwell
from failwell import Body, Catalogue, Details, Message
from failwell.server import install
from failwell.server.errors.redaction import NOT_ACCEPTED, redacted_field_error
from failwell.server.frameworks.starlette.adapter import refusal
from failwell.wire import Detail, ErrorObject, Problem, Reply, parse_reply

from .shop import SHOP, Shop, ask

pytestmark = pytest.mark.anyio

SECRET = "hunter2-4711"


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


def quoting(value: str) -> str:
    """A validator whose words repeat what was sent."""
    raise ValueError(f"{value!r} is no colour")


def beginning(value: str) -> str:
    """One that repeats the beginning."""
    raise ValueError(f"Unexpected {value[:12]}...")


def custom(value: str) -> str:
    """One with an error of its own kind."""
    raise PydanticCustomError("colour", "{value} is no colour", {"value": value})


def asserting(value: str) -> str:
    """One with an assertion."""
    assert value == "red", f"{value} is not red"
    return value


def silent(_: str) -> str:
    """One that says what is wanted."""
    raise ValueError("Use the name of a colour")


class Pair(BaseModel):
    colour: str

    @model_validator(mode="after")
    def quote(self) -> Pair:
        """Repeat a part of a whole."""
        raise ValueError(f"no pair with {self.colour}")


TYPES: dict[str, tuple[Any, Any, str]] = {
    "tag of a union": (
        Annotated[Cat | Dog, Field(discriminator="kind")],
        {"kind": SECRET},
        "The tag found using 'kind' does not match any of the expected tags: 'cat', 'dog'",
    ),
    "huge tag of a union": (
        Annotated[Cat | Dog, Field(discriminator="kind")],
        {"kind": SECRET * 100_000},
        "The tag found using 'kind' does not match any of the expected tags: 'cat', 'dog'",
    ),
    "UUID": (UUID, SECRET, "Input should be a valid UUID"),
    "quoting": (Annotated[str, AfterValidator(quoting)], SECRET, NOT_ACCEPTED),
    "beginning": (Annotated[str, AfterValidator(beginning)], SECRET * 100_000, NOT_ACCEPTED),
    "custom": (Annotated[str, AfterValidator(custom)], SECRET, NOT_ACCEPTED),
    "custom, short": (Annotated[str, AfterValidator(custom)], "zq71", NOT_ACCEPTED),
    "asserting": (Annotated[str, AfterValidator(asserting)], SECRET, NOT_ACCEPTED),
    "of a part": (Pair, {"colour": SECRET}, NOT_ACCEPTED),
    "silent": (Annotated[str, AfterValidator(silent)], SECRET, "Use the name of a colour"),
    "pydantic's": (int, SECRET, "Input should be a valid integer, unable to parse string as an integer"),
    "a choice": (Literal["red", "green"], SECRET, "Input should be 'red' or 'green'"),
}


@pytest.mark.parametrize("case", TYPES)
async def test_nothing_that_was_sent_comes_back(shop: Shop, case: str) -> None:
    """
    S9. What was sent does not come back in a 422, whatever pydantic or a validator puts into its words.
    """
    kind, sent, message = TYPES[case]

    async def check(value: Any) -> None: ...

    check.__annotations__["value"] = Annotated[kind, fastapi.Body()]
    shop.app.add_api_route("/check", check, methods=["POST"])
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.post("/check", json=sent)

    assert (422, [message]) == (got.status_code, [problem["msg"] for problem in got.json()["detail"]])
    assert not any(part in got.text for part in ("hunter2", "zq71"))
    assert len(got.content) < 2000


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b'{"item": ', "The body is not valid JSON at character 9"),
        (b'{"item": "hunter2" "x"}', "The body is not valid JSON at character 19"),
        (b"hunter2", "The body is not valid JSON at character 0"),
    ],
)
async def test_where_json_breaks_is_no_field(shop: Shop, sent: bytes, message: str) -> None:
    """
    S9. JSON that cannot be read is an error of the body; the place in its text is in the words, not a field.
    """
    async with ask(install(shop.app, SHOP)) as client:
        got = await client.post("/checked", content=sent, headers={"content-type": "application/json"})

    assert [{"loc": ["body"], "msg": message, "type": "json_invalid"}] == got.json()["detail"]
    assert (422, f"1 invalid field: {message}") == (got.status_code, got.json()["error"]["message"])


def test_long_words_are_cut() -> None:
    """
    S9. Words and kinds of any length are cut, and so is the list.
    """
    problem = {"loc": ("body", "x"), "msg": "a" * 10_000, "type": "b" * 1000, "input": None}
    refused = refusal(RequestValidationError([problem] * 1000))

    assert refused is not None
    assert (100, 300, 64) == (len(refused.entries), len(refused.entries[0]["msg"]), len(refused.entries[0]["type"]))
    assert len(refused.message) < 1200


@pytest.mark.parametrize(
    ("said", "given", "repeats"),
    [
        ("no such colour", "red", False),
        ("no colour 'red'", "red", True),
        ("no colour red", "red", False),
        ("no colour rose", "rose", True),
        ("no colours", "colour", True),
        ("use `name`, not `class`", {"class": "person"}, False),
        ("no person here", {"class": ["person"]}, True),
        ("at most 5", 5, False),
        ("card 4111111111 is none", 4111111111, True),
        ("at least one", None, False),
        ("at least one", True, False),
        ("at least one", "", False),
        ("at least one", {}, False),
        ("at least one", [[[]]] * 5000, False),
        pytest.param("at least one", 10**5000, False, id="huge number"),
    ],
)
def test_which_words_repeat_what_was_sent(said: str, given: Any, *, repeats: bool) -> None:
    """
    S9. Words of the app that repeat a value are replaced; those that only share a short word with it stay.
    """
    shown = redacted_field_error(
        {"loc": ("body",), "msg": f"Value error, {said}", "type": "value_error", "input": given}
    )["msg"]

    assert (NOT_ACCEPTED if repeats else said) == shown


OBJECTS = [{"loc": ["body", "item"], "msg": "Field required", "type": "missing"}]
BY_NAME = {"item": ["Field required"]}
LINES = ["item: Field required"]


FIELDS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "details": ({"errors": Annotated[list[dict[str, Any]], Details()]}, "errors", OBJECTS),
    "another name": ({"rejected": Annotated[list[dict[str, Any]], Details()]}, "rejected", OBJECTS),
    "its place": ({"rejected": Annotated[list[dict[str, Any]], Body("meta.rejected")]}, "rejected", OBJECTS),
    "anything": ({"rejected": Annotated[list[Any], Body("rejected")]}, "rejected", OBJECTS),
    "or none": ({"fields": Annotated[list[dict[str, Any]] | None, Body("fields")]}, "fields", OBJECTS),
    "by name": ({"errors": Annotated[dict[str, list[str]], Body("errors")]}, "errors", BY_NAME),
    "sentences": ({"problems": Annotated[list[str], Details()]}, "problems", LINES),
    "the usual one of two": (
        {
            "other": Annotated[list[dict[str, Any]], Details()],
            "errors": Annotated[list[dict[str, Any]], Body("error.details")],
        },
        "errors",
        OBJECTS,
    ),
    "not a field for something else": (
        {"hints": Annotated[list[str], Details()], "rejected": Annotated[list[dict[str, Any]], Details()]},
        "rejected",
        OBJECTS,
    ),
}


@pytest.mark.parametrize("envelope", [Detail(), ErrorObject(), Problem()], ids=["detail", "object", "problem"])
@pytest.mark.parametrize("case", FIELDS)
async def test_entries_reach_the_field_declared_for_them(case: str, envelope: Any) -> None:
    """
    The field errors of a 422 reach the field that is declared for them, wherever it travels and in whatever form.
    """
    annotations, name, expected = FIELDS[case]

    class BaseError(failwell.Error):
        """Base."""

        message: Message = failwell.field(kw_only=False)

    class OtherError(BaseError):
        """Anything else."""

    body = {"__annotations__": annotations, "__doc__": "Wrong.", "__module__": __name__}
    defaults: dict[str, Any] = {field: failwell.field(default_factory=list) for field in annotations}
    invalid: Any = type("InvalidError", (BaseError,), {**body, **defaults}, status=422)
    catalogue = Catalogue(
        "desk", base=BaseError, default=OtherError, errors=(BaseError, invalid, OtherError), envelope=envelope
    )
    app = FastAPI()

    class Order(BaseModel):
        item: str

    async def order(order: Order) -> None: ...

    order.__annotations__["order"] = Order
    app.add_api_route("/", order, methods=["POST"])
    async with ask(install(app, catalogue)) as client:
        got = await client.post("/", json={})
    error: Any = parse_reply(Reply(got.status_code, dict(got.headers), got.content), catalogue)

    assert (422, expected) == (got.status_code, getattr(error, name))
    assert getattr(error, "hints", []) == []
