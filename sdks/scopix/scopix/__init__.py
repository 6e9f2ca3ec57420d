"""The Scopix SDK: files and their descriptions, documents, chat, cloud storage, videos.

    async with Scopix() as client:
        results = await client.files.upload_batch("image.jpg")

Every error is a `ScopixError`; `scopix.exceptions` has the tree. The clients load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports
from scopix.exceptions import (
    AuthenticationError,
    ChatError,
    CircuitBreakerError,
    CloudStorageError,
    DescriptionError,
    DocumentProcessingError,
    PaymentRequiredError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    S3ConnectorError,
    ScopixConnectionError,
    ScopixError,
    ScopixPermissionError,
    ScopixTimeoutError,
    ServerError,
    SSEStreamError,
    UploadError,
    ValidationError,
    VideoAnalysisError,
    VideoUploadError,
)

if TYPE_CHECKING:
    from scopix.client import Scopix, ScopixSync
    from scopix.uploads.results import BatchUploadResults

__version__ = "0.1.0"

lazy_exports(__name__, {"client": "Scopix ScopixSync", "uploads.results": "BatchUploadResults"})

__all__ = [
    "AuthenticationError",
    "BatchUploadResults",
    "ChatError",
    "CircuitBreakerError",
    "CloudStorageError",
    "DescriptionError",
    "DocumentProcessingError",
    "PaymentRequiredError",
    "QuotaExceededError",
    "RateLimitError",
    "ResourceNotFoundError",
    "S3ConnectorError",
    "SSEStreamError",
    "Scopix",
    "ScopixConnectionError",
    "ScopixError",
    "ScopixPermissionError",
    "ScopixSync",
    "ScopixTimeoutError",
    "ServerError",
    "UploadError",
    "ValidationError",
    "VideoAnalysisError",
    "VideoUploadError",
]
