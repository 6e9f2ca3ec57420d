"""From what was found out to the value that an `answerFormat` asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from pydantic import JsonValue

from subconscious_server.engine import Fact, NoAnswerError
from subconscious_server.wire import Object

_SAYS_NOTHING = frozenset({"$defs", "additionalProperties", "default", "description", "examples", "title", "$schema"})
_KNOWN = _SAYS_NOTHING | {"$ref", "anyOf", "const", "enum", "format", "items", "properties", "required", "type"}
_DEEPEST = 16
_MOST_TRIES = 10_000
"""Schemas that are tried: one that refers to itself in each of 12 alternatives has 12 ** 16 ways to fail."""
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def filled(schema: Object, facts: Sequence[Fact], text: str) -> JsonValue:
    """A value of *schema*, made of *facts* and, for a string that no fact is for, the whole *text*.

    A property takes the fact of its name, or else the first that fits and that no other property took.

    Raises:
        NoAnswerError: there is none, or the schema asks for what cannot be checked here.
    """
    try:
        return _Filling(schema, facts, text).value(schema, "", 0)
    except _TooManyTriesError:
        message = f"Nothing that was found fits answerFormat in {_MOST_TRIES:,} ways to fill it. Ask for less at once."
        raise NoAnswerError(message) from None


class _TooManyTriesError(Exception):
    """There are more ways to fill the schema than are tried."""


class _Filling:
    def __init__(self, root: Object, facts: Sequence[Fact], text: str) -> None:
        self._root = root
        self._facts = list(facts)
        self._text = text
        self._tries = 0

    def value(self, schema: Any, name: str, depth: int) -> JsonValue:
        self._tries += 1
        if self._tries > _MOST_TRIES:
            raise _TooManyTriesError
        schema = self._resolved(schema, depth)
        if "const" in schema:
            const: JsonValue = schema["const"]
            return const
        if isinstance(schema.get("anyOf"), list):
            return self._any(schema["anyOf"], name, depth)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            return self._any([{**schema, "type": each} for each in kind], name, depth)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return [fact.value for fact in self._taken(schema.get("items", {"type": "string"}), "", depth, all_=True)]
        for fact in self._taken(schema, name, depth):
            return fact.value
        if kind == "null":
            return None
        if kind == "string" and self._text and not ({"enum", "format"} & schema.keys()):
            return self._text
        raise NoAnswerError(
            f'answerFormat asks for "{name or "the answer"}" ({kind}), and nothing of the kind was found. Ask for it '
            "in the instructions, give a document that has it, or leave it out of `required`."
        )

    def _object(self, schema: Any, depth: int) -> JsonValue:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise NoAnswerError("answerFormat is no JSON schema: `properties` is an object, `required` a list.")
        made: dict[str, JsonValue] = {}
        # A property with a fact of its own name comes first: another one must not take it.
        named = {fact.name for fact in self._facts}
        for name in sorted(properties, key=lambda name: name not in named):
            try:
                made[name] = self.value(properties[name], name, depth + 1)
            except NoAnswerError:
                if name in required:
                    raise
        return {name: made[name] for name in properties if name in made}

    def _any(self, schemas: Sequence[Any], name: str, depth: int) -> JsonValue:
        problem = NoAnswerError("answerFormat has an empty `anyOf`.")
        for schema in schemas:
            try:
                return self.value(schema, name, depth + 1)
            except NoAnswerError as unfit:
                problem = unfit
        raise problem

    def _taken(self, schema: Any, name: str, depth: int, *, all_: bool = False) -> Iterator[Fact]:
        """The fact for *schema* that is called *name*, or else the first that fits; taken, so that it is used once."""
        schema = self._resolved(schema, depth)
        fitting = [fact for fact in self._facts if _fits(fact.value, schema)]
        fitting.sort(key=lambda fact: fact.name != name)
        # A string that has no fact of its name is the whole answer, not the first text by chance.
        if schema.get("type", "string") == "string" and not all_ and not ({"enum", "format"} & schema.keys()):
            fitting = [fact for fact in fitting if fact.name == name]
        for fact in fitting if all_ else fitting[:1]:
            self._facts.remove(fact)
            yield fact

    def _resolved(self, schema: Any, depth: int) -> Any:
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict) or depth > _DEEPEST:
                raise NoAnswerError(f"answerFormat is no JSON schema, or is nested more than {_DEEPEST} deep.")
            if unknown := schema.keys() - _KNOWN:
                word = min(unknown)
                raise NoAnswerError(f'answerFormat has "{word[:40]}", which this engine cannot keep. Leave it out.')
            if "$ref" not in schema:
                return schema
            name = str(schema["$ref"]).removeprefix("#/$defs/")
            defined = self._root.get("$defs")
            schema = defined.get(name) if isinstance(defined, dict) else None
        raise NoAnswerError("answerFormat refers to itself and to nothing else.")


def _fits(value: JsonValue, schema: Any) -> bool:
    kind = schema.get("type", "string")
    # A bool is an int to Python, and no number to JSON.
    if kind not in _TYPES or not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return False
    if "enum" in schema:
        return value in schema["enum"]
    return "format" not in schema or (schema["format"] == "date" and _is_date(value))


def _is_date(value: JsonValue) -> bool:
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False
