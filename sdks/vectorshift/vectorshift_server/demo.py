"""Demo objects: the same in each demo organisation."""

from __future__ import annotations

from typing import Any

from failwell.clock import WallClock
from vectorshift_server.access import User
from vectorshift_server.agents.agents import NewAgent
from vectorshift_server.agents.agents import create as create_agent
from vectorshift_server.pipelines.graph import Node
from vectorshift_server.pipelines.pipelines import NewPipeline
from vectorshift_server.pipelines.pipelines import create as create_pipeline
from vectorshift_server.store import Store

PIPELINE, FAILING, SLOW, AGENT = "my-pipeline", "failing-pipeline", "slow-pipeline", "my-agent"
"""What they are called: one pipeline answers "q" as "answer", one fails, one runs until it is terminated."""


def seed(store: Store, clock: WallClock, users: list[User]) -> None:
    """Let each organisation have its objects, of the first of its *users*; what is there stays as it is."""
    for organisation, user in {user.organisation: user for user in reversed(users)}.items():
        with store.reading() as db:
            seeded = db.execute("SELECT 1 FROM agents WHERE tenant = ?", (organisation,)).fetchone()
        if seeded is None:
            agent_id = create_agent(store, clock, user, NewAgent(name=AGENT, instructions="Be brief."), None)
            for name, words in ((PIPELINE, ""), (FAILING, "responder-down "), (SLOW, "responder-slow ")):
                new = NewPipeline(name=name, nodes=_nodes(agent_id, words))
                create_pipeline(store, clock, user, new, None)


def _nodes(agent_id: str, words: str) -> dict[str, Node]:
    inputs: dict[str, tuple[str, str, dict[str, Any]]] = {
        "question": ("input", "q", {"input_type": "string"}),
        "prompt": ("text", "prompt", {"text": f"{words}{{{{ question.text }}}}"}),
        "agent": ("agent", "agent", {"agent": agent_id, "input": "{{ prompt.text }}"}),
        "answer": ("output", "answer", {"output_type": "string", "value": "{{ agent.response }}"}),
    }
    return {id_: Node(id=id_, type=kind, name=name, inputs=given) for id_, (kind, name, given) in inputs.items()}
