"""The Pictograph SDK: datasets, images, annotations, exports, training, models, batches and imports.

    client = Client(api_key="pk_live_...")
    run = client.training.create("ds", "exp", pipeline_type="yolox")

Every error is a `PictographError`; `pictograph.exceptions` has the tree. The clients load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports
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

lazy_exports(
    __name__,
    {
        "client": "AsyncClient Client",
        "uploads": "UploadReport",
        "workflows": "train_pipeline training_pipeline upload_folder",
    },
)

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
