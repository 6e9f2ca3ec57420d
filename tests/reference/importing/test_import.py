from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from failwell import Case
from failwell.reference.importing.loading import UnreadableDocumentError, load
from failwell.reference.importing.planning import NothingToImportError, plan
from failwell.wire import Detail, ErrorObject, FirstOf, Problem, Reply, parse_reply

from .documents import BIN, answering, body, catalogue, document, flat, imported, named, reformatted, text_of

STRING = {"type": "string"}

SHOP = answering(
    {
        200: {"description": "Fine."},
        "401": {"$ref": "#/components/responses/Unauthorized"},
        "404": body({"$ref": "#/components/schemas/Error"}, "No such order. Look again."),
        "409": {
            **body(
                {
                    "allOf": [
                        {"$ref": "#/components/schemas/Error"},
                        flat(
                            error=flat(
                                code={"type": "string", "enum": ["sold_out", "taken"]},
                                itemId={"type": "integer", "description": "The number of the item. Ours."},
                                **{"class": {"type": ["string", "null"]}},
                            )
                        ),
                    ]
                },
                "Somebody was there before",
            ),
            "headers": {
                "Retry-After": {"schema": {"type": "string"}},
                "X-Shelf": {"schema": {"type": "integer"}},
                "X-Request-Id": {"schema": STRING},
            },
        },
        "4XX": body({"$ref": "#/components/schemas/Error"}),
        "5xx": {"description": ""},
        "default": body({"$ref": "#/components/schemas/Error"}, "Whatever else."),
    },
    schemas={
        "Error": flat(
            error={
                **flat(
                    code=STRING,
                    message=STRING,
                    hints={"type": "array", "items": STRING},
                    place={"oneOf": [{"type": "integer"}, STRING]},
                    level={"enum": ["low", "high"]},
                    extra={"type": "object", "additionalProperties": {"type": "number"}},
                ),
                "required": ["message"],
            }
        )
    },
    responses={"Unauthorized": body({"$ref": "#/components/schemas/Error"}, "The key is unknown.")},
)


def test_the_module() -> None:
    """
    A document becomes a module of typed classes, one per status, with the codes, fields and headers that it declares.
    """
    assert (Path(__file__).parent / "shop_module.txt").read_text(encoding="utf-8") == text_of(SHOP)


def test_it_builds_and_parses() -> None:
    """
    The module that is written can be imported, and its catalogue reads the replies that the document describes.
    """
    module = imported(SHOP)
    sold = {
        "error": {"code": "sold_out", "message": "Gone.", "itemId": 7, "class": "a", "hints": ["x"], "level": "low"}
    }
    reply = Reply(409, {"retry-after": "5", "x-shelf": "3"}, json.dumps(sold).encode())

    error: Any = parse_reply(reply, module.CATALOGUE, operation="orders.get")

    assert (module.ConflictError, Case("sold_out", 409)) == (type(error), error.case)
    assert ("Gone.", "sold_out", 409, 7, "a", ["x"], "low", 5, 3) == (
        error.message,
        error.code,
        error.status,
        error.item_id,
        error.class_,
        error.hints,
        error.level,
        error.retry_after,
        error.x_shelf,
    )
    assert (module.ClientError, module.ServerError, module.UnexpectedError) == tuple(
        type(parse_reply(Reply(status), module.CATALOGUE)) for status in (418, 503, 302)
    )


@pytest.mark.parametrize("width", [88, 120])
def test_it_is_formatted(tmp_path: Path, width: int) -> None:
    """
    The module is formatted as ruff does it, at its own line length and at a longer one.
    """
    path = tmp_path / "shop_errors.py"
    path.write_text(text_of(SHOP), encoding="utf-8")

    assert "" == reformatted(path, width)


