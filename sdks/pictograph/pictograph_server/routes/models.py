"""`/models/`."""

from __future__ import annotations

from fastapi import APIRouter

from failwell.server import CurrentCaller, ItemReply, Offset, PageLimit, PageReply
from pictograph_server.models import Model, get_model, list_models
from pictograph_server.services import Parts

router = APIRouter(prefix="/models", tags=["models"])


@router.get("/", operation_id="models.list")
def list_(
    caller: CurrentCaller, parts: Parts, dataset_name: str | None = None, limit: PageLimit = 100, offset: Offset = 0
) -> PageReply[Model]:
    """List the models, newest first."""
    data, pagination = list_models(parts.store, caller.tenant, dataset=dataset_name, limit=limit, offset=offset)
    return PageReply(data=data, pagination=pagination)


@router.get("/{model}", operation_id="models.get")
def get(caller: CurrentCaller, parts: Parts, model: str) -> ItemReply[Model]:
    """Get a model by its id, or the newest of its name."""
    return ItemReply(data=get_model(parts.store, caller.tenant, model))
