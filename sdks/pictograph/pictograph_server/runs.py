"""Training runs as rows: created and paid for at once, moved on by the worker, ended exactly once."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import (
    FromJson,
    Moment,
    Pagination,
    RowModel,
    Submission,
    find_submission,
    insert,
    rows_of_page,
    shorten,
)
from pictograph.exceptions import NotFoundError, PaymentRequiredError
from pictograph_server.credits import balance_in, change_in
from pictograph_server.datasets import find_dataset
from pictograph_server.exports import find_export
from pictograph_server.names import Name, looks_like_id, new_id
from pictograph_server.settings import Settings
from pictograph_server.store import Store

PipelineType = Literal[
    "yolox", "sm_pytorch", "classification", "rfdetr_detection", "rfdetr_segmentation", "rfdetr_keypoint"
]
RunStatus = Literal["queued", "running", "completed", "failed"]


class RunConfig(BaseModel):
    """How a run trains."""

    model_config = ConfigDict(extra="forbid")

    epochs: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] = 60
    learning_rate: Annotated[float, Field(strict=True, gt=0, le=10, allow_inf_nan=False)] = 1.0
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 0


class NewRun(BaseModel):
    """The body that starts a run; *dataset_name* and *export_name* take ids too."""

    model_config = ConfigDict(extra="forbid")

    dataset_name: Annotated[str, Field(min_length=1)]
    export_name: Annotated[str, Field(min_length=1)]
    pipeline_type: PipelineType
    gpu_type: Literal["a10g", "a100", "h100", "auto"] = "a10g"
    config: RunConfig = RunConfig()
    name: Name | None = None


class Run(RowModel):
    """A run as it travels."""

    id: str
    organization_id: str
    name: str
    dataset_id: str
    export_id: str
    model_id: str | None
    pipeline_type: PipelineType
    gpu_type: str
    status: RunStatus
    progress: int
    current_epoch: int
    total_epochs: int
    metrics: Annotated[dict[str, Any], FromJson]
    config: Annotated[dict[str, Any], FromJson]
    credits_charged: int
    training_time_seconds: int | None
    error_message: str | None
    started_at: Moment | None
    completed_at: Moment | None
    created_at: Moment
    created_by: str


def create_run(
    store: Store,
    clock: WallClock,
    settings: Settings,
    *,
    tenant: str,
    key_id: str,
    new: NewRun,
    key: Submission | None = None,
) -> Run:
    """Take the credits for a run and note it as queued, both or neither; the run of an idempotency *key* known before.

    Raises: NotFoundError, PaymentRequiredError.
    """
    run_id = new_id()
    with store.writing() as db:
        if (known := find_submission(db, "runs", clock, tenant, key)) is not None:
            return _shown(_find_run(db, tenant, known))
        dataset = find_dataset(db, tenant, new.dataset_name)
        export = find_export(db, tenant, dataset["id"], new.export_name)
        charge = settings.run_credits + settings.crop_credits * int(export["crop_count"])
        _charge(db, tenant, charge, settings.upgrade_url)
        insert(
            db,
            "runs",
            id=run_id,
            tenant=tenant,
            created_by=key_id,
            idempotency_key=key,
            name=new.name or f"{dataset['name']}-{new.pipeline_type}",
            dataset_id=dataset["id"],
            export_id=export["id"],
            pipeline_type=new.pipeline_type,
            # "auto" picks the cheapest tier; a run always tells a real one.
            gpu_type="a10g" if new.gpu_type == "auto" else new.gpu_type,
            config=new.config.model_dump_json(),
            charge=charge,
            status="queued",
            total_epochs=new.config.epochs,
            created_at=clock.wall(),
        )
        return _shown(_find_run(db, tenant, run_id))


def get_run(store: Store, tenant: str, name_or_id: str) -> Run:
    """The run of that id, or the newest of that name.

    Raises: NotFoundError.
    """
    with store.reading() as db:
        return _shown(_find_run(db, tenant, name_or_id))


def list_runs(
    store: Store, tenant: str, *, dataset: str | None, status: RunStatus | None, limit: int, offset: int
) -> tuple[list[Run], Pagination]:
    """One page of the tenant's runs, newest first, of one dataset or status if given."""
    where, values = "tenant = ?", [tenant]
    if dataset is not None:
        where += " AND dataset_id IN (SELECT id FROM datasets WHERE tenant = ? AND (name = ? OR id = ?))"
        values += [tenant, dataset, dataset]
    if status is not None:
        where += " AND status = ?"
        values.append(status)
    rows, pagination = rows_of_page(store, "runs", where, values, limit=limit, offset=offset)
    return [_shown(row) for row in rows], pagination