@pytest.mark.slow
def test_type_checkers_accept_it(tmp_path: Path) -> None:
    """
    Neither mypy --strict nor pyright finds anything in the module.
    """
    path = tmp_path / "shop_errors.py"
    path.write_text(text_of(SHOP), encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')

    for command in (
        [str(BIN / "mypy"), "--strict", "--no-incremental", "--config-file=", path.name],
        [str(BIN / "pyright"), "--pythonpath", sys.executable, path.name],
    ):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
        assert 0 == ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("schema", "kind", "written", "envelope"),
    [
        (flat(detail=STRING), "application/json", "Detail()", Detail),
        (flat(detail=flat(message=STRING, error_code=STRING)), "application/json", 'Detail(code="error_code")', Detail),
        (flat(error=flat(message=STRING, type=STRING)), "application/json", 'ErrorObject(code="type")', ErrorObject),
        (flat(error=flat(message=STRING, code=STRING)), "application/json", "ErrorObject()", ErrorObject),
        (flat(type=STRING, title=STRING, detail=STRING), "application/problem+json", "Problem()", Problem),
        (flat(x=STRING), "application/problem+json; charset=utf-8", "Problem()", Problem),
        (flat(message=STRING, id=STRING), "application/json", 'FirstOf("message")', FirstOf),
        (flat(error=STRING, message=STRING), "application/json", 'FirstOf("message", code="error")', FirstOf),
        (flat(error=STRING, errorCode=STRING), "text/json", 'FirstOf("message", "error", "detail")', FirstOf),
        (flat(error=STRING, errorCode=STRING), "application/vnd.x+json", 'FirstOf("error", code="errorCode")', FirstOf),
        ({}, "application/json", 'FirstOf("message", "error", "detail")', FirstOf),
    ],
)
def test_the_envelope(schema: Any, kind: str, written: str, envelope: type) -> None:
    """
    The envelope is that of most bodies, with the keys in which they hold message and code.
    """
    data = answering({"400": body(schema, kind=kind)})

    assert f"    envelope={written},\n" in text_of(data)
    assert isinstance(catalogue(data).envelope, envelope)


@pytest.mark.parametrize(
    ("schema", "declared"),
    [
        (STRING, 'str | None, Body("x")] = None'),
        ({"type": "integer"}, 'int | None, Body("x")] = None'),
        ({"type": "number"}, 'float | None, Body("x")] = None'),
        ({"type": "boolean"}, 'bool | None, Body("x")] = None'),
        ({"type": "array", "items": {"type": "integer"}}, 'list[int], Body("x")] = field(default_factory=list[int])'),
        ({"type": "array"}, 'list[Any], Body("x")] = field(default_factory=list[Any])'),
        ({"type": ["array", "null"], "items": STRING}, 'list[str], Body("x")] = field(default_factory=list[str])'),
        (flat(a=STRING), 'dict[str, Any], Body("x")] = field(default_factory=dict[str, Any])'),
        (
            {"type": "object", "additionalProperties": STRING},
            'dict[str, str], Body("x")] = field(default_factory=dict[str, str])',
        ),
        ({"type": "string", "nullable": True}, 'str | None, Body("x")] = None'),
        ({"anyOf": [{"type": "integer"}, STRING, {"type": "null"}]}, 'int | str | None, Body("x")] = None'),
        ({"enum": ["a", "b"]}, 'Literal["a", "b"] | None, Body("x")] = None'),
        ({"enum": ["a", None]}, 'Literal["a"] | None, Body("x")] = None'),
        ({"const": 3}, 'Literal[3] | None, Body("x")] = None'),
        ({"enum": [f"value {n}" for n in range(20)]}, 'str | None, Body("x")] = None'),
        ({"enum": [1.5]}, 'float | None, Body("x")] = None'),
        ({}, 'Any, Body("x")] = None'),
        ({"$ref": "#/components/schemas/Loop"}, 'Any, Body("x")] = None'),
    ],
)
def test_the_type_of_a_field(schema: Any, declared: str) -> None:
    """
    A schema becomes the type that says most about what may arrive, and whatever is missing has a default.
    """
    data = answering(
        {"400": body(flat(message=STRING, x=schema))},
        schemas={"Loop": {"anyOf": [{"$ref": "#/components/schemas/Loop"}]}},
    )

    assert f"    x: Annotated[{declared}" in text_of(data)
    assert "shop" == catalogue(data).name


def test_names() -> None:
    """
    Names become identifiers: in snake_case, no keyword, nothing that an error has already or its declaration needs.
    """
    keys = ["fooBar", "foo_bar", "FOO-BAR", "class", "1st", "body", "args", "str", "field", "ü", "status", "with space"]
    cls = named(answering({"400": body(flat(message=STRING, **dict.fromkeys(keys, STRING)))}), "BadRequestError")
    names = [name for name in inspect.signature(cls).parameters if name not in ("message", "status")]

    assert [
        "foo_bar",
        "foo_bar_2",
        "foo_bar_3",
        "class_",
        "field_1st",
        "body_",
        "args_",
        "str_",
        "field_",
        "field_2",
        "status_",
        "with_space",
    ] == names


def test_fields_that_most_have_are_the_bases() -> None:
    """
    What most classes carry alike is declared once, in the base class.
    """
    same = body(flat(message=STRING, trace=STRING))
    other = body(flat(message=STRING, trace=STRING, name=STRING))
    module = imported(answering({"400": same, "404": other}))

    assert ["message", "status", "trace"] == list(inspect.signature(module.ShopError).parameters)
    assert ["message", "status", "trace", "name"] == list(inspect.signature(module.NotFoundError).parameters)


