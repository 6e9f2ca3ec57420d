"""Every error that the Scopix SDK raises. `e.code` is the SDK's word for it, `e.case.code` the API's.

ScopixError                  # base; what no other class is (409, 405)
├── AuthenticationError      # Invalid API key (401)
├── ScopixPermissionError    # Insufficient permissions (403)
├── ResourceNotFoundError    # Resource not found (404)
├── ValidationError          # Invalid request data (400/422)
├── QuotaExceededError       # Upload/API quota exceeded
├── PaymentRequiredError     # Subscription payment past due (402)
├── RateLimitError           # Too many requests (429)
├── ScopixTimeoutError       # Operation timed out
├── ServerError              # Server-side error (5xx)
├── ScopixConnectionError    # Network connection failed
├── CircuitBreakerError      # Circuit breaker open
├── UploadError              # Image upload operation failed
├── DescriptionError         # Description generation failed
├── ChatError                # Chat operation failed
├── DocumentProcessingError  # Document processing failed
├── CloudStorageError        # Cloud storage job failed
├── S3ConnectorError         # S3 connector job failed
├── VideoUploadError         # Video upload failed
├── VideoAnalysisError       # Video analysis failed
└── SSEStreamError           # SSE streaming failed
"""

from __future__ import annotations

from typing import Annotated, Any

import failwell
from failwell import (
    AllDetails,
    BreakerRules,
    Case,
    Catalogue,
    Code,
    Details,
    Header,
    Local,
    Message,
    Resilience,
    Status,
    field,
)
from failwell.wire import Detail, ErrorObject, Layered

NEW_KEY = "Generate a new API key from your dashboard"
SMALLER = "Reduce file size. Check the message for details."
THERE = "Nothing is missing: `e.details` names the file that is there."
INTEGRITY = "Check file integrity and try re-uploading"


class ScopixError(
    failwell.Error,
    cases=(
        Case(
            "CONFLICT",
            409,
            cause="The resource exists already, or is not in a state for this.",
            fix="Look at the resource; use another name, or wait until it is done.",
        ),
        Case(
            "IDEMPOTENCY_CONFLICT",
            409,
            cause="The idempotency key was used for another request.",
            fix="Use a new idempotency key for a new request.",
            layer="middleware",
        ),
        Case(
            "IDEMPOTENCY_IN_PROGRESS",
            409,
            cause="A call with this idempotency key is still running.",
            fix="Wait until it has ended; the SDK does.",
            retry="in_progress",
            layer="middleware",
        ),
        Case(
            "METHOD_NOT_ALLOWED",
            405,
            cause="The address does not take this method.",
            fix="Use one of the methods in the header Allow.",
            layer="middleware",
        ),
        Case(
            "CONFIGURATION_ERROR",
            on="configuration",
            cause="The client cannot be built, or a call cannot be made with these arguments.",
            fix="Set SCOPIX_API_KEY, or pass what the message asks for.",
        ),
        Case(cause="Any other answer.", fix="Read the message; quote the request id to support."),
    ),
):
    """Base exception for all SDK errors."""

    code: Annotated[str, Code()] = field(missing="UNKNOWN")
    """The error code, e.g. "AUTH_ERROR". What no class of its own is has the code of the API."""
    message: Message = field()
    details: Annotated[dict[str, Any], AllDetails()] = field(default_factory=dict)
    """Additional context: what the API said beside code and message."""
    status_code: Annotated[int | None, Status()] = field(default=None, init=False)
    """The HTTP status, or None where no reply told of it."""

    def __init__(self, code: str, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})


class AuthenticationError(
    ScopixError,
    layer="middleware",
    cases=(
        Case(
            "INVALID_API_KEY",
            401,
            cause="The API key provided is invalid or malformed",
            fix="Check that you're using a valid API key from your dashboard",
        ),
        Case("EXPIRED_API_KEY", 401, cause="The API key has expired", fix=NEW_KEY),
        Case("DEACTIVATED_API_KEY", 401, cause="The API key has been deactivated", fix=NEW_KEY),
        Case(None, 401, cause="Missing or invalid API key", fix=NEW_KEY),
    ),
):
    """Invalid or missing API key."""

    code: Annotated[str, Local()] = "AUTH_ERROR"

    def __init__(self, message: str = "Authentication failed") -> None:
        super().__init__(self.code, message)


