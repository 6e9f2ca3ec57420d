"""Models: what completed runs leave behind."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Any, Literal

from failwell.clock import WallClock
from failwell.server import FromJson, Moment, Pagination, RowModel, insert, rows_of_page, shorten
from pictograph.exceptions import NotFoundError
from pictograph_server.learning import ARCHITECTURE
from pictograph_server.names import looks_like_id, new_id
from pictograph_server.store import Store

ModelType = Literal[
    "object_detection", "semantic_segmentation", "instance_segmentation", "classification", "keypoint_detection"
]

MODEL_TYPES: dict[str, ModelType] = {
    "yolox": "object_detection",
    "sm_pytorch": "semantic_segmentation",
    "classification": "classification",
    "rfdetr_detection": "object_detection",
    "rfdetr_segmentation": "instance_segmentation",
    "rfdetr_keypoint": "keypoint_detection",
}
"""What each pipeline's models are for."""


class Model(RowModel):
    """A model as it travels."""

    id: str
    organization_id: str
    name: str
    description: str | None = None
    model_type: ModelType
    architecture: str
    visibility: Literal["private"] = "private"
    status: Literal["ready"] = "ready"
    metrics: Annotated[dict[str, Any], FromJson]
    class_mapping: Annotated[dict[str, Any], FromJson]
    training_config: Annotated[dict[str, Any], FromJson]
    version: str = "1.0.0"
    training_run_id: str
    dataset_id: str
    created_at: Moment
    updated_at: Moment


def complete_run(
    store: Store, clock: WallClock, run: sqlite3.Row, *, file: str, classes: list[str], metrics: dict[str, Any]
) -> None:
    """End *run* as completed, with a model whose weights are in *file*, both or neither."""
    model_id, now = new_id(), clock.wall()
    with store.writing() as db:
        ended = db.execute(
            "UPDATE runs SET status = 'completed', progress = 100, current_epoch = total_epochs, model_id = ?,"
            " metrics = ?, completed_at = max(started_at, ?) WHERE id = ? AND status = 'running'",
            (model_id, json.dumps(metrics), now, run["id"]),
        )
        if ended.rowcount == 0:
            raise RuntimeError(f"run {run['id']} has ended already, and cannot be completed")
        insert(
            db,
            "models",
            id=model_id,
            tenant=run["tenant"],
            run_id=run["id"],
            dataset_id=run["dataset_id"],
            name=run["name"],
            model_type=MODEL_TYPES[run["pipeline_type"]],
            architecture=ARCHITECTURE,
            class_mapping=json.dumps({"classes": classes}),
            metrics=json.dumps(metrics),
            training_config=run["config"],
            file=file,
            created_at=now,
        )


def get_model(store: Store, tenant: str, name_or_id: str) -> Model:
    """The model of that id, or the newest of that name.

    Raises: NotFoundError.
    """
    if looks_like_id(name_or_id):
        where, value = "id = ?", name_or_id.lower()
    else:
        where, value = "name = ?", name_or_id
    with store.reading() as db:
        row = db.execute(
            f"SELECT * FROM models WHERE tenant = ? AND {where} ORDER BY seq DESC LIMIT 1",  # noqa: S608 - our own words
            (tenant, value),
        ).fetchone()
    if row is None:
        raise NotFoundError(f'There is no model "{shorten(name_or_id)}". Verify with `models.list`.')
    return _shown(row)


def list_models(
    store: Store, tenant: str, *, dataset: str | None, limit: int, offset: int
) -> tuple[list[Model], Pagination]:
    """One page of the tenant's models, newest first, of one dataset if given."""
    where, values = "tenant = ?", [tenant]
    if dataset is not None:
        where += " AND dataset_id IN (SELECT id FROM datasets WHERE tenant = ? AND (name = ? OR id = ?))"
        values += [tenant, dataset, dataset]
    rows, pagination = rows_of_page(store, "models", where, values, limit=limit, offset=offset)
    return [_shown(row) for row in rows], pagination


def _shown(row: sqlite3.Row) -> Model:
    return Model.of(row, organization_id=row["tenant"], training_run_id=row["run_id"], updated_at=row["created_at"])
