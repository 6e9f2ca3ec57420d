"""Agents as rows: made, and what of them travels."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from failwell.clock import WallClock
from failwell.server import Submission
from vectorshift_server.access import User
from vectorshift_server.objects import Name, make, new_id
from vectorshift_server.store import Store

Id = Annotated[str, Field(min_length=1, max_length=200)]


class NewAgent(BaseModel):
    """The body that makes an agent; *knowledge_bases* are the ids of those that it answers from."""

    name: Name
    agent_type: Literal["conversational", "functional"] = "conversational"
    instructions: Annotated[str, Field(max_length=20_000)] = ""
    knowledge_bases: Annotated[list[Id], Field(max_length=20)] = []


def create(store: Store, clock: WallClock, user: User, new: NewAgent, key: Submission | None) -> str:
    """The id of a new agent, or of that which *key* has made. Raises: PermissionDeniedError."""
    user.check("write")
    with store.writing() as db:
        agent_id, _ = make(
            db,
            "agents",
            "ag",
            user,
            key,
            clock=clock,
            name=new.name,
            branch=new_id("br"),
            kind=new.agent_type,
            instructions=new.instructions,
            knowledge_bases=json.dumps(new.knowledge_bases),
        )
    return agent_id


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """An agent as it travels. The published client asks for a model, and for tools."""
    return {
        "_id": row["id"],
        "name": row["name"],
        "agent_type": row["kind"],
        "instructions": row["instructions"],
        "llm_client_key": {"provider": "embedded", "model_id": "embedded"},
        "tools": {},
        "inputs": {},
        "outputs": {},
        "mainBranch": row["branch"],
    }
