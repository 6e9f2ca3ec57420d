"""The error contract of `spec/scopix-sdk.txt` as a sample: every printed constructor is written out."""

from __future__ import annotations

from typing import Annotated, Any

import failwell
from failwell import Body, Case, Catalogue, Code, Details, Header, Local, Message, Status, field
from failwell.wire import ErrorObject


class ScopixError(failwell.Error, cases=(Case("CONFLICT", 409), Case())):
    """Base exception for all SDK errors."""

    code: Annotated[str, Code()] = field(missing="UNKNOWN")
    message: Message = field()
    details: Annotated[dict[str, Any], Body("error.details")] = field(default_factory=dict)
    status_code: Annotated[int | None, Status()] = field(default=None, init=False)

    def __init__(self, code: str, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details or {}


class AuthenticationError(
    ScopixError,
    cases=(
        Case("INVALID_API_KEY", 401),
        Case("EXPIRED_API_KEY", 401),
        Case("DEACTIVATED_API_KEY", 401),
        Case(None, 401),
    ),
):
    """Invalid or missing API key."""

    code: Annotated[str, Local()] = "AUTH_ERROR"

    def __init__(self, message: str = "Authentication failed") -> None:
        super().__init__("AUTH_ERROR", message)


class ScopixPermissionError(ScopixError, cases=(Case("AUTHZ_ERROR", 403), Case(None, 403))):
    """Insufficient permissions."""

    code: Annotated[str, Local()] = "PERMISSION_DENIED"

    def __init__(self, message: str = "Permission denied") -> None:
        super().__init__("PERMISSION_DENIED", message)


class RateLimitError(ScopixError, retry="throttled", cases=(Case("RATE_LIMIT_ERROR", 429), Case(None, 429))):
    """API rate limit exceeded."""

    code: Annotated[str, Local()] = "RATE_LIMIT"
    retry_after: Annotated[int | None, Header("Retry-After")] = None
    limit: Annotated[int | None, Header("X-RateLimit-Limit")] = None
    remaining: Annotated[int | None, Header("X-RateLimit-Remaining")] = None
    reset: Annotated[int | None, Header("X-RateLimit-Reset")] = None

    def __init__(
        self,
        message: str = "Rate limit exceeded",
        *,
        retry_after: int | None = None,
        limit: int | None = None,
        remaining: int | None = None,
        reset: int | None = None,
    ) -> None:
        super().__init__("RATE_LIMIT", message)
        self.retry_after = retry_after
        self.limit = limit
        self.remaining = remaining
        self.reset = reset


class QuotaExceededError(
    ScopixError, retry="never", cases=(Case("STORAGE_QUOTA_EXCEEDED", 413), Case("USAGE_LIMIT_EXCEEDED", 429))
):
    """Upload or processing quota exceeded."""

    code: Annotated[str, Local()] = "QUOTA_EXCEEDED"
    available: Annotated[int, Details()] = 0
    limit: Annotated[int, Details()] = 0
    partial_results: Annotated[Any, Local()] = None

    def __init__(self, message: str, *, available: int = 0, limit: int = 0, partial_results: Any = None) -> None:
        super().__init__("QUOTA_EXCEEDED", message)
        self.available = available
        self.limit = limit
        self.partial_results = partial_results


class PaymentRequiredError(ScopixError, status=402):
    """Subscription payment past due."""

    def __init__(self, message: str = "Payment required") -> None:
        super().__init__("PAYMENT_REQUIRED", message)


class ValidationError(ScopixError, cases=(Case("VALIDATION_ERROR", 422), Case(None, 400), Case(None, 422))):
    """Request validation failed."""

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__("VALIDATION_ERROR", message, details=details)


class ResourceNotFoundError(ScopixError, status=404):
    """Requested resource not found."""

    code: Annotated[str, Local()] = "NOT_FOUND"
    resource_type: Annotated[str, Details()] = field(missing="resource")
    resource_id: Annotated[str, Details()] = field(missing="")

    def __init__(
        self,
        resource_type: str,
        resource_id: str,
        *,
        message: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__("NOT_FOUND", message or f"{resource_type} {resource_id!r} not found", details=details)
        self.resource_type = resource_type
        self.resource_id = resource_id


class ScopixTimeoutError(ScopixError, code="TIMEOUT", status=504):
    """Operation timed out."""

    last_result: Annotated[Any, Local()] = None

    def __init__(self, message: str = "Operation timed out", *, last_result: Any | None = None) -> None:
        super().__init__("TIMEOUT", message)
        self.last_result = last_result


class ScopixConnectionError(ScopixError, source="transport", on="network"):
    """Network connection failed."""

    def __init__(self, message: str = "Connection failed") -> None:
        super().__init__("CONNECTION_ERROR", message)


class ServerError(ScopixError, retry="transient", cases=(Case("VLM_PROVIDER_ERROR", 503), Case(None, "5XX"))):
    """Server-side error."""

    code: Annotated[str, Local()] = "SERVER_ERROR"

    def __init__(self, message: str = "Server error") -> None:
        super().__init__("SERVER_ERROR", message)


class CircuitBreakerError(ScopixError, source="client", on="circuit_open"):
    """Service temporarily unavailable due to repeated failures."""

    retry_after: Annotated[float, Local()] = 0.0

    def __init__(self, message: str = "Circuit open", *, retry_after: float = 0.0) -> None:
        super().__init__("CIRCUIT_OPEN", message)
        self.retry_after = retry_after


class UploadError(
    ScopixError,
    cases=(
        Case("HTTP_413", 413),
        Case("IMAGE_PROCESSING_ERROR", 422, operation="files"),
        Case(None, 409, operation="files"),
    ),
):
    """File upload operation failed."""

    code: Annotated[str, Local()] = "UPLOAD_ERROR"
    filename: Annotated[str | None, Details()] = None
    stage: Annotated[str | None, Details()] = None
    session_id: Annotated[str | None, Body("error.session_id")] = None
    partial_results: Annotated[Any, Local()] = None

    def __init__(
        self,
        message: str,
        *,
        filename: str | None = None,
        stage: str | None = None,
        session_id: str | None = None,
        partial_results: Any = None,
    ) -> None:
        super().__init__("UPLOAD_ERROR", message)
        self.filename = filename
        self.stage = stage
        self.session_id = session_id
        self.partial_results = partial_results


class DescriptionError(ScopixError, cases=(Case("IMAGE_PROCESSING_ERROR", 422, operation="descriptions"),)):
    """Description generation failed."""

    code: Annotated[str, Local()] = "DESCRIPTION_ERROR"
    image_id: Annotated[str | None, Details()] = None
    status: Annotated[str | None, Details()] = None

    def __init__(self, message: str, *, image_id: str | None = None, status: str | None = None) -> None:
        super().__init__("DESCRIPTION_ERROR", message)
        self.image_id = image_id
        self.status = status


class DocumentProcessingError(ScopixError, code="DOCUMENT_PROCESSING_ERROR", status=422):
    """Document processing operation failed."""

    document_id: Annotated[str | None, Details()] = None
    status: Annotated[str | None, Details()] = None

    def __init__(self, message: str, *, document_id: str | None = None, status: str | None = None) -> None:
        super().__init__("DOCUMENT_PROCESSING_ERROR", message)
        self.document_id = document_id
        self.status = status


class ChatError(ScopixError, cases=(Case("CHAT_ERROR", 500, operation="chat"), Case(None, 500, operation="chat"))):
    """Chat operation failed. Its code may be the server's own."""

    code: Annotated[str, Local()] = "CHAT_ERROR"
    error_code: Annotated[str | None, Code()] = None
    session_id: Annotated[str | None, Details()] = None

    def __init__(self, message: str, *, session_id: str | None = None, error_code: str | None = None) -> None:
        super().__init__(error_code or "CHAT_ERROR", message)
        self.error_code = error_code
        self.session_id = session_id


class CloudStorageError(ScopixError, source="job", cases=(Case(operation="cloud_storage"),)):
    """Cloud storage import or export job failed."""

    code: Annotated[str, Local()] = "CLOUD_STORAGE_ERROR"
    job_id: Annotated[str | None, Details()] = None
    job_status: Annotated[str | None, Details()] = None

    def __init__(self, message: str, *, job_id: str | None = None, job_status: str | None = None) -> None:
        super().__init__("CLOUD_STORAGE_ERROR", message)
        self.job_id = job_id
        self.job_status = job_status


class S3ConnectorError(ScopixError, source="job", cases=(Case(operation="s3_connector"),)):
    """S3 connector operation failed."""

    code: Annotated[str, Local()] = "S3_CONNECTOR_ERROR"
    job_id: Annotated[str | None, Details()] = None
    job_status: Annotated[str | None, Details()] = None

    def __init__(self, message: str, *, job_id: str | None = None, job_status: str | None = None) -> None:
        super().__init__("S3_CONNECTOR_ERROR", message)
        self.job_id = job_id
        self.job_status = job_status


class VideoUploadError(ScopixError, code="VIDEO_UPLOAD_ERROR", status=422):
    """Multipart video upload failed before the file was fully registered."""

    media_id: Annotated[str | None, Details()] = None
    stage: Annotated[str | None, Details()] = None
    partial_chunks: Annotated[int, Details()] = 0

    def __init__(
        self, message: str, *, media_id: str | None = None, stage: str | None = None, partial_chunks: int = 0
    ) -> None:
        super().__init__("VIDEO_UPLOAD_ERROR", message)
        self.media_id = media_id
        self.stage = stage
        self.partial_chunks = partial_chunks


class VideoAnalysisError(ScopixError, source="job", cases=(Case(operation="video_analysis"),)):
    """VLM scene analysis failed."""

    code: Annotated[str, Local()] = "VIDEO_ANALYSIS_ERROR"
    media_id: Annotated[str | None, Details()] = None
    analysis_job_id: Annotated[str | None, Details()] = None
    status: Annotated[str | None, Details()] = None

    def __init__(
        self,
        message: str,
        *,
        media_id: str | None = None,
        analysis_job_id: str | None = None,
        status: str | None = None,
    ) -> None:
        super().__init__("VIDEO_ANALYSIS_ERROR", message)
        self.media_id = media_id
        self.analysis_job_id = analysis_job_id
        self.status = status


class SSEStreamError(ScopixError, source="transport", on="stream"):
    """SSE streaming connection failed after reconnection attempts."""

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__("SSE_STREAM_ERROR", message, details=details)


CATALOGUE = Catalogue(
    "scopix",
    base=ScopixError,
    default=ScopixError,
    errors=(
        ScopixError,
        AuthenticationError,
        ScopixPermissionError,
        RateLimitError,
        QuotaExceededError,
        PaymentRequiredError,
        ValidationError,
        ResourceNotFoundError,
        ScopixTimeoutError,
        ScopixConnectionError,
        ServerError,
        CircuitBreakerError,
        UploadError,
        DescriptionError,
        DocumentProcessingError,
        ChatError,
        CloudStorageError,
        S3ConnectorError,
        VideoUploadError,
        VideoAnalysisError,
        SSEStreamError,
    ),
    envelope=ErrorObject(),
)
