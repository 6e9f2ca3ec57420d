"""The sentences of Scopix's page on the exceptions of its SDK, each with the check that holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from failwell.conformance import Bench, Observation, Promises, expect_equal
from scopix.promises import classes
from scopix.promises.ways import ADAPTER, FAILURES

PROMISES = Promises(ADAPTER)

HIERARCHY = "Exception Hierarchy"
NAMES = tuple(name for name, _ in FAILURES)
"""The classes that the page names."""


@dataclass(frozen=True, slots=True)
class Line:
    """A class of the tree: what the page *says* of it, and the *code* of a failure of it.

    *status* is that of the reply which told of it, and *times* how many requests it took, where these are certain.
    """

    name: str
    says: str
    code: str
    status: int | None
    times: int | None = 1


TREE = (
    Line("AuthenticationError", "Invalid API key (401)", "AUTH_ERROR", 401),
    Line("ScopixPermissionError", "Insufficient permissions (403)", "PERMISSION_DENIED", 403),
    Line("ResourceNotFoundError", "Resource not found (404)", "NOT_FOUND", 404),
    Line("ValidationError", "Invalid request data (400/422)", "VALIDATION_ERROR", 422),
    Line("QuotaExceededError", "Upload/API quota exceeded", "QUOTA_EXCEEDED", 413, 2),
    Line("PaymentRequiredError", "Subscription payment past due (402)", "PAYMENT_REQUIRED", 402),
    Line("RateLimitError", "Too many requests (429)", "RATE_LIMIT", 429),
    Line("ScopixTimeoutError", "Operation timed out", "TIMEOUT", None, None),
    Line("ServerError", "Server-side error (5xx)", "SERVER_ERROR", 503, None),
    Line("ScopixConnectionError", "Network connection failed", "CONNECTION_ERROR", None, None),
    Line("CircuitBreakerError", "Circuit breaker open", "CIRCUIT_OPEN", None, None),
    Line("UploadError", "Image upload operation failed", "UPLOAD_ERROR", 422, 2),
    Line("DescriptionError", "Description generation failed", "DESCRIPTION_ERROR", None, None),
    Line("ChatError", "Chat operation failed", "NO_CONTENT", None, None),
    Line("DocumentProcessingError", "Document processing failed", "DOCUMENT_PROCESSING_ERROR", None, None),
    Line("CloudStorageError", "Cloud storage job failed", "CLOUD_STORAGE_ERROR", None, None),
    Line("S3ConnectorError", "S3 connector job failed", "S3_CONNECTOR_ERROR", None, None),
    Line("VideoUploadError", "Video upload failed", "VIDEO_UPLOAD_ERROR", 422, 3),
    Line("VideoAnalysisError", "Video analysis failed", "VIDEO_ANALYSIS_ERROR", None, None),
    Line("SSEStreamError", "SSE streaming failed", "SSE_STREAM_ERROR", None, None),
)


@PROMISES(
    HIERARCHY, "All SDK exceptions inherit from ScopixError and are importable directly from scopix", 3, 5, (7, 7, 1)
)
def one_base(bench: Bench) -> None:
    for name, fail in FAILURES:
        caught = fail(bench).caught_by(NAMES)
        expect_equal(f"what catches a {name}", {name, "ScopixError"}, set(caught))
        expect_equal("the name of its class", name, bench.error(name).__name__)


def _holds(part: int, line: Line, fail: Callable[[Bench], Observation]) -> None:
    """Promise that a failure of that kind is the class of *line*."""

    def check(bench: Bench) -> None:
        seen = fail(bench)
        seen.raised(bench.error(line.name), code=line.code)
        if line.status is not None:
            expect_equal("e.status_code", line.status, seen.attributes["status_code"])
        if line.times is not None:
            expect_equal("requests at the server", line.times, len(seen.requests))

    check.__name__ = f"tree_{line.name}"
    PROMISES(HIERARCHY, f"{line.name}: {line.says}", (7, 7, part))(check)


for _part, _line in enumerate(TREE, start=2):
    _holds(_part, _line, dict(FAILURES)[_line.name])

PROMISES.include(classes.PROMISES)
