"""From a JSON Schema to the Python type of a field."""

from __future__ import annotations

import json
from typing import Any

from failwell.reference.importing.document import Document, OpenApiSchema, properties

SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
HEADERS = ("int", "float", "bool", "str")
DEPTH = 3
LONGEST_LITERAL = 40
MOST_MEMBERS = 4


def type_of(document: Document, schema: Any, depth: int = DEPTH) -> str:
    """The type of what fits *schema*, with None last; "Any" where nothing more definite can be said."""
    members: dict[str, None] = {}
    for choice in document.choices(schema):
        members |= dict.fromkeys(_members(document, choice, depth))
    return union(members)


def union(members: Any) -> str:
    """One type for all *members*: a union, or "Any" where there are too many."""
    parts = [part for member in members for part in split(member)]
    known = sorted(dict.fromkeys(parts), key=lambda part: part == "None")
    # A field takes a number for an int only where it is one; a str of any kind includes the chosen ones.
    if "str" in known:
        known = [part for part in known if not part.startswith("Literal")]
    if "Any" in known or len(known) > MOST_MEMBERS or not known or known == ["None"]:
        return "Any"
    return " | ".join(known)


def split(type_: str) -> list[str]:
    """The members of a union, told apart outside of brackets and quotes."""
    found, depth, quoted = [""], 0, False
    for character in type_:
        quoted ^= character == '"'
        depth += 0 if quoted else (character == "[") - (character == "]")
        if character == "|" and not depth and not quoted:
            found.append("")
        else:
            found[-1] += character
    return [part.strip() for part in found]


def _members(document: Document, schema: OpenApiSchema, depth: int) -> list[str]:
    said = schema.get("type")
    kinds = said if isinstance(said, list) else [said]
    if "const" in schema or "enum" in schema:
        chosen = schema["enum"] if isinstance(schema.get("enum"), list) else [schema.get("const")]
        members = _chosen(chosen)
    else:
        members = [_member(document, schema, kind, depth) for kind in kinds]
    return [*members, "None"] if schema.get("nullable") is True else members


def _member(document: Document, schema: OpenApiSchema, kind: Any, depth: int) -> str:
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind == "array":
        return f"list[{_inside(document, schema.get('items', {}), depth)}]"
    if kind == "object" or (kind is None and properties(schema)):
        # An object of known properties is a dict of anything: its parts differ in type.
        more = schema.get("additionalProperties")
        value = _inside(document, more, depth) if isinstance(more, dict) and not properties(schema) else "Any"
        return f"dict[str, {value}]"
    return "Any"


def _inside(document: Document, schema: Any, depth: int) -> str:
    return type_of(document, schema, depth - 1) if depth else "Any"


def _chosen(values: list[Any]) -> list[str]:
    """The type of one of *values*: a Literal if it is short, else the type that they have."""
    plain = [value for value in values if isinstance(value, str | int | float | bool)]
    none = ["None"] if None in values else []
    text = ", ".join(json.dumps(value) for value in plain)
    if plain and all(_literal(value) for value in plain) and len(text) <= LONGEST_LITERAL:
        return [f"Literal[{text}]", *none]
    return [*(type(value).__name__ for value in plain), *none] or ["Any"]


def _literal(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isprintable() and not set(value) & {'"', "\\"}
    return type(value) is int


def header_type(document: Document, schema: Any) -> str:
    """The type of a header: one of those that a header can carry."""
    known = [member for member in split(type_of(document, schema)) if member != "None"]
    return known[0] if len(known) == 1 and known[0] in HEADERS else "str"
