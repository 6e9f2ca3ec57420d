"""The nodes of a pipeline: their shape, whether they can be wired as they are, and their order in a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from failwell.server import shorten
from vectorshift.exceptions import BadRequestError, UnprocessableEntityError
from vectorshift_server.pipelines.conditions import condition_problem
from vectorshift_server.pipelines.kinds import INPUT_TYPES, KINDS, REFERENCES, reference_of
from vectorshift_server.pipelines.values import checked
from vectorshift_server.pipelines.wires import WIRE, Wire, wires

MOST_NODES = 500

NodeId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w-]+$")]


class Node(BaseModel):
    """One node as it travels; what else is said of it is kept for who fetches it."""

    model_config = ConfigDict(extra="allow")

    id: NodeId
    type: str
    name: Annotated[str, Field(max_length=200)] = ""
    inputs: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _can_travel(cls, value: Any) -> Any:
        return checked(value)

    @property
    def wires(self) -> Iterable[Wire]:
        """What it reads of others."""
        return wires(self.inputs)

    @property
    def default(self) -> Any:
        """What an input is that nobody sends; None if it must be sent."""
        return self.inputs.get("default_value") if self.inputs.get("use_default_value", True) else None


Nodes = dict[str, Node]


def nodes_of(text: str) -> Nodes:
    """The nodes that were kept as *text*."""
    return {name: Node.model_validate(node) for name, node in json.loads(text).items()}


def as_text(nodes: Nodes) -> str:
    """*nodes* as they are kept."""
    return json.dumps({name: node.model_dump() for name, node in nodes.items()})


def ordered(nodes: Nodes) -> list[Node]:
    """*nodes*, each behind those that it reads. Raises: graphlib.CycleError."""
    before = {name: [wire.source for wire in node.wires] for name, node in nodes.items()}
    return [nodes[name] for name in TopologicalSorter(before).static_order()]


def check(nodes: Nodes) -> None:
    """Let a pipeline of *nodes* be saved.

    Raises:
        BadRequestError: an `input_type` is not supported.
        UnprocessableEntityError: they cannot be wired as they are; the message says why.
    """
    if len(nodes) > MOST_NODES:
        raise _refused(f"The pipeline has {len(nodes):,} nodes, and may have {MOST_NODES}. Make some a sub-pipeline.")
    for name, node in nodes.items():
        if node.id != name:
            raise _refused(f'The node at "{name}" has the id "{node.id}". Give it one of them.')
        _check_kind(node)
    for kind in ("input", "output"):
        _check_names(kind, [node for node in nodes.values() if node.type == kind])
    for node in nodes.values():
        _check_wires(node, nodes)
    try:
        ordered(nodes)
    except CycleError as circle:
        way = " reads ".join(f'"{name}"' for name in reversed(circle.args[1]))
        raise _refused(f"Nodes wait for each other: {way}. Take one of these wires out.") from None


def _check_kind(node: Node) -> None:
    kind = KINDS.get(node.type)
    if kind is None:
        known = ", ".join(KINDS)
        raise _refused(f'The node "{node.id}" is of the type "{shorten(node.type)}". This server runs: {known}.')
    for name in kind.needs:
        if node.inputs.get(name) in (None, ""):
            raise _refused(f'The node "{node.id}" has no "{name}", which a node of the type "{node.type}" needs.')
    if node.type == "input" and (asked := str(node.inputs.get("input_type", "string"))) not in INPUT_TYPES:
        known = ", ".join(INPUT_TYPES)
        message = f'The input_type "{shorten(asked)}" of the node "{node.id}" is not supported. Use one of: {known}.'
        raise BadRequestError(message)
    if node.type in REFERENCES and not reference_of(node.inputs[node.type]):
        raise _refused(
            f'The "{node.type}" of the node "{node.id}" is no id. Give the id, or an object with "object_id".'
        )
    if node.type == "condition" and (problem := condition_problem(node.inputs["conditions"])):
        raise _refused(f'The node "{node.id}" has conditions that cannot be judged: {problem}')


def _check_names(kind: str, nodes: Iterable[Node]) -> None:
    known: dict[str, str] = {}
    for node in nodes:
        name = node.name or node.id
        if name in known:
            raise _refused(f'The nodes "{known[name]}" and "{node.id}" are both the {kind} "{name}". Rename one.')
        known[name] = node.id


def _check_wires(node: Node, nodes: Nodes) -> None:
    for wire in node.wires:
        said = f'The node "{node.id}" reads {wire} as "{wire.place}"'
        source = nodes.get(wire.source)
        if source is None:
            raise _refused(f'{said}, and no node is called "{wire.source}". {_hint(wire.source, nodes)}')
        gives = KINDS[source.type].gives
        if gives is not None and wire.field not in (fields := gives(source.inputs)):
            raise _refused(
                f'{said}, and a node of the type "{source.type}" gives no "{wire.field}". {_hint(wire.field, fields)}'
            )
        if (
            node.type in REFERENCES
            and wire.place == node.type
            and not WIRE.fullmatch(str(node.inputs[wire.place]).strip())
        ):
            raise _refused(f"{said}: a part of an id. Let the wire be all of it.")


def _hint(wanted: str, known: Iterable[str]) -> str:
    names = [*dict.fromkeys(known)]
    near = get_close_matches(wanted, names, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(names) or 'none'}."


def _refused(message: str) -> UnprocessableEntityError:
    return UnprocessableEntityError(message)


def inputs_of(nodes: Nodes, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each input of a run, by its name.

    Raises:
        BadRequestError: one is missing, of another type, or asked for by nobody.
    """
    wanted = {node.name or node.id: node for node in nodes.values() if node.type == "input"}
    for name in sent:
        if name not in wanted:
            raise BadRequestError(f'The pipeline has no input "{shorten(name)}". {_hint(name, wanted)}')
    found: dict[str, Any] = {}
    for name, node in wanted.items():
        kind = str(node.inputs.get("input_type", "string"))
        value = sent.get(name, node.default)
        if value is None:
            raise BadRequestError(f'The input "{name}" is missing. Send it as a value of the type {kind}.')
        if not INPUT_TYPES[kind](value):
            raise BadRequestError(
                f'The input "{name}" is a {type(value).__name__}. Send it as a value of the type {kind}.'
            )
        found[name] = value
    return found
