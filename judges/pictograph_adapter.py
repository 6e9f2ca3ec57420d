"""How `failwell check pictograph --adapter` drives Pictograph's published client."""

from __future__ import annotations

from typing import Any

import pictograph
from pictograph import exceptions

SDK = f"pictograph {pictograph.__version__}"

ERRORS = {
    name: getattr(exceptions, name)
    for name in (
        "PictographError",
        "ConfigurationError",
        "AuthError",
        "ForbiddenError",
        "NotFoundError",
        "ConflictError",
        "ValidationError",
        "PaymentRequiredError",
        "RateLimitError",
        "ServerError",
        "NetworkError",
        "RequestTimeoutError",
        "PollTimeoutError",
        "ApiError",
    )
}


def client(**settings: Any) -> pictograph.Client:
    """A blocking client: it takes the settings of the page by their names."""
    _without(settings, "deadline")
    return pictograph.Client(**settings)


def async_client(**settings: Any) -> pictograph.AsyncClient:
    """An awaiting one."""
    _without(settings, "deadline")
    return pictograph.AsyncClient(**settings)


def upload(client: Any, dataset_id: str, file_path: Any, **options: Any) -> Any:
    """Upload an image; the page's `dataset_id` is `dataset_name` here."""
    _without(options, "idempotency_key")
    return client.images.upload(dataset_id, file_path, **options)


def create_dataset(client: Any, name: str, **options: Any) -> Any:
    """Make a dataset."""
    _without(options, "idempotency_key")
    return client.datasets.create(name, **options)


def save(client: Any, image: str, annotations: list[dict[str, Any]], **options: Any) -> Any:
    """Save annotations; every image of the page is of the dataset "ds", which this client wants to know."""
    _without(options, "version")
    return client.annotations.save("ds", image, annotations)


def create_run(client: Any, dataset: str, export: str, **options: Any) -> Any:
    """Start a training run; this client asks for a name and a pipeline, and waits unless it is told not to."""
    return client.training.create(
        dataset, export, **{"pipeline_type": "yolox", "name": "a run", "wait": False, **options}
    )


def train_pipeline(*_args: Any, **_options: Any) -> Any:
    """Not offered: the page names it, the published client has none."""
    raise NotImplementedError("there is no train_pipeline in it")


OPERATIONS = {
    "images.upload": upload,
    "datasets.create": create_dataset,
    "annotations.save": save,
    "training.create": create_run,
    "training.get": lambda client, run_id: client.training.get(run_id=run_id),
    "training.wait_for_completion": lambda client, run_id, **options: client.training.wait_for_completion(
        run_id=run_id, **options
    ),
    "models.get": lambda client, model_id: client.models.get(model_id=model_id),
    "train_pipeline": train_pipeline,
}


def _without(options: dict[str, Any], name: str) -> None:
    if name in options:
        raise NotImplementedError(f"it takes no {name}")
