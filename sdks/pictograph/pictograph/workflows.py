"""Several operations in one call."""

from __future__ import annotations

import os
import uuid
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from failwell.client import check_batch
from pictograph.client import AsyncClient, Client
from pictograph.resources._waiting import check_timeout
from pictograph.resources.exports import Exports
from pictograph.resources.models import Models
from pictograph.resources.training import Training

if TYPE_CHECKING:
    from failwell.policy import Flow
    from pictograph.models import Model, TrainingRun
    from pictograph.uploads.report import UploadReport
    from pictograph.uploads.upload import Progress


@overload
def train_pipeline(
    client: Client,
    dataset_name: str,
    *,
    pipeline: str = "yolox",
    export_name: str | None = None,
    config: Mapping[str, Any] | None = None,
    timeout: float = 3600.0,
) -> tuple[TrainingRun, Model | None]: ...
@overload
def train_pipeline(
    client: AsyncClient,
    dataset_name: str,
    *,
    pipeline: str = "yolox",
    export_name: str | None = None,
    config: Mapping[str, Any] | None = None,
    timeout: float = 3600.0,
) -> Coroutine[Any, Any, tuple[TrainingRun, Model | None]]: ...
def train_pipeline(
    client: Client | AsyncClient,
    dataset_name: str,
    *,
    pipeline: str = "yolox",
    export_name: str | None = None,
    config: Mapping[str, Any] | None = None,
    timeout: float = 3600.0,
) -> Any:
    """Export a dataset, train on it and fetch the model.

    `run, model = train_pipeline(client, "ds")`; with an `AsyncClient`, await it. The model is None when the run
    failed: `run.error_message` has the reason. Without *export_name* a new export is made. *timeout* is the seconds to
    wait for the run.

    Raises:
        PollTimeoutError: the run is not done in time. It is not cancelled; `e.run_id` names it.
        PaymentRequiredError: out of credits.
        NotFoundError: there is no such dataset or export.
    """
    flow = _train(client, dataset_name, pipeline=pipeline, export_name=export_name, config=config, timeout=timeout)
    core = client.core
    return core.arun(flow) if core.awaiting else core.run(flow)


training_pipeline = train_pipeline
"""The name by which the documentation's text speaks of it."""


def _train(
    client: Client | AsyncClient,
    dataset_name: str,
    *,
    pipeline: str,
    export_name: str | None,
    config: Mapping[str, Any] | None,
    timeout: float,
) -> Flow[tuple[TrainingRun, Model | None]]:
    check_timeout(timeout)
    exports: Exports[Any] = client.exports
    training: Training[Any] = client.training
    models: Models[Any] = client.models
    if export_name is None:
        export = yield from Exports.create.flow(exports, dataset_name, f"train-{uuid.uuid4().hex[:12]}")
        export_name = export.name
    run = yield from Training.create.flow(training, dataset_name, export_name, pipeline_type=pipeline, config=config)
    run = yield from Training.wait_for_completion.flow(training, run.id, timeout=timeout)
    model = None
    if run.status == "completed" and run.model_id is not None:
        model = yield from Models.get.flow(models, run.model_id)
    return run, model


@overload
def upload_folder(
    client: Client,
    dataset: str,
    folder: str | os.PathLike[str],
    *,
    directory_path: str = "/",
    recursive: bool = True,
    skip_existing: bool = False,
    max_workers: int = 8,
    progress: Progress | Literal[False] | None = None,
) -> UploadReport: ...
@overload
def upload_folder(
    client: AsyncClient,
    dataset: str,
    folder: str | os.PathLike[str],
    *,
    directory_path: str = "/",
    recursive: bool = True,
    skip_existing: bool = False,
    max_workers: int = 8,
    progress: Progress | Literal[False] | None = None,
) -> Coroutine[Any, Any, UploadReport]: ...
def upload_folder(
    client: Client | AsyncClient,
    dataset: str,
    folder: str | os.PathLike[str],
    *,
    directory_path: str = "/",
    recursive: bool = True,
    skip_existing: bool = False,
    max_workers: int = 8,
    progress: Progress | Literal[False] | None = None,
) -> Any:
    """Upload the images of a folder into a dataset, known by its id or its name; tell what became of each file.

    `report = upload_folder(client, "ds", "pictures")`; with an `AsyncClient`, await it. Sub-folders become folders of
    the dataset below *directory_path*, unless *recursive* is False. *max_workers* files are uploaded at a time. With
    *skip_existing* an image that is there already is skipped; otherwise it is a `ConflictError` in `report.failed`.

    *progress* is called with the files done, the files in all and the path of each, by one thread at a time; False
    means silence, and by default there is a bar on stderr if it is a terminal and `rich` is installed.

    An error that every further file would meet too is raised. No other upload is started then, those under way are
    completed, and `UploadReport.of(error)` says what was done and what remains. Ctrl-C or a cancellation ends the
    upload as soon as the requests under way are answered (awaiting: at once); `UploadReport.of(error)` has the report
    of it, but trio's own cancellation takes none. When one file is told to wait, the others wait, too; one that is told
    so again and again goes to the end of the queue, and fewer are uploaded at a time.

    Raises:
        OSError: *folder* is not there, is no folder, or may not be read.
        NotFoundError: there is no such dataset.
        AuthError, ForbiddenError, PaymentRequiredError: the backend refuses every upload.
        ConfigurationError: *max_workers* or *progress* is nothing that makes sense.
    """
    check_batch(client.core, max_workers, progress)
    from pictograph.uploads.upload import Order, upload_in_tasks, upload_in_threads

    order = Order(dataset, Path(folder), directory_path, recursive, skip_existing, max_workers, progress)
    return upload_in_tasks(client, order) if isinstance(client, AsyncClient) else upload_in_threads(client, order)
