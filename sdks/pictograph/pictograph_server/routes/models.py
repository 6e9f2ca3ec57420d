"""`/models/`."""

from __future__ import annotations

from fastapi import APIRouter

from pictograph_server.callers import Reader
from pictograph_server.models import Model, get_model, list_models
from pictograph_server.paging import Limit, Offset
from pictograph_server.replies import One, Page
from pictograph_server.services import Parts

router = APIRouter(prefix="/models", tags=["models"])


@router.get("/", operation_id="models.list")
def list_(
    caller: Reader, parts: Parts, dataset_name: str | None = None, limit: Limit = 100, offset: Offset = 0
) -> Page[Model]:
    """List the models, newest first."""
    data, pagination = list_models(parts.store, caller.tenant, dataset=dataset_name, limit=limit, offset=offset)
    return Page(data=data, pagination=pagination)


@router.get("/{model}", operation_id="models.get")
def get(caller: Reader, parts: Parts, model: str) -> One[Model]:
    """Get a model by its id, or the newest of its name."""
    return One(data=get_model(parts.store, caller.tenant, model))
