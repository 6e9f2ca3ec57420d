"""Models: what completed runs leave behind."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Literal

from pydantic import BaseModel

from pictograph.exceptions import NotFoundError
from pictograph_server.framework_errors import shortened
from pictograph_server.learning import ARCHITECTURE
from pictograph_server.names import looks_like_id, new_id
from pictograph_server.paging import Pagination, rows_of_page
from pictograph_server.store import Store
from pictograph_server.times import Clock, moment

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


class Model(BaseModel):
    """A model as it travels."""

    id: str
    organization_id: str
    name: str
    description: str | None = None
    model_type: ModelType
    architecture: str
    visibility: Literal["private"] = "private"
    status: Literal["ready"] = "ready"
    metrics: dict[str, Any]
    class_mapping: dict[str, Any]
    training_config: dict[str, Any]
    version: str = "1.0.0"
    training_run_id: str
    dataset_id: str
    created_at: str
    updated_at: str


def complete_run(
    store: Store, clock: Clock, run: sqlite3.Row, *, file: str, classes: list[str], metrics: dict[str, Any]
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
        db.execute(
            "INSERT INTO models (id, tenant, run_id, dataset_id, name, model_type, architecture, class_mapping,"
            " metrics, training_config, file, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                model_id,
                run["tenant"],
                run["id"],
                run["dataset_id"],
                run["name"],
                MODEL_TYPES[run["pipeline_type"]],
                ARCHITECTURE,
                json.dumps({"classes": classes}),
                json.dumps(metrics),
                run["config"],
                file,
                now,
            ),
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
        raise NotFoundError(f'There is no model "{shortened(name_or_id)}". Verify with `models.list`.')
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
    return Model(
        id=row["id"],
        organization_id=row["tenant"],
        name=row["name"],
        model_type=row["model_type"],
        architecture=row["architecture"],
        metrics=json.loads(row["metrics"]),
        class_mapping=json.loads(row["class_mapping"]),
        training_config=json.loads(row["training_config"]),
        training_run_id=row["run_id"],
        dataset_id=row["dataset_id"],
        created_at=moment(row["created_at"]),
        updated_at=moment(row["created_at"]),
    )
