"""`/datasets/`."""

from __future__ import annotations

from fastapi import APIRouter

from failwell.server import CurrentCaller, CurrentWriter, ItemReply, Offset, PageLimit, PageReply
from pictograph_server.datasets import Dataset, NewDataset, create_dataset, get_dataset, list_datasets
from pictograph_server.services import Parts

router = APIRouter(prefix="/datasets", tags=["datasets"])


@router.get("/", operation_id="datasets.list")
def list_(caller: CurrentCaller, parts: Parts, limit: PageLimit = 100, offset: Offset = 0) -> PageReply[Dataset]:
    """List the datasets, newest first."""
    data, pagination = list_datasets(parts.store, caller.tenant, limit, offset)
    return PageReply(data=data, pagination=pagination)


@router.post("/", operation_id="datasets.create", status_code=201)
def create(caller: CurrentWriter, parts: Parts, body: NewDataset) -> ItemReply[Dataset]:
    """Make a dataset."""
    return ItemReply(data=create_dataset(parts.store, parts.clock, caller.tenant, body))


@router.get("/{dataset}", operation_id="datasets.get")
def get(caller: CurrentCaller, parts: Parts, dataset: str) -> ItemReply[Dataset]:
    """Get a dataset by its name, which is case-sensitive, or its id."""
    return ItemReply(data=get_dataset(parts.store, caller.tenant, dataset))
