"""Demo objects: the same in each demo organisation."""

from __future__ import annotations

import hashlib
from typing import Any

from failwell.clock import WallClock
from vectorshift_server.access import User
from vectorshift_server.agents.agents import NewAgent, create as create_agent
from vectorshift_server.knowledge import files
from vectorshift_server.knowledge.bases import NewKnowledgeBase, create as create_base
from vectorshift_server.knowledge.files import NewFile, NewUpload
from vectorshift_server.knowledge.ingestions import Ingesting, NewIngestion, create as ingest
from vectorshift_server.pipelines.graph import Node
from vectorshift_server.pipelines.pipelines import NewPipeline, create as create_pipeline
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store

PIPELINE, FAILING, SLOW, AGENT, HANDBOOK = "my-pipeline", "failing-pipeline", "slow-pipeline", "my-agent", "handbook"
"""What they are called: one pipeline answers "q" as "answer", one fails, one runs until it is terminated."""

_TEXT = """Parcels are sent on Mondays. Letters are sent every day.

The office is open from nine to five. The key is at the reception.
"""


def seed(store: Store, clock: WallClock, users: list[User]) -> None:
    """Let each organisation have its objects, of the first of its *users*; what is there stays as it is."""
    for organisation, user in {user.organisation: user for user in reversed(users)}.items():
        with store.reading() as db:
            seeded = db.execute("SELECT 1 FROM agents WHERE tenant = ?", (organisation,)).fetchone()
        if seeded is None:
            base_id = _handbook(store, clock, user)
            new_agent = NewAgent(name=AGENT, instructions="Be brief.", knowledge_bases=[base_id])
            agent_id = create_agent(store, clock, user, new_agent, None)
            for name, words in ((PIPELINE, ""), (FAILING, "responder-down "), (SLOW, "responder-slow ")):
                new = NewPipeline(name=name, nodes=_nodes(agent_id, words))
                create_pipeline(store, clock, user, new, None)


def _handbook(store: Store, clock: WallClock, user: User) -> str:
    """A knowledge base with one document, which is ingested here and now."""
    base_id = create_base(store, clock, user, NewKnowledgeBase(name=HANDBOOK), None)
    settings, content = Settings(), _TEXT.encode()
    _, key = files.offer(store, clock, settings, user, NewUpload(file_name="handbook.txt", file_size=len(content)))
    files.accept(store, key, (store.folder.write(content), len(content), hashlib.sha256(content).hexdigest()))
    file_id = files.make(store, user, NewFile(s3_key=key))
    asked = NewIngestion.model_validate({"file_data": {"file": {"id": file_id}}})
    Ingesting(store).ingest(ingest(store, clock, user, base_id, asked, key=None).task_id)
    return base_id


def _nodes(agent_id: str, words: str) -> dict[str, Node]:
    inputs: dict[str, tuple[str, str, dict[str, Any]]] = {
        "question": ("input", "q", {"input_type": "string"}),
        "prompt": ("text", "prompt", {"text": f"{words}{{{{ question.text }}}}"}),
        "agent": ("agent", "agent", {"agent": agent_id, "input": "{{ prompt.text }}"}),
        "answer": ("output", "answer", {"output_type": "string", "value": "{{ agent.response }}"}),
    }
    return {id_: Node(id=id_, type=kind, name=name, inputs=given) for id_, (kind, name, given) in inputs.items()}
