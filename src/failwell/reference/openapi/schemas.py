"""JSON Schema of the body that a class travels in, found by rendering it."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import replace
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from failwell.contract import Body, Case, Catalogue, Error
from failwell.contract.coercion import meant
from failwell.contract.declaration import FieldSpec, specs_of
from failwell.reference.openapi.examples import example, sample
from failwell.reference.page.docstrings import meanings
from failwell.wire import json, render_error
from failwell.wire.error_factory import take

JsonSchema = dict[str, Any]
Path = tuple[str, ...]

ANY_CODE = "\N{WHITE SQUARE}code"
ANY_MESSAGE = "\N{WHITE SQUARE}message"
"""Words that nobody says: where they turn up in a body is where code and message travel."""

SIMPLE = {int: "integer", float: "number", bool: "boolean", str: "string", type(None): "null"}
WRITTEN: dict[tuple[str, str], JsonSchema] = {
    ("datetime", "datetime"): {"type": "string", "format": "date-time"},
    ("datetime", "date"): {"type": "string", "format": "date"},
    ("datetime", "time"): {"type": "string", "format": "time"},
    ("uuid", "UUID"): {"type": "string", "format": "uuid"},
    ("decimal", "Decimal"): {"type": "string"},
}
"""Types whose values travel as text of a form."""


def body_schema(cls: type[Error], case: Case, catalogue: Catalogue) -> JsonSchema:
    """What a body of *cls* under the code of *case* looks like, whichever of its fields are filled in.

    The envelope is asked and not described: it renders the class with each of its fields alone and with all of them,
    and the schema takes in each of these shapes.
    """
    others = codes_beside(case, catalogue)
    found: JsonSchema = {}
    for error in _filled(cls, case, with_code=bool(others)):
        body = json.loads(render_error(error, catalogue).body)
        shape = _shape(body, _places(error, body, case, others))
        found = _merged(found, shape) if found else shape
    return found


def codes_beside(case: Case, catalogue: Catalogue) -> list[str]:
    """The codes that say at the status of *case*, which has none, that a reply is another case."""
    if case.code is not None:
        return []
    codes = {
        other.code
        for cls, other in catalogue.cases()
        if other.source(cls.source) == "http" and other.code is not None and _overlap(case, other)
    }
    return sorted(codes)


def _overlap(one: Case, other: Case) -> bool:
    if one.status is None or other.status is None:
        return one.status == other.status
    return one.covers(other.concrete_status or 0) or other.covers(one.concrete_status or 0)


def _filled(cls: type[Error], case: Case, *, with_code: bool) -> Iterator[Error]:
    """A *cls* with no field filled in, with each one alone and with all; with any code, if it may have one."""
    specs = [spec for spec in specs_of(cls) if spec.travels and not (spec.is_code or spec.is_status or spec.is_message)]
    coded = [replace(case, code=ANY_CODE)]
    if case.code is None:
        free = with_code or any(spec.is_code and spec.travels for spec in specs_of(cls))
        coded = [case, *coded] if free else [case]
    for called in coded:
        for filled in ([], *([spec] for spec in specs), specs):
            error = example(cls, case, case.concrete_status).become(called)
            for spec in specs_of(cls):
                if spec in specs:
                    setattr(error, spec.name, sample(spec) if spec in filled else _nothing(spec))
                elif spec.is_message:
                    setattr(error, spec.name, ANY_MESSAGE)
            yield error


def _nothing(spec: FieldSpec) -> Any:
    return sample(spec) if spec.declared.required else spec.fallback()


def _places(error: Error, body: Any, case: Case, others: list[str]) -> dict[Path, JsonSchema]:
    """Where in *body* each field of *error* is, with the schema of what may be there."""
    code: JsonSchema = {"type": "string"}
    if case.code is not None:
        code = {"type": "string", "enum": [case.code]}
    elif others:
        code["not"] = {"enum": others}
    places: dict[Path, JsonSchema] = {}
    for path, value in _walk(body):
        if value == ANY_CODE:
            places[path] = code
        elif value == ANY_MESSAGE:
            places[path] = {"type": "string"}
    for spec in specs_of(type(error)):
        value = json.plain(getattr(error, spec.name, None))
        if isinstance(spec.mark, Body):
            held = take(body, spec.mark.path)
            # An envelope may put its own words there while the field is silent, or more beside what the field holds.
            if held == value or (isinstance(held, Mapping) and isinstance(value, Mapping)):
                places[tuple(spec.mark.path.split("."))] = _described(spec, type(error))
        elif spec.travels and spec.details_key is not None:
            at = next((path for path, held in _walk(body) if path[-1] == spec.details_key and held == value), None)
            if at is not None:
                places[at] = _described(spec, type(error))
    return places


def _described(spec: FieldSpec, cls: type[Error]) -> JsonSchema:
    meaning = meanings(cls).get(spec.name)
    return {**schema_of(spec), **({"description": meaning} if meaning else {})}


def _walk(body: Any) -> Iterator[tuple[Path, Any]]:
    """Every path into *body* with what is there, the shallow ones first."""
    level: list[tuple[Path, Any]] = [((), body)]
    while level:
        below = [
            ((*path, key), part) for path, value in level if isinstance(value, Mapping) for key, part in value.items()
        ]
        yield from below
        level = below


def _shape(value: Any, places: Mapping[Path, JsonSchema], path: Path = ()) -> JsonSchema:
    """The schema of one body."""
    inside = any(place[: len(path)] == path and len(place) > len(path) for place in places)
    if path in places and not inside:
        return places[path]
    if not isinstance(value, Mapping):
        return places.get(path) or _kind(value)
    # What a field of any keys holds is an example; only what other fields put beside it is of the contract.
    known = [
        key for key in value if path not in places or any(place[: len(path) + 1] == (*path, key) for place in places)
    ]
    properties = {key: _shape(value[key], places, (*path, key)) for key in known}
    return _object(properties, list(properties))


def _object(properties: JsonSchema, required: list[str]) -> JsonSchema:
    return {
        "type": "object",
        **({"properties": properties} if properties else {}),
        **({"required": required} if required else {}),
    }


def _kind(value: Any) -> JsonSchema:
    if isinstance(value, list):
        return {"type": "array"}
    return {"type": SIMPLE.get(type(value), "string")}


def _merged(one: JsonSchema, other: JsonSchema) -> JsonSchema:
    """A schema of what fits *one* or *other*: one object with all properties, else a choice."""
    choices: list[JsonSchema] = []
    for choice in (*one.get("anyOf", [one]), *other.get("anyOf", [other])):
        if choice in choices:
            continue
        if choice.get("type") == "object":
            objects = [known for known in choices if known.get("type") == "object"]
            if objects:
                choices[choices.index(objects[0])] = _merged_objects(objects[0], choice)
                continue
        choices.append(choice)
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _merged_objects(one: JsonSchema, other: JsonSchema) -> JsonSchema:
    mine, theirs = one.get("properties", {}), other.get("properties", {})
    properties = {**mine, **theirs}
    properties |= {name: _merged(mine[name], theirs[name]) for name in mine if name in theirs}
    required = [name for name in one.get("required", ()) if name in other.get("required", ())]
    told = {name: said for name, said in {**one, **other}.items() if name not in ("properties", "required")}
    return told | _object(properties, required)


def schema_of(spec: FieldSpec) -> JsonSchema:
    """The schema of a field. None is left out where it is the default: it does not travel then.

    The mirror in `e.details` may travel as well, with None in it.
    """
    silent = not spec.declared.required and spec.fallback() is None and not spec.mirrored
    return of_hint(spec.hint, without_none=silent)


def of_hint(hint: Any, *, without_none: bool = False) -> JsonSchema:
    """The schema of what fits the type *hint*; of anything, for a type that is not of JSON."""
    hint = meant(hint)
    if hint in SIMPLE:
        return {"type": SIMPLE[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        choices = [of_hint(one) for one in arguments if not (without_none and one is type(None))]
        return choices[0] if len(choices) == 1 else {"anyOf": choices}
    plain = origin or hint
    if isinstance(plain, type) and issubclass(plain, Enum):
        return {"enum": [member.value for member in plain]}
    if isinstance(plain, type) and (plain.__module__, plain.__name__) in WRITTEN:
        return dict(WRITTEN[plain.__module__, plain.__name__])
    if isinstance(plain, type) and issubclass(plain, tuple) and arguments and arguments[-1] is not ...:
        return {"type": "array", "prefixItems": [of_hint(one) for one in arguments], "minItems": len(arguments)}
    if isinstance(plain, type) and issubclass(plain, AbstractSet):
        return {"type": "array", "uniqueItems": True, "items": of_hint(arguments[0]) if arguments else {}}
    if isinstance(plain, type) and issubclass(plain, Mapping):
        value = of_hint(arguments[1]) if len(arguments) > 1 else {}
        return {"type": "object", **({"additionalProperties": value} if value else {})}
    if isinstance(plain, type) and issubclass(plain, Sequence):
        return {"type": "array", "items": of_hint(arguments[0]) if arguments else {}}
    return {}