def test_what_cannot_be_carried_over_is_listed() -> None:
    """
    Each loss is a line at the top of the module, with how often and where.
    """
    code = flat(error=flat(message=STRING, code={"enum": ["a"]}))
    data = document(
        {
            "/a": {
                "get": {
                    "operationId": "a",
                    "responses": {
                        **{str(status): body(code) for status in (400, 401, 403, 404)},
                        "409": body(flat(error=STRING)),
                        "410": {"description": "", "content": {"text/html": {}}},
                        "411": {"$ref": "other.yaml#/x"},
                        "412": {"$ref": "#/components/nope"},
                        "422": body(flat(error=flat(message=STRING, **{"a.b": STRING}), where=flat(x=STRING))),
                        "666": {"description": "?"},
                        "nope": {"description": "?"},
                    },
                },
                "post": {"operationId": "a", "responses": {"400": {"description": ""}}},
            }
        }
    )
    made = plan(data, where="x.json")

    spread = (
        "codes that are declared at many statuses, without which goes with which; claim each where it belongs: "
        "Case(code, status) (1 x): a"
    )
    shape = "bodies of another shape than most; ErrorObject() reads no code of them, and their message if it can"
    assert {
        "operation ids that are used twice; the second has a number (1 x): a",
        spread,
        f"{shape} (1 x): a 409",
        "bodies that are not JSON but text/html (1 x): a 410",
        "references to other documents (1 x): other.yaml#/x",
        "references to what is not there (1 x): #/components/nope",
        "properties with a \".\" or nothing in their name ('a.b') (1 x): a 422",
        "objects inside of bodies: their properties are left as dict[str, Any] (1 x): body where",
        "statuses that are none (2 x): a 666, a nope",
    } == set(made.losses)
    assert "# - bodies that are not JSON but text/html (1 x): a 410\n" in text_of(data)


def test_operations() -> None:
    """
    C7. Each operation raises what it declares; what all of them declare is everywhere; one without an id has its path.
    """
    data = document(
        {
            "/a": {
                "get": {"operationId": "a.get", "responses": {"404": {"description": ""}, "401": {"description": ""}}}
            },
            "/b": {"parameters": [], "put": {"responses": {"401": {"description": ""}, "409": {"description": ""}}}},
            "/c": {"get": {"operationId": "c.get", "responses": {"200": {"description": ""}}}},
        }
    )
    module = imported(data)

    assert {"a.get": (module.NotFoundError,), "PUT /b": (module.ConflictError,)} == module.CATALOGUE.operations
    assert (module.UnauthorizedError,) == module.CATALOGUE.everywhere
    assert "2 error responses" not in text_of(data)
    assert "# Imported from x.json: 4 error responses of 3 operations, 1 of which declare none.\n" in text_of(data)


def test_codes_of_examples() -> None:
    """
    Codes are found in examples, too; the phrase of the status is none, nor is a sentence.
    """
    schema = flat(message=STRING, code=STRING)
    examples = {
        "one": {"value": {"code": "sold"}},
        "two": {"value": {"code": "Conflict"}},
        "x": {"value": {"code": "A b"}},
    }
    data = answering(
        {
            "409": body(schema, examples=examples),
            "410": body(flat(message=STRING, code={**STRING, "example": "gone_for_good"})),
        }
    )

    assert [("sold", 409), ("gone_for_good", 410)] == [
        (case.code, case.status) for _, case in catalogue(data).cases() if case.code is not None
    ]


NUMBERS = "codes that are numbers: they are read as numbers too, and sent as text"


@pytest.mark.parametrize(
    ("code", "examples", "codes", "losses"),
    [
        ({"type": "integer", "enum": [1001, 1002]}, {}, ["1001", "1002"], [NUMBERS]),
        ({"type": "integer", "const": 7}, {}, ["7"], [NUMBERS]),
        ({"type": "integer", "example": 7}, {}, ["7"], [NUMBERS]),
        ({"type": "integer"}, {"a": {"value": {"code": 12}}}, ["12"], [NUMBERS]),
        ({"type": "integer", "enum": [409]}, {}, [], [NUMBERS]),
        ({"type": "integer", "enum": [-5]}, {}, [], ["values of the code that no case can claim ('-5')"]),
        ({"type": "boolean", "enum": [True]}, {}, [], []),
        ({"enum": ["a b", None, "ok"]}, {}, ["ok"], ["values of the code that no case can claim ('a b')"]),
    ],
    ids=str,
)
def test_codes_that_are_numbers(code: Any, examples: Any, codes: list[str], losses: list[str]) -> None:
    """
    A code may be a number; what cannot be kept of it is listed. A reply with the number is the error of that case.
    """
    data = answering({"409": body(flat(message=STRING, code=code), examples=examples), "404": body(flat(code=STRING))})

    made = plan(data, where="x.json")

    assert codes == [one for cls in made.classes for one in cls.codes]
    assert losses == [loss.partition(" (1 x)")[0].partition(" (2 x)")[0] for loss in made.losses]
    for one in codes:
        reply = Reply(
            409,
            {"content-type": "application/json"},
            f'{{"code": {one if one.isdigit() else json.dumps(one)}}}'.encode(),
        )
        assert one == parse_reply(reply, catalogue(data)).case.code


