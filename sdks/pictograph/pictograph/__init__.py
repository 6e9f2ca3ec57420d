"""The Pictograph SDK: datasets, images, annotations, exports, training, models, batches and imports.

    client = Client(api_key="pk_live_...")
    run = client.training.create("ds", "exp", pipeline_type="yolox")

Every error is a `PictographError`; `pictograph.exceptions` has the tree. The clients load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictograph.exceptions import (
    ApiError,
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ValidationError,
)

if TYPE_CHECKING:
    from pictograph.client import AsyncClient, Client
    from pictograph.uploads import UploadReport
    from pictograph.workflows import train_pipeline, training_pipeline, upload_folder

__version__ = "0.1.0"

_LAZY = {
    "AsyncClient": "pictograph.client",
    "Client": "pictograph.client",
    "UploadReport": "pictograph.uploads",
    "train_pipeline": "pictograph.workflows",
    "training_pipeline": "pictograph.workflows",
    "upload_folder": "pictograph.workflows",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'pictograph' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


__all__ = [
    "ApiError",
    "AsyncClient",
    "AuthError",
    "Client",
    "ConfigurationError",
    "ConflictError",
    "ForbiddenError",
    "NetworkError",
    "NotFoundError",
    "PaymentRequiredError",
    "PictographError",
    "PollTimeoutError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "UploadReport",
    "ValidationError",
    "train_pipeline",
    "training_pipeline",
    "upload_folder",
]
