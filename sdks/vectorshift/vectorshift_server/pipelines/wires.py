"""Wires: `{{ question.text }}` in an input of a node, found before a run and filled in during it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

WIRE = re.compile(r"\{\{\s*([\w-]+)\.([\w.\[\]-]+)\s*\}\}")

MOST_CHARACTERS = 2_000_000
"""Characters that a node may be given, or give."""

Given = Mapping[str, Mapping[str, Any]]
"""What nodes gave: by node, and by field."""


class Wire(NamedTuple):
    """The input *place* of a node reads *field* of the node *source*."""

    place: str
    source: str
    field: str

    def __str__(self) -> str:
        return f"{{{{ {self.source}.{self.field} }}}}"


class NodeError(Exception):
    """A node cannot do its work; the text says why."""


def wires(inputs: Mapping[str, Any]) -> Iterator[Wire]:
    """The wires in the *inputs* of a node."""
    for place, value in inputs.items():
        for text in _texts(value):
            for found in WIRE.finditer(text):
                yield Wire(place, found[1], found[2])


def filled(value: Any, given: Given) -> Any:
    """*value* with what each of its wires leads to; one that is nothing but a wire is what that leads to.

    Raises:
        NodeError: a node gives no such field.
    """
    if isinstance(value, str):
        whole = WIRE.fullmatch(value.strip())
        return _led_to(whole, given) if whole else _written(value, given)
    if isinstance(value, dict):
        return {key: filled(part, given) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, given) for part in value]
    return value


def as_text(value: Any) -> str:
    """*value* as it is written into a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n\n".join(value)
    return json.dumps(value, ensure_ascii=False)


def _written(text: str, given: Given) -> str:
    """*text* with what its wires lead to written into it."""
    left = MOST_CHARACTERS

    def written(wire: re.Match[str]) -> str:
        nonlocal left
        said = as_text(_led_to(wire, given))
        left -= len(said)
        # Counted as it grows: a text twice in the next one, forty times over, has no room anywhere.
        if left < 0:
            raise NodeError(f"It comes to a text of more than {MOST_CHARACTERS:,} characters. Give it less.")
        return said

    return WIRE.sub(written, text)


def _led_to(wire: re.Match[str], given: Given) -> Any:
    gives = given[wire[1]]
    if wire[2] not in gives:
        names = ", ".join(f'"{name}"' for name in gives) or "nothing"
        raise NodeError(f'The node "{wire[1]}" gives no "{wire[2]}". It gives: {names}.')
    return gives[wire[2]]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