def test_summaries_of_examples(tmp_path: Path) -> None:
    """
    The summary of a named example is the cause of its code; one without a code is listed as not carried over.
    """
    examples = {
        "sold": {"summary": "Somebody bought the last one", "value": {"code": "sold"}},
        "taken": {"description": "Somebody has it in a basket. Wait.", "value": {"code": "taken"}},
        "many": {
            "summary": "An account may hold so many, and it holds more than that. " * 3,
            "value": {"code": 9},
        },
        "odd": {"summary": "It says nothing", "value": {"message": "?"}},
        "plain": {"value": {"code": "plain"}},
    }
    data = answering({"409": body(flat(message=STRING, code=STRING), examples=examples)})

    causes = {case.code: case.cause for _, case in catalogue(data).cases() if case.code is not None}

    assert {
        "sold": "Somebody bought the last one.",
        "taken": "Somebody has it in a basket.",
        "9": "An account may hold so many, and it holds more than that.",
        "plain": None,
    } == causes
    assert "summaries of examples that have no code (1 x)" in "\n".join(plan(data, where="x.json").losses)
    module = tmp_path / "shop.py"
    module.write_text(text_of(data), encoding="utf-8")
    assert [""] * 3 == [reformatted(module, width) for width in (88, 100, 120)]


def test_the_vendor() -> None:
    """
    The vendor is called what the title of the API says, unless a name is given.
    """
    data = document(
        {"/a": {"get": {"responses": {"400": {"description": ""}}}}}, title="The OpenAI REST API (official)"
    )

    assert ("openai", "OpenAIError") == (imported(data).CATALOGUE.name, imported(data).CATALOGUE.base.__name__)
    assert ("my_shop", "MyShopError") == (
        imported(data, "my shop").CATALOGUE.name,
        imported(data, "my shop").CATALOGUE.base.__name__,
    )
    assert "ApiOSError" == imported(data, "OS").CATALOGUE.base.__name__


HOSTILE = ['"""', "'''", "\\", "a\"b'c", "x\ny", "# noqa", "\x00\x1b", "}}{{", "é☃", "type: ignore", "", "a" * 60]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text(tmp_path: Path, text: str) -> None:
    """
    Whatever a document calls things, they end up in strings and comments, and the module stays formatted.
    """
    data = document(
        {
            f"/{text}": {
                "get": {
                    "operationId": text,
                    "responses": {
                        "400": {
                            **body(flat(message=STRING, **{text: {**STRING, "description": text}}), text),
                            "headers": {"X-Y": {"schema": {"description": text}}},
                        },
                        "409": {"description": "", "content": {f"text/{text}": {}}},
                    },
                }
            }
        },
        title=text,
    )
    module = imported(data)
    path = tmp_path / "shop_errors.py"
    path.write_text(text_of(data), encoding="utf-8")

    assert (module.BadRequestError, module.ConflictError) == module.CATALOGUE.raises(text or f"GET /{text}")
    assert ["", ""] == [reformatted(path, 88), reformatted(path, 120)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["string", "object", "array"]),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "allOf",
                    "oneOf",
                    "anyOf",
                    "items",
                    "enum",
                    "const",
                    "$ref",
                    "error",
                    "detail",
                    "message",
                ]
            )
            | st.text(max_size=5),
            parts,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(
    schema=JSON,
    components=JSON,
    responses=st.dictionaries(st.sampled_from(["400", "404", "5XX", "default"]), JSON, min_size=1),
)
def test_any_document_can_be_imported(schema: Any, components: Any, responses: Any) -> None:
    """
    However odd the parts of a document are, a module comes of it that can be imported.
    """
    data = answering({**responses, "409": body(schema)})
    data["components"] = components

    assert catalogue(data).raises("orders.get")


