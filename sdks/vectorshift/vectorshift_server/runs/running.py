"""The work of a run: its nodes one after the other, each a durable step; sub-pipelines within."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from failwell.server import Step
from vectorshift.exceptions import NotFoundError
from vectorshift_server.agents.answering import MOST_PASSAGES, Agents
from vectorshift_server.engine.responder import ResponderDownError, ResponderSlowError
from vectorshift_server.knowledge.bases import search
from vectorshift_server.objects import find
from vectorshift_server.pipelines import conditions
from vectorshift_server.pipelines.graph import Node, Nodes, nodes_of, ordered
from vectorshift_server.pipelines.kinds import COMPLETE, INPUT_TYPES, reference_of
from vectorshift_server.pipelines.values import check_size
from vectorshift_server.pipelines.wires import WIRE, NodeError, as_text, filled
from vectorshift_server.runs import runs
from vectorshift_server.store import Store

DEEPEST = 8
"""How many pipelines may run within each other."""
MOST_STEPS = 2000
"""Nodes that one run may come to, those of its sub-pipelines counted."""


class _NotWantedError(Exception):
    """The run was ended by somebody."""


@dataclass(frozen=True)
class _Place:
    """Where in a run: *way* are the nodes whose sub-pipelines lead here, *pipelines* those pipelines."""

    organisation: str
    run_id: str
    way: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()

    def failed(self, node: Node, problem: object) -> str:
        """What the run's error says of the *problem* of a node."""
        where = " > ".join(f'node "{name}"' for name in (*self.way, node.id))
        return f"{where}: {problem}"


class Running:
    """Does the runs in *store*, and asks *agents* for their agents."""

    def __init__(self, store: Store, agents: Agents) -> None:
        self._store = store
        self._agents = agents

    def run(self, step: Step, run_id: str) -> None:
        """Run the nodes until all are done or one has failed."""
        begun = step(runs.begin, self._store, run_id)
        if begun is None:
            return
        organisation, nodes, inputs = begun
        counted = _Counted(step)
        try:
            outputs = self._graph(counted, _Place(organisation, run_id), nodes_of(nodes), json.loads(inputs))
        except NodeError as problem:
            step(runs.fail, self._store, run_id, str(problem))
        except _NotWantedError:
            pass
        else:
            step(runs.complete, self._store, run_id, outputs)

    def give_up(self, run_id: str, reason: str) -> None:
        """Fail a run that cannot be done; one that has ended stays as it is."""
        runs.fail(self._store, run_id, f"The run was given up: {reason}. Start it again.")

    def _graph(self, step: Step, place: _Place, nodes: Nodes, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the outputs of *nodes* come to, by their names. Raises: NodeError, _NotWantedError."""
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
                    given[node.id] = step(self.node, place, node, values, inputs, _outputs_of(node, nodes, place))
            except NodeError as problem:
                if isinstance(problem, _PlacedError):
                    raise
                raise _PlacedError(place.failed(node, problem)) from None
        outputs = [node for node in nodes.values() if node.type == "output" and node.id in given]
        return {node.name or node.id: given[node.id]["value"] for node in outputs}

    def node(
        self, place: _Place, node: Node, values: Mapping[str, Any], inputs: Mapping[str, Any], told_as: list[str]
    ) -> dict[str, Any]:
        """What *node* gives, by field. *told_as* are the outputs that its text is, piece by piece.

        Raises: NodeError, _NotWantedError.
        """
        if not runs.is_wanted(self._store, place.run_id):
            raise _NotWantedError
        match node.type:
            case "input":
                value = inputs[node.name or node.id]
                return {"text": value, "value": value, str(node.inputs.get("input_type", "string")): value}
            case "text":
                return {"text": as_text(values["text"])}
            case "condition":
                return {conditions.path_taken(values["conditions"]): True, COMPLETE: True}
            case "agent":
                said = self._agent(place, values, told_as)
                return {"response": said, "text": said}
            case "knowledge_base":
                return self._search(place, values)
            case "output":
                return {"value": self._output(place, node, values["value"])}
            case _:
                raise NodeError(f'This server runs no nodes of the type "{node.type}".')

    def resolve(self, place: _Place, reference: str) -> Nodes:
        """The nodes of the pipeline that is referred to. Raises: NodeError."""
        try:
            with self._store.reading() as db:
                return nodes_of(find(db, "pipelines", place.organisation, reference)["nodes"])
        except NotFoundError as problem:
            raise NodeError(problem.message) from None

    def _sub_pipeline(self, step: Step, place: _Place, node: Node, values: Mapping[str, Any]) -> dict[str, Any]:
        reference = reference_of(values["pipeline"])
        if len(place.pipelines) >= DEEPEST or reference in place.pipelines:
            raise NodeError(f'The pipeline "{reference}" runs itself, or stands more than {DEEPEST} pipelines deep.')
        nodes = step(self.resolve, place, reference)
        within = _Place(place.organisation, place.run_id, (*place.way, node.id), (*place.pipelines, reference))
        wanted = {one.name or one.id: one for one in nodes.values() if one.type == "input"}
        return self._graph(step, within, nodes, _checked(wanted, values))

    def _agent(self, place: _Place, values: Mapping[str, Any], told_as: list[str]) -> str:
        asked = "\n\n".join(as_text(value) for name, value in values.items() if name not in {"agent", "dependencies"})
        # What was told before a crash stays told: the answer goes on after it.
        said = runs.pieces_of(self._store, place.run_id, told_as[0]) if told_as else []
        try:
            for piece in self._agents.answer(
                place.organisation, reference_of(values["agent"]), asked, said="".join(said)
            ):
                if not runs.is_wanted(self._store, place.run_id):
                    raise _NotWantedError
                for output in told_as:
                    runs.keep_piece(self._store, place.run_id, output, len(said), piece)
                said.append(piece)
        except (NotFoundError, ResponderDownError, ResponderSlowError) as problem:
            raise NodeError(problem.message if isinstance(problem, NotFoundError) else str(problem)) from None
        return "".join(said)

    def _search(self, place: _Place, values: Mapping[str, Any]) -> dict[str, Any]:
        most = values.get("top_k", MOST_PASSAGES)
        if not isinstance(most, int) or not 1 <= most <= MOST_PASSAGES:
            raise NodeError(f'"top_k" is {as_text(most)[:100]}, and must be a number from 1 to {MOST_PASSAGES}.')
        try:
            with self._store.reading() as db:
                row = find(db, "knowledge_bases", place.organisation, reference_of(values["knowledge_base"]))
                found = search(db, row, as_text(values["query"]), most)
        except NotFoundError as problem:
            raise NodeError(problem.message) from None
        chunks, names = [one.text for one in found], [one.name for one in found]
        text = "\n\n".join(f"{one.text} ({one.name})" for one in found)
        return {"chunks": chunks, "documents": chunks, "formatted_text": text, "citation_metadata": names}

    def _output(self, place: _Place, node: Node, value: Any) -> Any:
        # What an agent has told already, piece by piece, has a first piece.
        if not place.way:
            runs.keep_piece(self._store, place.run_id, node.name or node.id, 0, value)
        return value


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


def _outputs_of(node: Node, nodes: Nodes, place: _Place) -> list[str]:
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
        value = values.get(name, node.inputs.get("default_value"))
        kind = str(node.inputs.get("input_type", "string"))
        if value is None or not INPUT_TYPES[kind](value):
            raise NodeError(f'The sub-pipeline needs the input "{name}" as a value of the type {kind}.')
        found[name] = value
    return found