def unfinished_runs(store: Store) -> list[str]:
    """The ids of the runs that have not ended, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT id FROM runs WHERE status IN ('queued', 'running') ORDER BY seq").fetchall()
    return [str(row["id"]) for row in rows]


def begin_run(store: Store, clock: WallClock, run_id: str) -> sqlite3.Row | None:
    """Note that a run has left the queue, if it has not before; return its row, or None if it has ended."""
    with store.writing() as db:
        row: sqlite3.Row | None = db.execute(
            # Two processes, two clocks: in the row of a run the time never runs backwards.
            "UPDATE runs SET status = 'running', started_at = coalesce(started_at, max(created_at, ?))"
            " WHERE id = ? AND status IN ('queued', 'running') RETURNING *",
            (clock.wall(), run_id),
        ).fetchone()
    return row


def note_progress(store: Store, run_id: str, *, progress: int, epoch: int, loss: float) -> None:
    """Note how far a run has come."""
    with store.writing() as db:
        db.execute(
            "UPDATE runs SET progress = ?, current_epoch = ?, metrics = ? WHERE id = ? AND status = 'running'",
            (progress, epoch, json.dumps({"loss": loss}), run_id),
        )


def fail_run(store: Store, clock: WallClock, run_id: str, reason: str) -> None:
    """End a run as failed, and give its credits back. A run that has ended stays as it is."""
    with store.writing() as db:
        row = db.execute(
            "UPDATE runs SET status = 'failed', error_message = ?,"
            " completed_at = max(coalesce(started_at, created_at), ?)"
            " WHERE id = ? AND status IN ('queued', 'running') RETURNING tenant, charge",
            (reason, clock.wall(), run_id),
        ).fetchone()
        if row is not None:
            change_in(db, row["tenant"], row["charge"])


def _charge(db: sqlite3.Connection, tenant: str, charge: int, upgrade_url: str) -> None:
    remaining = balance_in(db, tenant)
    if remaining < charge:
        raise PaymentRequiredError(
            f"The run costs {charge} credits, {remaining} are left. Top up at {upgrade_url}",
            required=charge,
            remaining=remaining,
            upgrade_url=upgrade_url,
        )
    change_in(db, tenant, -charge)


def _find_run(db: sqlite3.Connection, tenant: str, name_or_id: str) -> sqlite3.Row:
    if looks_like_id(name_or_id):
        where, value = "id = ?", name_or_id.lower()
    else:
        where, value = "name = ?", name_or_id
    row: sqlite3.Row | None = db.execute(
        f"SELECT * FROM runs WHERE tenant = ? AND {where} ORDER BY seq DESC LIMIT 1",  # noqa: S608 - our own words
        (tenant, value),
    ).fetchone()
    if row is None:
        raise NotFoundError(f'There is no training run "{shorten(name_or_id)}". Verify with `training.list`.')
    return row


def _shown(row: sqlite3.Row) -> Run:
    started, completed = row["started_at"], row["completed_at"]
    return Run.of(
        row,
        organization_id=row["tenant"],
        credits_charged=0 if row["status"] == "failed" else row["charge"],
        training_time_seconds=int(completed - started) if started is not None and completed is not None else None,
    )
