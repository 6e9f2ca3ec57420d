"""VectorShift's errors. Every one is a `VectorshiftError`; `vectorshift.exceptions` has the tree."""

from vectorshift.exceptions import (
    ApiConnectionError,
    ApiStatusError,
    ApiTimeoutError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    KbIngestionFailed,
    KbIngestionTimeout,
    KbNotFound,
    KnowledgeBaseError,
    NotFoundError,
    PermissionDeniedError,
    PipelineRunFailedError,
    PollTimeoutError,
    RateLimitError,
    SessionDisconnectedError,
    SessionError,
    UnprocessableEntityError,
    VectorshiftApiError,
    VectorshiftError,
)

__version__ = "0.1.0"

__all__ = [
    "ApiConnectionError",
    "ApiStatusError",
    "ApiTimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "InternalServerError",
    "KbIngestionFailed",
    "KbIngestionTimeout",
    "KbNotFound",
    "KnowledgeBaseError",
    "NotFoundError",
    "PermissionDeniedError",
    "PipelineRunFailedError",
    "PollTimeoutError",
    "RateLimitError",
    "SessionDisconnectedError",
    "SessionError",
    "UnprocessableEntityError",
    "VectorshiftApiError",
    "VectorshiftError",
]
