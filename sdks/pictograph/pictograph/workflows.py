"""Several operations in one call."""

from __future__ import annotations

import uuid
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, overload

from pictograph.client import AsyncClient, Client
from pictograph.resources.exports import Exports
from pictograph.resources.models import Models
from pictograph.resources.training import Training

if TYPE_CHECKING:
    from errata.policy import Flow
    from pictograph.models import Model, TrainingRun


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
