"""The types of nodes: what each needs, and which fields it gives to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], bool]


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


INPUT_TYPES: Mapping[str, Check] = {
    "string": lambda value: isinstance(value, str),
    "int32": lambda value: isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31,
    "float": _number,
    "bool": lambda value: isinstance(value, bool),
    "vec<string>": _texts,
    "json": lambda _: True,
}
"""What callers may be asked for, and which values are of each type."""


def _of_input(inputs: Mapping[str, Any]) -> Sequence[str]:
    return ("text", "value", str(inputs.get("input_type", "string")))


def _of_condition(inputs: Mapping[str, Any]) -> Sequence[str]:
    conditions = inputs.get("conditions")
    return (*(path_of(number) for number in range(len(conditions or ()))), ELSE, COMPLETE)


ELSE, COMPLETE = "path_else", "complete"


def path_of(number: int) -> str:
    """What the path of the condition of that *number* is called."""
    return f"path_{number}"


@dataclass(frozen=True)
class Kind:
    """One type of node: the inputs that it *needs*, and the fields that it *gives*; None if only a run tells."""

    needs: tuple[str, ...] = ()
    gives: Callable[[Mapping[str, Any]], Sequence[str]] | None = None


KINDS: Mapping[str, Kind] = {
    "input": Kind(gives=_of_input),
    "text": Kind(("text",), lambda _: ("text",)),
    "condition": Kind(("conditions",), _of_condition),
    "pipeline": Kind(("pipeline",)),
    "agent": Kind(("agent",), lambda _: ("response", "text")),
    "knowledge_base": Kind(
        ("knowledge_base", "query"), lambda _: ("chunks", "documents", "formatted_text", "citation_metadata")
    ),
    "output": Kind(("value",), lambda _: ()),
}

REFERENCES: Mapping[str, str] = {"pipeline": "pipelines", "agent": "agents", "knowledge_base": "knowledge_bases"}
"""The types of nodes that refer to another object, in the input of that name."""


def reference_of(value: Any) -> str:
    """The id that an input refers to: the id itself, or an object that has it."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("object_id", "id", "_id") if isinstance(value.get(key), str)), "")
    return value if isinstance(value, str) else ""
