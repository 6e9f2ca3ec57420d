"""The Scopix SDK: files and their descriptions, documents, chat, cloud storage, videos.

    async with Scopix() as client:
        results = await client.files.upload_batch("image.jpg")

Every error is a `ScopixError`; `scopix.exceptions` has the tree.
"""

from __future__ import annotations

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

__version__ = "0.1.0"

__all__ = [
    "AuthenticationError",
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
    "ScopixConnectionError",
    "ScopixError",
    "ScopixPermissionError",
    "ScopixTimeoutError",
    "ServerError",
    "UploadError",
    "ValidationError",
    "VideoAnalysisError",
    "VideoUploadError",
]
