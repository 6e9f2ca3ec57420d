"""`/agent` and `/agents`."""

from __future__ import annotations

from fastapi import APIRouter

from failwell.server import Offset, PageLimit, SubmissionKey
from vectorshift_server import objects
from vectorshift_server.agents.agents import NewAgent, create, shown
from vectorshift_server.objects import Done, Made, ObjectReply, ObjectsReply
from vectorshift_server.services import CurrentUser, Parts

router = APIRouter(tags=["agents"])


@router.get("/agent", operation_id="agent.fetch")
def fetch(user: CurrentUser, parts: Parts, id: str | None = None, name: str | None = None) -> ObjectReply:  # noqa: A002
    """Get an agent by its id, or by its name."""
    with parts.store.reading() as db:
        row = objects.find_either(db, "agents", user.organisation, id=id, name=name)
    return ObjectReply(object=shown(row))


@router.get("/agents", operation_id="agent.list")
def list_(user: CurrentUser, parts: Parts, limit: PageLimit = 1000, offset: Offset = 0) -> ObjectsReply:
    """List the agents of the organisation, newest first."""
    return objects.listed(parts.store, "agents", user.organisation, shown, limit=limit, offset=offset)


@router.post("/agent", operation_id="agent.new")
def new(user: CurrentUser, parts: Parts, body: NewAgent, key: SubmissionKey) -> Made:
    """Make an agent."""
    return Made(id=create(parts.store, parts.clock, user, body, key))


@router.delete("/agent/{agent_id}", operation_id="agent.delete")
def delete(user: CurrentUser, parts: Parts, agent_id: str) -> Done:
    """Delete an agent, with its sessions."""
    with parts.store.writing() as db:
        objects.delete(db, "agents", user, agent_id)
    return Done()
