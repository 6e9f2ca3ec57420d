"""`/pipeline` and `/pipelines`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from failwell.server import Offset, PageLimit, SubmissionKey
from vectorshift_server import objects
from vectorshift_server.objects import Done, Made, ObjectReply, ObjectsReply
from vectorshift_server.pipelines.pipelines import NewPipeline, SavedPipeline, create, save, shown
from vectorshift_server.services import CurrentUser, Parts

router = APIRouter(tags=["pipelines"])


@router.get("/pipeline", operation_id="pipeline.fetch")
def fetch(user: CurrentUser, parts: Parts, id: str | None = None, name: str | None = None) -> ObjectReply:  # noqa: A002
    """Get a pipeline by its id, or by its name."""
    with parts.store.reading() as db:
        row = objects.find_either(db, "pipelines", user.organisation, id=id, name=name)
    return ObjectReply(object=shown(row))


@router.get("/pipelines", operation_id="pipeline.list")
def list_(user: CurrentUser, parts: Parts, limit: PageLimit = 1000, offset: Offset = 0) -> ObjectsReply:
    """List the pipelines of the organisation, newest first."""
    return objects.listed(parts.store, "pipelines", user.organisation, _brief, limit=limit, offset=offset)


@router.post("/pipeline", operation_id="pipeline.new")
def new(user: CurrentUser, parts: Parts, body: NewPipeline, key: SubmissionKey) -> Made:
    """Make a pipeline."""
    return Made(id=create(parts.store, parts.clock, user, body, key))


# One operation has one address in the document: the recorded one.
@router.put("/pipeline/{pipeline_id}", operation_id="pipeline.save", include_in_schema=False)
@router.post("/update/pipeline/{pipeline_id}", operation_id="pipeline.save")
def update(user: CurrentUser, parts: Parts, pipeline_id: str, body: SavedPipeline) -> Done:
    """Give a pipeline other nodes."""
    save(parts.store, user, pipeline_id, body)
    return Done()


@router.delete("/pipeline/{pipeline_id}", operation_id="pipeline.delete")
def delete(user: CurrentUser, parts: Parts, pipeline_id: str) -> Done:
    """Delete a pipeline, with its runs."""
    with parts.store.writing() as db:
        objects.delete(db, "pipelines", user, pipeline_id)
    return Done()


def _brief(row: Any) -> dict[str, Any]:
    return {"_id": row["id"], "name": row["name"]}
