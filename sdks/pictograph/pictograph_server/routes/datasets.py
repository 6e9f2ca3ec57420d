"""`/datasets/`."""

from __future__ import annotations

from fastapi import APIRouter

from pictograph_server.callers import Reader, Writer
from pictograph_server.datasets import Dataset, NewDataset, create_dataset, get_dataset, list_datasets
from pictograph_server.paging import Limit, Offset
from pictograph_server.replies import One, Page
from pictograph_server.services import Parts

router = APIRouter(prefix="/datasets", tags=["datasets"])


@router.get("/", operation_id="datasets.list")
def list_(caller: Reader, parts: Parts, limit: Limit = 100, offset: Offset = 0) -> Page[Dataset]:
    """List the datasets, newest first."""
    data, pagination = list_datasets(parts.store, caller.tenant, limit, offset)
    return Page(data=data, pagination=pagination)


@router.post("/", operation_id="datasets.create", status_code=201)
def create(caller: Writer, parts: Parts, body: NewDataset) -> One[Dataset]:
    """Make a dataset."""
    return One(data=create_dataset(parts.store, parts.clock, caller.tenant, body))


@router.get("/{dataset}", operation_id="datasets.get")
def get(caller: Reader, parts: Parts, dataset: str) -> One[Dataset]:
    """Get a dataset by its name, which is case-sensitive, or its id."""
    return One(data=get_dataset(parts.store, caller.tenant, dataset))