class ScopixPermissionError(
    ScopixError,
    fix="Create a new API key with the required scope",
    cases=(Case("AUTHZ_ERROR", 403), Case(None, 403)),
):
    """API key lacks required authorization for this operation."""

    code: Annotated[str, Local()] = "PERMISSION_DENIED"

    def __init__(self, message: str = "Permission denied") -> None:
        super().__init__(self.code, message)


class ResourceNotFoundError(
    ScopixError,
    fix="Check the id: it may be deleted, or belong to another account.",
    cases=(
        Case("NOT_FOUND", 404, cause="Resource does not exist or you don't have access"),
        Case(
            "ROUTE_NOT_FOUND",
            404,
            cause="There is nothing at this address.",
            fix="Check the base URL.",
            layer="middleware",
        ),
        Case(None, 404),
    ),
):
    """Requested resource not found."""

    code: Annotated[str, Local()] = "NOT_FOUND"
    resource_type: Annotated[str, Details()] = field(missing="resource")
    """What was asked for: "file", "job"; where the API does not say, what the operation is about."""
    resource_id: Annotated[str, Details()] = field(missing="")
    """Which one."""

    def __init__(
        self,
        resource_type: str,
        resource_id: str,
        *,
        message: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        said = f'There is no {resource_type} "{resource_id}".' if message is None else message
        super().__init__(self.code, said, details=details)
        self.resource_type = resource_type
        self.resource_id = resource_id


class ValidationError(
    ScopixError,
    fix="Correct the field that `e.details` names, and send the request again.",
    cases=(
        Case("VALIDATION_ERROR", 422, cause="The request is well-formed, and says what cannot be."),
        Case("VALIDATION_ERROR", 400, cause="The request is malformed."),
        Case(None, 422, cause="Request is well-formed but contains validation errors or violates business rules"),
        Case(None, 400, cause="Invalid request syntax or parameters"),
    ),
):
    """Request validation failed."""

    code: Annotated[str, Local()] = "VALIDATION_ERROR"

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(self.code, message, details=details)


class QuotaExceededError(
    ScopixError,
    retry="never",
    cases=(
        Case(
            "STORAGE_QUOTA_EXCEEDED",
            413,
            cause="Account storage limit reached",
            fix="Delete unused files or upgrade your plan",
        ),
        Case(
            "USAGE_LIMIT_EXCEEDED",
            429,
            cause="Monthly API call or processing limit reached",
            fix="Wait for next billing cycle or upgrade plan",
        ),
    ),
):
    """Upload or processing quota exceeded. Never retried."""

    code: Annotated[str, Local()] = "QUOTA_EXCEEDED"
    available: Annotated[int, Details(always=True)] = 0
    """What is left: bytes of storage, images of this month."""
    limit: Annotated[int, Details(always=True)] = 0
    """How much there is in all."""
    partial_results: Annotated[Any, Local()] = None
    """What of a batch was done before."""

    def __init__(self, message: str, *, available: int = 0, limit: int = 0, partial_results: Any = None) -> None:
        super().__init__(self.code, message)
        self.available = available
        self.limit = limit
        self.partial_results = partial_results


class PaymentRequiredError(
    ScopixError,
    layer="middleware",
    fix="Pay the open invoice in the billing settings.",
    cases=(Case("PAYMENT_REQUIRED", 402), Case(None, 402)),
):
    """Subscription is past due or payment required."""

    code: Annotated[str, Local()] = "PAYMENT_REQUIRED"

    def __init__(self, message: str = "Payment required") -> None:
        super().__init__(self.code, message)


class RateLimitError(
    ScopixError,
    retry="throttled",
    layer="middleware",
    fix="Implement exponential backoff and respect Retry-After",
    cases=(Case("RATE_LIMIT_ERROR", 429, cause="Too many API requests in the time window"), Case(None, 429)),
):
    """API rate limit exceeded."""

    code: Annotated[str, Local()] = "RATE_LIMIT"
    retry_after: Annotated[int | None, Header("Retry-After")] = None
    """Seconds to wait before retrying."""
    limit: Annotated[int | None, Header("X-RateLimit-Limit")] = None
    """Max requests allowed."""
    remaining: Annotated[int | None, Header("X-RateLimit-Remaining")] = None
    """Requests remaining (always 0)."""
    reset: Annotated[int | None, Header("X-RateLimit-Reset")] = None
    """Unix timestamp when limit resets."""

    def __init__(
        self,
        message: str = "Rate limit exceeded",
        *,
        retry_after: int | None = None,
        limit: int | None = None,
        remaining: int | None = None,
        reset: int | None = None,
    ) -> None:
        super().__init__(self.code, message)
        self.retry_after = retry_after
        self.limit = limit
        self.remaining = remaining
        self.reset = reset


class ScopixTimeoutError(
    ScopixError,
    cases=(
        Case(
            "TIMEOUT",
            504,
            cause="Operation timed out",
            fix="Retry with smaller batch size or simpler query",
            retry="transient",
        ),
        Case(
            None,
            504,
            cause="Operation timed out",
            fix="Retry with a smaller batch size or simpler query.",
            retry="transient",
        ),
        Case(
            on="timeout",
            cause="No answer came within the client's `timeout`.",
            fix="Raise `timeout`, or send less at once.",
            retry="transient",
        ),
        Case(
            on="poll_timeout",
            cause="A job did not end within the `timeout` of the wait.",
            fix="The job was not canceled: wait again for `e.resource_id`.",
        ),
    ),
):
    """Operation timed out."""

    code: Annotated[str, Local()] = "TIMEOUT"
    last_result: Annotated[Any, Local()] = None
    """Last result before timeout."""
    resource_id: Annotated[str | None, Local()] = None
    """The id of the job that was waited for."""
    timeout: Annotated[float | None, Local()] = None
    """How long was waited, in seconds."""

    def __init__(self, message: str = "Operation timed out", *, last_result: Any | None = None) -> None:
        super().__init__(self.code, message)
        self.last_result = last_result


class ServerError(
    ScopixError,
    retry="transient",
    fix="Retry with exponential backoff; the SDK did, where that was safe.",
    cases=(
        Case("INTERNAL_ERROR", 500, cause="The server failed.", layer="middleware"),
        Case(
            "VLM_PROVIDER_ERROR",
            503,
            cause="AI vision provider encountered an error during analysis",
            fix="Retry the request. If the error persists, the provider may be temporarily unavailable.",
        ),
        Case(
            "SERVICE_UNAVAILABLE",
            503,
            cause="Upstream service failure, or temporary overload.",
            fix="Retry after a short delay.",
            layer="middleware",
        ),
        Case(None, "5XX"),
        Case(
            on="unreadable",
            cause="The answer could not be read.",
            fix="Quote the request id to support.",
            retry="never",
        ),
    ),
):
    """The server failed."""

    code: Annotated[str, Local()] = "SERVER_ERROR"

    def __init__(self, message: str = "Server error") -> None:
        super().__init__(self.code, message)


class ScopixConnectionError(
    ScopixError,
    source="transport",
    on="network",
    retry="transient",
    fix="Look at the connection; look whether the call took effect before you repeat it.",
):
    """Network connection failed."""

    code: Annotated[str, Local()] = "CONNECTION_ERROR"

    def __init__(self, message: str = "Connection failed") -> None:
        super().__init__(self.code, message)


class CircuitBreakerError(
    ScopixError, source="client", on="circuit_open", fix="Wait `e.retry_after` seconds before the next call."
):
    """Service temporarily unavailable due to repeated failures. Retry after the specified delay."""

    code: Annotated[str, Local()] = "CIRCUIT_OPEN"
    retry_after: Annotated[float, Local()] = 0.0
    """Seconds to wait before retrying."""

    def __init__(self, message: str = "Circuit open", *, retry_after: float = 0.0) -> None:
        super().__init__(self.code, message)
        self.retry_after = retry_after


class UploadError(
    ScopixError,
    cases=(
        Case(
            "HTTP_413",
            413,
            cause="File exceeds maximum size limit or storage quota exceeded",
            fix=SMALLER,
            layer="middleware",
        ),
        Case("IMAGE_PROCESSING_ERROR", 422, cause="Image processing or analysis failed", fix=INTEGRITY),
        Case(
            "CONFLICT",
            409,
            operation="files",
            cause="The account has this file already.",
            fix=THERE,
        ),
        Case(None, 409, operation="files", cause="Resource already exists (e.g., duplicate upload)", fix=THERE),
        Case("CONFLICT", 409, operation="documents.upload", cause="The account has this document already.", fix=THERE),
        Case(None, 413, cause="The file is too large for something on the way.", fix=SMALLER, layer="middleware"),
        Case(
            on="unreadable_file",
            cause="The file is not there, or cannot be read.",
            fix="Check the path, and that you may read it.",
        ),
        Case(
            on="batch",
            cause="Some files of a batch were not uploaded.",
            fix="`e.partial_results` has what was uploaded, and the error of each other file.",
        ),
    ),
):
    """File upload operation failed."""

    code: Annotated[str, Local()] = "UPLOAD_ERROR"
    filename: Annotated[str | None, Details()] = None
    """The file."""
    stage: Annotated[str | None, Details(always=True)] = field(missing="upload")
    """Which step failed."""
    session_id: str | None = None
    """The upload session."""
    partial_results: Annotated[Any, Local()] = None
    """What of a batch was done."""

    def __init__(
        self,
        message: str,
        *,
        filename: str | None = None,
        stage: str | None = None,
        session_id: str | None = None,
        partial_results: Any = None,
    ) -> None:
        super().__init__(self.code, message)
        self.filename = filename
        self.stage = stage
        self.session_id = session_id
        self.partial_results = partial_results


class DescriptionError(
    ScopixError,
    source="job",
    fix=INTEGRITY,
    cases=(
        Case(
            "IMAGE_PROCESSING_ERROR",
            422,
            operation="files.describe",
            cause="The image cannot be described: it cannot be read, or is not ready.",
        ),
        Case(
            operation="files.wait_for_descriptions",
            cause="It could not be described after it was uploaded; `e.body_code` says why.",
            fix="Describe it again: `client.files.describe(e.image_id)`.",
        ),
    ),
):
    """Description generation failed."""

    code: Annotated[str, Local()] = "DESCRIPTION_ERROR"
    image_id: Annotated[str | None, Details()] = None
    """The image."""
    status: Annotated[str | None, Details()] = None
    """Its status."""

    def __init__(self, message: str, *, image_id: str | None = None, status: str | None = None) -> None:
        super().__init__(self.code, message)
        self.image_id = image_id
        self.status = status


class DocumentProcessingError(
    ScopixError,
    source="job",
    cases=(
        Case(
            "DOCUMENT_PROCESSING_ERROR",
            422,
            cause="The text of the document cannot be read.",
            fix="Check that it is text, Markdown or a PDF with text, and upload it again.",
        ),
        Case(
            "DOCUMENT_PROCESSING_ERROR",
            409,
            cause="The document is being processed.",
            fix="Wait until it is: `client.documents.wait_for_completion(e.document_id)`.",
        ),
        Case(
            operation="documents",
            cause="Its text could not be read after it was uploaded; `e.body_code` says why.",
            fix="Check that it is text, Markdown or a PDF with text, and upload it again.",
        ),
    ),
):
    """Document processing operation failed."""

    code: Annotated[str, Local()] = "DOCUMENT_PROCESSING_ERROR"
    document_id: Annotated[str | None, Details()] = None
    """The document."""
    status: Annotated[str | None, Details()] = None
    """Its status."""

    def __init__(self, message: str, *, document_id: str | None = None, status: str | None = None) -> None:
        super().__init__(self.code, message)
        self.document_id = document_id
        self.status = status


class ChatError(
    ScopixError,
    cases=(
        Case("CHAT_ERROR", 500, cause="The answer could not be made.", fix="Ask again.", retry="transient"),
        Case(
            "SESSION_BUSY",
            409,
            cause="The session is still answering another message.",
            fix="Wait for that answer, or open another session.",
        ),
        Case(
            "NO_CONTENT",
            422,
            cause="There are neither descriptions nor documents to answer from.",
            fix="Upload images or documents, and ask again when they are processed.",
        ),
    ),
):
    """Chat operation failed. Its code may be the API's own: "SESSION_BUSY", "NO_CONTENT"."""

    session_id: Annotated[str | None, Details()] = None
    """The chat session."""

    def __init__(self, message: str, *, session_id: str | None = None, error_code: str | None = None) -> None:
        super().__init__(error_code or "CHAT_ERROR", message)
        self.session_id = session_id


class CloudStorageError(
    ScopixError,
    source="job",
    fix="`e.body_code` says what was wrong with the bucket or the object; mend that, and start the job again.",
    cases=(Case(operation="cloud_storage"),),
):
    """Cloud storage import or export job failed."""

    code: Annotated[str, Local()] = "CLOUD_STORAGE_ERROR"
    job_id: Annotated[str | None, Details()] = None
    """The job."""
    job_status: Annotated[str | None, Details()] = None
    """What it ended as: "failed" or "canceled"."""

    def __init__(self, message: str, *, job_id: str | None = None, job_status: str | None = None) -> None:
        super().__init__(self.code, message)
        self.job_id = job_id
        self.job_status = job_status


class S3ConnectorError(
    ScopixError,
    source="job",
    fix="`e.body_code` says what was wrong with the bucket or the object; mend that, and start the job again.",
    cases=(Case(operation="s3_connector"),),
):
    """S3 connector operation failed."""

    code: Annotated[str, Local()] = "S3_CONNECTOR_ERROR"
    job_id: Annotated[str | None, Details()] = None
    """The job."""
    job_status: Annotated[str | None, Details()] = None
    """What it ended as: "failed" or "canceled"."""

    def __init__(self, message: str, *, job_id: str | None = None, job_status: str | None = None) -> None:
        super().__init__(self.code, message)
        self.job_id = job_id
        self.job_status = job_status


class VideoUploadError(
    ScopixError,
    cases=(
        Case(
            "VIDEO_UPLOAD_ERROR",
            422,
            cause="A chunk or the whole did not arrive as it was sent.",
            fix="Upload the file again: what arrived is not sent twice.",
        ),
        Case("HTTP_413", 413, operation="video_analysis", cause="The video is above the size limit.", fix=SMALLER),
        Case(
            on="unreadable_video",
            cause="The file is not there, or cannot be read.",
            fix="Check the path, and that you may read it.",
        ),
        Case(
            on="source_changed",
            cause="The file is not the one that the upload began with.",
            fix="Upload it anew, without `resume`.",
        ),
    ),
):
    """Multipart video upload failed before the file was fully registered."""

    code: Annotated[str, Local()] = "VIDEO_UPLOAD_ERROR"
    media_id: Annotated[str | None, Details()] = None
    """The video."""
    stage: Annotated[str | None, Details()] = None
    """Where it failed: "initiate", "chunk_upload" or "complete"."""
    partial_chunks: Annotated[int, Details(always=True)] = 0
    """How many chunks the server has."""

    def __init__(
        self, message: str, *, media_id: str | None = None, stage: str | None = None, partial_chunks: int = 0
    ) -> None:
        super().__init__(self.code, message)
        self.media_id = media_id
        self.stage = stage
        self.partial_chunks = partial_chunks


class VideoAnalysisError(
    ScopixError,
    source="job",
    fix="Retry it: `client.video_analysis.retry(e.analysis_job_id, e.media_id)`.",
    cases=(Case(operation="video_analysis"),),
):
    """VLM scene analysis failed: the job ended in failed state."""

    code: Annotated[str, Local()] = "VIDEO_ANALYSIS_ERROR"
    media_id: Annotated[str | None, Details()] = None
    """The video."""
    analysis_job_id: Annotated[str | None, Details()] = None
    """The job."""
    status: Annotated[str | None, Details()] = None
    """What it ended as."""

    def __init__(
        self,
        message: str,
        *,
        media_id: str | None = None,
        analysis_job_id: str | None = None,
        status: str | None = None,
    ) -> None:
        super().__init__(self.code, message)
        self.media_id = media_id
        self.analysis_job_id = analysis_job_id
        self.status = status


class SSEStreamError(
    ScopixError,
    source="transport",
    on="stream",
    retry="transient",
    fix="Ask for the answer again; `e.last_event_id` says what came last.",
):
    """SSE streaming connection failed after reconnection attempts."""

    code: Annotated[str, Local()] = "SSE_STREAM_ERROR"

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(self.code, message, details=details)


EVERYWHERE = (
    AuthenticationError,
    ScopixPermissionError,
    PaymentRequiredError,
    RateLimitError,
    ScopixTimeoutError,
    ServerError,
    ScopixConnectionError,
    CircuitBreakerError,
    ScopixError,
)
"""What any operation may raise."""

LISTS = (ValidationError,)
ONE = (ResourceNotFoundError,)
WRITES = (*ONE, *LISTS)
UPLOADS = (*WRITES, UploadError, QuotaExceededError)
"""What brings a file meets; `UploadError` also where it is too large, or there already."""

CATALOGUE = Catalogue(
    "scopix",
    base=ScopixError,
    default=ScopixError,
    envelope=Layered(handlers=Detail(), middleware=ErrorObject()),
    idempotency="server",
    resilience=Resilience(breaker=BreakerRules(last=5, calls=5, ratio=1.0, open_for=30.0, successes=2)),
    everywhere=EVERYWHERE,
    operations={
        "files.upload_batch": UPLOADS,
        "files.retry_failed": UPLOADS,
        "files.refresh": ONE,
        "files.wait_for_descriptions": ONE,
        "files.create_session": LISTS,
        "files.get_session": ONE,
        "files.upload": UPLOADS,
        "files.get": ONE,
        "files.list": LISTS,
        "files.iter": LISTS,
        "files.delete": (*ONE, DocumentProcessingError),
        "files.content": ONE,
        "files.describe": (*ONE, DescriptionError),
        "documents.upload": (*UPLOADS, DocumentProcessingError),
        "documents.get": ONE,
        "documents.list": LISTS,
        "documents.iter": LISTS,
        "documents.wait_for_completion": (*ONE, DocumentProcessingError),
        "documents.search": LISTS,
        "documents.delete": (*ONE, DocumentProcessingError),
        "chat.create_session": LISTS,
        "chat.list_sessions": LISTS,
        "chat.get_session": ONE,
        "chat.delete_session": ONE,
        "chat.messages": ONE,
        "chat.send": (*WRITES, ChatError),
        "chat.answer": (*ONE, ChatError, SSEStreamError),
        "chat.ask": (*WRITES, ChatError, SSEStreamError),
        "chat.stream": (*WRITES, ChatError, SSEStreamError),
        "cloud_storage.create_connection": LISTS,
        "cloud_storage.list_connections": LISTS,
        "cloud_storage.delete_connection": ONE,
        "cloud_storage.objects": WRITES,
        "cloud_storage.import_files": WRITES,
        "cloud_storage.import_and_wait": (*WRITES, CloudStorageError),
        "cloud_storage.export_files": WRITES,
        "cloud_storage.export_and_wait": (*WRITES, CloudStorageError),
        "cloud_storage.get_job": ONE,
        "cloud_storage.cancel_job": ONE,
        "cloud_storage.wait_for_job": (*ONE, CloudStorageError),
        "s3_connector.start_job": LISTS,
        "s3_connector.get_job": ONE,
        "s3_connector.list_jobs": LISTS,
        "s3_connector.wait_for_job": (*ONE, S3ConnectorError),
        "video_analysis.upload": (*WRITES, VideoUploadError, QuotaExceededError),
        "video_analysis.create": (*LISTS, VideoUploadError, QuotaExceededError),
        "video_analysis.put_chunk": (*WRITES, VideoUploadError),
        "video_analysis.complete": (*ONE, VideoUploadError),
        "video_analysis.get": ONE,
        "video_analysis.delete": ONE,
        "video_analysis.analyze": ONE,
        "video_analysis.get_job": ONE,
        "video_analysis.wait_for_completion": (*ONE, VideoAnalysisError),
        "video_analysis.retry": WRITES,
    },
    resources={
        "files": "/files/{file}",
        "files.upload_batch": "/uploads/{upload}",
        "files.refresh": "/uploads/{upload}",
        "files.wait_for_descriptions": "/uploads/{upload}",
        "files.get_session": "/uploads/{upload}",
        "files.upload": "/uploads/{upload}",
        "documents": "/documents/{document}",
        "chat": "/chat/sessions/{session}",
        "cloud_storage": "/cloud-storage/connections/{connection}",
        "cloud_storage.get_job": "/cloud-storage/jobs/{job}",
        "cloud_storage.cancel_job": "/cloud-storage/jobs/{job}",
        "cloud_storage.wait_for_job": "/cloud-storage/jobs/{job}",
        "s3_connector": "/s3-connector/jobs/{job}",
        "video_analysis": "/videos/{video}",
        "video_analysis.get_job": "/video-analysis/jobs/{job}",
        "video_analysis.wait_for_completion": "/video-analysis/jobs/{job}",
        "video_analysis.retry": "/video-analysis/jobs/{job}",
    },
)

__all__ = [
    "CATALOGUE",
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