def test_a_schema_made_of_itself() -> None:
    """
    A schema of endless parts is cut off, and listed, in no time.
    """
    loop = {"$ref": "#/components/schemas/Loop"}
    data = answering({"400": body(loop)}, schemas={"Loop": {"allOf": [loop] * 20, **flat(message=STRING)}})

    assert "shop" == catalogue(data).name
    assert any("schemas of too many parts, or made of themselves" in loss for loss in plan(data, where="x").losses)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff\xfe", "x.json cannot be imported: it is not UTF-8 (byte 0). Save it as UTF-8."),
        (b"{", "x.json cannot be imported: it begins like JSON, and is not (Expecting property name"),
        (b"{" * 100_000, "x.json cannot be imported: it begins like JSON, and is not ("),
        (b"a: [", "x.json cannot be imported: it is not YAML ("),
        (b"- 1", "x.json cannot be imported: it holds a list, an OpenAPI document is an object."),
        (b"", "x.json cannot be imported: it holds a NoneType, an OpenAPI document is an object."),
        (b'{"swagger": "2.0"}', "x.json cannot be imported: it is Swagger 2.0. Convert it to OpenAPI 3 first."),
        (b'{"a": 1}', 'x.json cannot be imported: it has no "openapi": "3...". Only OpenAPI 3 is read.'),
        (b'{"openapi": "3.1.0", "paths": []}', 'x.json cannot be imported: "paths" is no object.'),
    ],
)
def test_what_is_no_document(data: bytes, problem: str) -> None:
    """
    What is no OpenAPI 3 document is refused with what it is instead.
    """
    with pytest.raises(UnreadableDocumentError) as raised:
        load(data, "x.json")

    assert str(raised.value).startswith(problem)
    assert "x.json" == raised.value.where


def test_yaml() -> None:
    """
    YAML and JSON say the same; statuses may be numbers there.
    """
    text = b"""
openapi: 3.0.3
info: {title: Shop}
paths:
  /orders:
    get:
      responses:
        404: {description: No such order.}
"""
    assert ["404"] == [one.status for one in plan(load(text, "x.yaml"), where="x.yaml").classes]


SCALARS = {
    "no": "no",
    "yes": "yes",
    "on": "on",
    "Off": "Off",
    "y": "y",
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "": None,
    "2026-11-30": "2026-11-30",
    "2026-11-30T03:00:00Z": "2026-11-30T03:00:00Z",
    "12:30": "12:30",
    "190:20:30": "190:20:30",
    "1_000": "1_000",
    "<<": "<<",
    "0777": 777,
    "0o17": 15,
    "0x1F": 31,
    "0b11": "0b11",
    "-7": -7,
    "1e3": 1000.0,
    "1.5": 1.5,
    ".5": 0.5,
    "-.inf": float("-inf"),
    "=": "=",
    "'no'": "no",
    "!!str 7": "7",
}


@pytest.mark.parametrize("written", SCALARS)
def test_scalars_of_yaml(written: str) -> None:
    """
    Scalars are those of YAML 1.2, as keys too: `no` is text, as are dates and times; merge keys still merge.
    """
    text = f"openapi: 3.1.0\nx: {written}\nbase: &base {{no: 1}}\nmore: {{<<: *base, on: 2}}\n"

    found = load(text.encode(), "x.yaml")

    assert [(type(SCALARS[written]), SCALARS[written])] == [(type(found["x"]), found["x"])]
    assert {"no": 1, "on": 2} == found["more"]


def test_codes_of_yaml() -> None:
    """
    A code that is called `no` is a code.
    """
    text = b"""
openapi: 3.1.0
info: {title: Shop}
paths:
  /orders:
    get:
      responses:
        409:
          description: No.
          content:
            application/json:
              schema:
                type: object
                properties: {message: {type: string}, code: {type: string, enum: [no, off, sold]}}
"""
    (found,) = plan(load(text, "x.yaml"), where="x.yaml").classes

    assert ("no", "off", "sold") == found.codes


def test_without_pyyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Without PyYAML a document in YAML is a sentence that tells how to install it; JSON is read all the same.
    """
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(UnreadableDocumentError, match=r"it is YAML, which needs PyYAML\. Install it with: pip install"):
        load(b"openapi: 3.0.3", "x.yaml")
    assert {"openapi": "3.0.3"} == load(b'{"openapi": "3.0.3"}', "x.json")


def test_nothing_to_import() -> None:
    """
    A document without error responses is refused.
    """
    with pytest.raises(NothingToImportError, match=r"^x\.json declares no response of 4XX, 5XX or default, so"):
        plan(answering({"200": {"description": "Fine."}}), where="x.json")
