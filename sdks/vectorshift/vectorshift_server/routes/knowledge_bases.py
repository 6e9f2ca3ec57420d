"""`/knowledge-base` and `/knowledge-bases/`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from failwell.server import Offset, PageLimit, SubmissionKey
from vectorshift_server import objects
from vectorshift_server.knowledge import bases, ingestions
from vectorshift_server.knowledge.bases import NewKnowledgeBase
from vectorshift_server.knowledge.ingestions import Ingestion, NewIngestion
from vectorshift_server.objects import Done, Made, ObjectReply, ObjectsReply
from vectorshift_server.services import CurrentUser, Parts

router = APIRouter(tags=["knowledge bases"])

TopK = Annotated[int, Field(ge=1, le=100)]


class QueryConfig(BaseModel):
    """How much is to be found. What items have beside their text is not kept here, so that nothing filters by it."""

    top_k: TopK | None = None
    filter: None = None


class Query(BaseModel):
    """What is looked for: the best passages for all of the *queries* together."""

    queries: Annotated[list[Annotated[str, Field(max_length=10_000)]], Field(min_length=1, max_length=20)]
    config: QueryConfig = QueryConfig()
    search_metadata: QueryConfig = QueryConfig()


@router.get("/knowledge-base", operation_id="knowledge_base.fetch")
def fetch(user: CurrentUser, parts: Parts, id: str | None = None, name: str | None = None) -> ObjectReply:  # noqa: A002
    """Get a knowledge base by its id, or by its name."""
    with parts.store.reading() as db:
        row = objects.find_either(db, "knowledge_bases", user.organisation, id=id, name=name)
    return ObjectReply(object=_shown(row))


@router.get("/knowledge-bases/", operation_id="knowledge_base.list")
def list_(user: CurrentUser, parts: Parts, limit: PageLimit = 20, offset: Offset = 0) -> ObjectsReply:
    """List the knowledge bases of the organisation, newest first."""
    return objects.listed(parts.store, "knowledge_bases", user.organisation, _shown, limit=limit, offset=offset)


@router.post("/knowledge-base", operation_id="knowledge_base.new")
def new(user: CurrentUser, parts: Parts, body: NewKnowledgeBase, key: SubmissionKey) -> Made:
    """Make a knowledge base."""
    return Made(id=bases.create(parts.store, parts.clock, user, body, key))


@router.delete("/knowledge-base/{base_id}", operation_id="knowledge_base.delete")
def delete(user: CurrentUser, parts: Parts, base_id: str) -> Done:
    """Delete a knowledge base, with all that is in it."""
    with parts.store.writing() as db:
        bases.delete(db, user, base_id)
    return Done()


@router.post("/knowledge-base/{base_id}/query", operation_id="knowledge_base.query")
def query(user: CurrentUser, parts: Parts, base_id: str, body: Query) -> dict[str, Any]:
    """Find the passages that fit best."""
    most = body.search_metadata.top_k or body.config.top_k or 10
    with parts.store.reading() as db:
        row = objects.find(db, "knowledge_bases", user.organisation, base_id)
        found = bases.search(db, row, " ".join(body.queries), most)
    chunks = [
        {
            "chunk": {"id": f"{one.item_id}-{one.position}", "content": one.text, "metadata": {"name": one.name}},
            "item_id": one.item_id,
            "score": one.score,
        }
        for one in found
    ]
    return {"status": "success", "result": {"chunks": {"chunks": chunks}}}


@router.post("/knowledge-base/{base_id}/ingestions", operation_id="knowledge_base.add_files")
def ingest(user: CurrentUser, parts: Parts, base_id: str, body: NewIngestion, key: SubmissionKey) -> Ingestion:
    """Have a file ingested; that is done after this answer."""
    parts.admit("Ingestions")
    made = ingestions.create(parts.store, parts.clock, user, base_id, body, key=key)
    parts.jobs.nudge()
    return made


@router.get("/knowledge-base/{base_id}/ingestions/{task_id}", operation_id="knowledge_base.ingestion_status")
def status(user: CurrentUser, parts: Parts, base_id: str, task_id: str) -> Ingestion:
    """Tell how an ingestion stands."""
    return ingestions.get(parts.store, user.organisation, base_id, task_id)


def _shown(row: Any) -> dict[str, Any]:
    return {"_id": row["id"], "name": row["name"]}
