"""Nodes of a pipeline and the wires between them, which are checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from uuid import uuid4

from vectorshift.exceptions import UnprocessableEntityError

WIRE = re.compile(r"\{\{\s*([\w-]+)\.([\w.\[\]-]+)\s*\}\}")
"""What another node gives, inside of an input: `{{ question.text }}`."""


class Node:
    """One step of a pipeline: its *type*, and the *inputs* that it takes: values, or `node.output("text")` of others.

    *id* is what wires name it by; *name* is what callers know an input or an output of the pipeline by.
    """

    def __init__(
        self,
        type: str,  # noqa: A002 - what the API calls it
        inputs: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the same
        name: str | None = None,
        **more: Any,
    ) -> None:
        self.type = type
        self.inputs = dict(inputs or {})
        self.id = id or f"{type}_{uuid4().hex[:8]}"
        self.name = name or self.id
        self.more = more
        """What else the API says of it."""

    @classmethod
    def of(cls, id: str, given: Any) -> Node:  # noqa: A002 - the same
        """The node that the API knows by *id*, of what it says of it."""
        given = given if isinstance(given, Mapping) else {}
        more = {key: value for key, value in given.items() if key not in ("id", "type", "name", "inputs")}
        inputs = given.get("inputs")
        return cls(
            str(given.get("type", "")),
            inputs if isinstance(inputs, Mapping) else {},
            id=id,
            name=str(given.get("name") or id),
            **more,
        )

    def output(self, field: str) -> str:
        """What this node gives under *field*, for the input of another one: a wire."""
        return f"{{{{ {self.id}.{field} }}}}"

    def as_json(self) -> dict[str, Any]:
        """The node as it is sent."""
        sent = {"id": self.id, "name": self.name, "type": self.type, "inputs": self.inputs}
        return {"outputs": {}, "execution_mode": "normal", **self.more, **sent}

    def __repr__(self) -> str:
        return f"Node({self.type!r}, id={self.id!r}, inputs={self.inputs!r})"


def graph(nodes: Sequence[Node]) -> dict[str, Any]:
    """What is sent of *nodes*, if they can be wired as they are.

    Raises:
        UnprocessableEntityError: two have one id, a wire leads from nowhere, or some wait for each other.
    """
    known: dict[str, Node] = {}
    for node in nodes:
        if not isinstance(node, Node):
            raise _refused(f"A node is of type {type(node).__name__}; it must be a Node.")
        if node.id in known:
            raise _refused(f'Two nodes have the id "{node.id}". Give one of them another.')
        known[node.id] = node
    for node in nodes:
        for place, source, field in _wires(node):
            if source not in known:
                near = get_close_matches(source, known, n=1)
                hint = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(known)}."
                wire = f"{{{{ {source}.{field} }}}}"
                raise _refused(f'Node "{node.id}" reads {wire} as "{place}", and no node is called "{source}". {hint}')
    if circle := _circle(known):
        raise _refused(f"Nodes wait for each other: {' reads '.join(circle)}. Take one of these wires out.")
    return {
        "nodes": {node.id: node.as_json() for node in nodes},
        "inputs": {node.name: _described(node, "input_type") for node in nodes if node.type == "input"},
        "outputs": {node.name: _described(node, "output_type") for node in nodes if node.type == "output"},
        "canvas_metadata": {
            "nodes": {},
            "edges": [
                {"id": f"{source}-{node.id}-{place}", "source": source, "target": node.id}
                for node in nodes
                for place, source, _ in _wires(node)
            ],
        },
    }


def _described(node: Node, key: str) -> dict[str, Any]:
    return {"type": node.inputs.get(key, "string"), "description": node.inputs.get("description", "")}


def _wires(node: Node) -> Iterator[tuple[str, str, str]]:
    """The inputs of *node* that read from others: which one, of which node, and what that gives."""
    for place, value in node.inputs.items():
        for text in _texts(value):
            for found in WIRE.finditer(text):
                yield place, found[1], found[2]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _circle(known: Mapping[str, Node]) -> list[str]:
    """Nodes of which each reads the next, and the last the first; empty if there are none."""
    left = {name: {source for _, source, _ in _wires(node)} for name, node in known.items()}
    while ready := [name for name, sources in left.items() if not sources & left.keys()]:
        for name in ready:
            del left[name]
    if not left:
        return []
    way = [min(left)]
    while way[-1] not in way[:-1]:
        way.append(min(left[way[-1]] & left.keys()))
    return [f'"{name}"' for name in way[way.index(way[-1]) :]]


def _refused(message: str) -> UnprocessableEntityError:
    return UnprocessableEntityError(f"{message} Nothing was sent.")
