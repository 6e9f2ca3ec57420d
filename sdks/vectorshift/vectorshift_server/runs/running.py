"""The work of a run: its nodes one after the other, each a durable step; sub-pipelines within."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from failwell.server import Step
from vectorshift_server.agents.answering import Agents
from vectorshift_server.pipelines.graph import Node, Nodes, nodes_of, ordered
from vectorshift_server.pipelines.kinds import INPUT_TYPES, reference_of
from vectorshift_server.pipelines.values import check_size
from vectorshift_server.pipelines.wires import WIRE, NodeError, filled
from vectorshift_server.runs import runs
from vectorshift_server.runs.node_work import NodeWork, NotWantedError, Place
from vectorshift_server.store import Store

DEEPEST = 8
"""How many pipelines may run within each other."""
MOST_STEPS = 2000
"""Nodes that one run may come to, those of its sub-pipelines counted."""


class Running:
    """Does the runs in *store*, and asks *agents* for their agents."""

    def __init__(self, store: Store, agents: Agents) -> None:
        self._store = store
        self._work = NodeWork(store, agents)

    def run(self, step: Step, run_id: str) -> None:
        """Run the nodes until all are done or one has failed."""
        begun = step(runs.begin, self._store, run_id)
        if begun is None:
            return
        organisation, nodes, inputs = begun
        counted = _Counted(step)
        try:
            outputs = self._graph(counted, Place(organisation, run_id), nodes_of(nodes), json.loads(inputs))
        except NodeError as problem:
            step(runs.fail, self._store, run_id, str(problem))
        except NotWantedError:
            pass
        else:
            step(runs.complete, self._store, run_id, outputs)

    def give_up(self, run_id: str, reason: str) -> None:
        """Fail a run that cannot be done; one that has ended stays as it is."""
        runs.fail(self._store, run_id, f"The run was given up: {reason}. Start it again.")

    def _graph(self, step: Step, place: Place, nodes: Nodes, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the outputs of *nodes* come to, by their names. Raises: NodeError, NotWantedError."""
        given: dict[str, dict[str, Any]] = {}
        for node in ordered(nodes):
            if not _is_reached(node, nodes, given):
                continue
            try:
                values = filled(node.inputs, given)
                check_size(values)
                if node.type == "pipeline":
                    given[node.id] = self._sub_pipeline(step, place, node, values)
                else:
                    given[node.id] = step(self._work.node, place, node, values, inputs, _outputs_of(node, nodes, place))
            except NodeError as problem:
                if isinstance(problem, _PlacedError):
                    raise
                raise _PlacedError(place.failed(node, problem)) from None
        outputs = [node for node in nodes.values() if node.type == "output" and node.id in given]
        return {node.name or node.id: given[node.id]["value"] for node in outputs}

    def _sub_pipeline(self, step: Step, place: Place, node: Node, values: Mapping[str, Any]) -> dict[str, Any]:
        reference = reference_of(values["pipeline"])
        if len(place.pipelines) >= DEEPEST or reference in place.pipelines:
            raise NodeError(f'The pipeline "{reference}" runs itself, or stands more than {DEEPEST} pipelines deep.')
        nodes = step(self._work.resolve, place, reference)
        within = Place(place.organisation, place.run_id, (*place.way, node.id), (*place.pipelines, reference))
        wanted = {one.name or one.id: one for one in nodes.values() if one.type == "input"}
        return self._graph(step, within, nodes, _checked(wanted, values))


class _PlacedError(NodeError):
    """A node cannot do its work, and the text says where it stands."""


class _Counted:
    """A `Step` that lets a run come to `MOST_STEPS`."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._count = 0

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self._count += 1
        if self._count > MOST_STEPS:
            raise NodeError(f"The run comes to more than {MOST_STEPS:,} nodes. Give it less to do.")
        return self._step(function, *args, **kwargs)


def _is_reached(node: Node, nodes: Nodes, given: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether all that *node* reads is there: it was not on a path that no condition took."""
    for wire in node.wires:
        if wire.source not in given:
            return False
        if nodes[wire.source].type == "condition" and wire.field not in given[wire.source]:
            return False
    return True


def _outputs_of(node: Node, nodes: Nodes, place: Place) -> list[str]:
    """The outputs of the run that are nothing but what *node* gives."""
    if place.way:
        return []
    found: list[str] = []
    for one in nodes.values():
        wire = WIRE.fullmatch(str(one.inputs.get("value", "")).strip()) if one.type == "output" else None
        if wire is not None and wire[1] == node.id:
            found.append(one.name or one.id)
    return found


def _checked(wanted: Mapping[str, Node], values: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a sub-pipeline, of what its node was given."""
    found: dict[str, Any] = {}
    for name, node in wanted.items():
        value = values.get(name, node.default)
        kind = str(node.inputs.get("input_type", "string"))
        if value is None or not INPUT_TYPES[kind](value):
            raise NodeError(f'The sub-pipeline needs the input "{name}" as a value of the type {kind}.')
        found[name] = value
    return found
