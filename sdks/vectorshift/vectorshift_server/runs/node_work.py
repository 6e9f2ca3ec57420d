"""The work of one node: what it gives for what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vectorshift.exceptions import NotFoundError
from vectorshift_server.agents.answering import MOST_PASSAGES, Agents
from vectorshift_server.engine.responder import ResponderDownError, ResponderSlowError
from vectorshift_server.knowledge.bases import search
from vectorshift_server.objects import find
from vectorshift_server.pipelines import conditions
from vectorshift_server.pipelines.graph import Node, Nodes, nodes_of
from vectorshift_server.pipelines.kinds import COMPLETE, reference_of
from vectorshift_server.pipelines.wires import NodeError, as_text
from vectorshift_server.runs import runs
from vectorshift_server.store import Store


class NotWantedError(Exception):
    """The run was ended by somebody."""


@dataclass(frozen=True)
class Place:
    """Where in a run: *way* are the nodes whose sub-pipelines lead here, *pipelines* those pipelines."""

    organisation: str
    run_id: str
    way: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()

    def failed(self, node: Node, problem: object) -> str:
        """What the run's error says of the *problem* of a node."""
        where = " > ".join(f'node "{name}"' for name in (*self.way, node.id))
        return f"{where}: {problem}"


class NodeWork:
    """Does the nodes of the runs in *store*, and asks *agents* for their agents. Done again, a node gives the same."""

    def __init__(self, store: Store, agents: Agents) -> None:
        self._store = store
        self._agents = agents

    def node(
        self, place: Place, node: Node, values: Mapping[str, Any], inputs: Mapping[str, Any], told_as: list[str]
    ) -> dict[str, Any]:
        """What *node* gives, by field. *told_as* are the outputs that its text is, piece by piece.

        Raises: NodeError, NotWantedError.
        """
        if not runs.is_wanted(self._store, place.run_id):
            raise NotWantedError
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

    def resolve(self, place: Place, reference: str) -> Nodes:
        """The nodes of the pipeline that is referred to. Raises: NodeError."""
        try:
            with self._store.reading() as db:
                return nodes_of(find(db, "pipelines", place.organisation, reference)["nodes"])
        except NotFoundError as problem:
            raise NodeError(problem.message) from None

    def _agent(self, place: Place, values: Mapping[str, Any], told_as: list[str]) -> str:
        asked = "\n\n".join(as_text(value) for name, value in values.items() if name not in {"agent", "dependencies"})
        # What was told before a crash stays told: the answer goes on after it.
        said = runs.pieces_of(self._store, place.run_id, told_as[0]) if told_as else []
        for output in told_as[1:]:
            for position, piece in enumerate(said):
                runs.keep_piece(self._store, place.run_id, output, position, piece)
        try:
            for piece in self._agents.answer(
                place.organisation, reference_of(values["agent"]), asked, said="".join(said)
            ):
                if not runs.is_wanted(self._store, place.run_id):
                    raise NotWantedError
                for output in told_as:
                    runs.keep_piece(self._store, place.run_id, output, len(said), piece)
                said.append(piece)
        except (NotFoundError, ResponderDownError, ResponderSlowError) as problem:
            raise NodeError(problem.message if isinstance(problem, NotFoundError) else str(problem)) from None
        return "".join(said)

    def _search(self, place: Place, values: Mapping[str, Any]) -> dict[str, Any]:
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

    def _output(self, place: Place, node: Node, value: Any) -> Any:
        # What an agent has told already, piece by piece, has a first piece.
        if not place.way:
            runs.keep_piece(self._store, place.run_id, node.name or node.id, 0, value)
        return value
