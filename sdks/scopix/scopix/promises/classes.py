"""The sections of the page on the SDK, one for each class: what its errors tell, on whatever way they came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from failwell.conformance import Bench, Observation, Promises, expect_equal
from failwell.sandbox import Answer, Reset, Silence
from scopix import exceptions
from scopix.promises import ways
from scopix.promises.ways import ADAPTER, FAILURES

PROMISES = Promises(ADAPTER)

BASE = "Base Exception"
AUTHENTICATION = "Authentication Errors"
LIMITS = "Rate Limiting Errors"
VALIDATION = "Validation Errors"
NETWORK = "Network Errors"
OPERATIONS = "Operation Errors"
PATTERNS = "Error Handling Patterns"


def tells(seen: Observation, *names: str, **known: Any) -> Mapping[str, Any]:
    """The details of an error: those called *names* say something, and are attributes too; *known* are these."""
    details: Mapping[str, Any] = getattr(seen.error, "details", {})
    for name in (*names, *known):
        expect_equal(f"whether e.details has {name}", True, details.get(name) not in (None, ""))
        expect_equal(f"e.{name}", details[name], getattr(seen.error, name, None))
    for name, value in known.items():
        expect_equal(f"e.details[{name!r}]", value, details[name])
    return details


@PROMISES(
    BASE, "ScopixError, the base exception for all SDK errors, has code, message and details", 9, (10, 11), (12, 13)
)
def base_exception(bench: Bench) -> None:
    for _, fail in FAILURES:
        error: Any = fail(bench).error
        kinds = (type(error.code), type(error.message), type(error.details))
        expect_equal("the types of code, message and details", (str, str, dict), kinds)
        expect_equal("whether the message is a sentence", True, " " in error.message and bool(error.code))


@PROMISES(AUTHENTICATION, "AuthenticationError: invalid or missing API key (HTTP 401)", 15, 16, (17, 18))
def authentication(bench: Bench) -> None:
    for key in ("sk_unknown", bench.sandbox.keys["member"][:-1], bench.sandbox.keys["revoked"]):
        seen = bench.call(ways.uploads(ways.picture()), key=key)
        seen.raised(bench.error("AuthenticationError"), code="AUTH_ERROR", status_code=401)
        seen.tried(1)


@PROMISES(AUTHENTICATION, "ScopixPermissionError: insufficient permissions (HTTP 403)", 19, 20)
def permission(bench: Bench) -> None:
    bench.call(ways.lists, role="viewer").returned()
    seen = bench.call(ways.uploads(ways.picture()), role="viewer")
    seen.raised(bench.error("ScopixPermissionError"), code="PERMISSION_DENIED", status_code=403)
    seen.tried(1)


@PROMISES(
    LIMITS,
    "RateLimitError: API rate limit exceeded (HTTP 429); wait retry_after, and call again",
    22,
    (23, 24),
    (25, 26),
)
def rate_limit(bench: Bench) -> None:
    ways.exhausts(bench)
    seen = bench.call(ways.lists, role="free", max_retries=0)
    seen.raised(bench.error("RateLimitError"), code="RATE_LIMIT", status_code=429, remaining=0)
    told = seen.attributes
    expect_equal("whether e.limit is above 0", True, told["limit"] > 0)
    expect_equal("whether e.reset is yet to come", True, told["reset"] >= bench.clock.wall())
    bench.clock.advance(told["retry_after"])
    bench.call(ways.lists, role="free", max_retries=0).returned()


@PROMISES(LIMITS, "RateLimitError: the SDK waits as long as Retry-After says, and no longer than 120 s")
def retry_after_kept(bench: Bench) -> None:
    bench.sandbox.next(exceptions.RateLimitError("Slow down.", retry_after=9), times=2)
    seen = bench.call(ways.lists)
    seen.returned()
    seen.waited([9, 9], over=0.25)
    bench.sandbox.next(exceptions.RateLimitError("Slow down.", retry_after=3600))
    seen = bench.call(ways.lists)
    seen.raised(bench.error("RateLimitError"), retry_after=3600)
    seen.tried(1)


@PROMISES(
    LIMITS, "QuotaExceededError: upload or processing quota exceeded; details: available, limit", 27, (28, 29), (30, 31)
)
def quota_exceeded(bench: Bench) -> None:
    for fail, status in ((ways.storage_full, 413), (ways.used_up, 429)):
        seen = fail(bench)
        seen.raised(bench.error("QuotaExceededError"), code="QUOTA_EXCEEDED", status_code=status)
        expect_equal("whether there is a limit", True, tells(seen, "limit", available=0)["limit"] > 0)
        expect_equal("what was asked", ["POST", "PUT"], [entry.method for entry in seen.requests])
        seen.waited([])


@PROMISES(LIMITS, "QuotaExceededError: never retried, whatever the reply says of waiting")
def quota_is_final(bench: Bench) -> None:
    for whole in (True, False):
        for code, status in (("STORAGE_QUOTA_EXCEEDED", 413), ("USAGE_LIMIT_EXCEEDED", 429)):
            told = ways.says(status, code, whole=whole, available=7, limit=9)
            bench.sandbox.arm(Answer(status, (*told.headers, ("Retry-After", "1")), told.body))
            seen = bench.call(ways.lists)
            seen.raised(bench.error("QuotaExceededError"), available=7, limit=9)
            seen.tried(1)


@PROMISES(VALIDATION, "ValidationError: request validation failed (HTTP 400/422)", 33, (34, 35))
def validation(bench: Bench) -> None:
    for role, status in (("member", 422), ("viewer", 422)):
        seen = bench.call(lambda client: client.files.list(limit=0), role=role)
        seen.raised(bench.error("ValidationError"), code="VALIDATION_ERROR", status_code=status)
        expect_equal("whether e.details names the field", True, "limit" in str(tells(seen)))
        seen.tried(1)
    for status in (400, 422):
        bench.sandbox.arm(ways.says(status, "VALIDATION_ERROR", whole=False, field="limit"))
        seen = bench.call(ways.lists)
        seen.raised(bench.error("ValidationError"), status_code=status, details={"field": "limit"})


@PROMISES(
    VALIDATION,
    "ResourceNotFoundError: not found (HTTP 404); details: resource_type, resource_id",
    36,
    (37, 38),
    (39, 40),
)
def not_found(bench: Bench) -> None:
    seen = ways.missing(bench)
    seen.raised(bench.error("ResourceNotFoundError"), code="NOT_FOUND", status_code=404)
    tells(seen, resource_type="file", resource_id="img_nonexistent")
    seen.tried(1)
    bench.sandbox.arm(ways.says(404))
    bare = bench.call(lambda client: client.s3_connector.get_job("job_7"))
    bare.raised(bench.error("ResourceNotFoundError"), code="NOT_FOUND", message="So it is.")
    tells(bare, resource_type="job", resource_id="job_7")


@PROMISES(NETWORK, "ScopixTimeoutError: operation timed out; last_result is the last result before", 42, (43, 44))
def timed_out(bench: Bench) -> None:
    seen = ways.late(bench)
    seen.raised(bench.error("ScopixTimeoutError"), code="TIMEOUT", resource_id="job_1")
    expect_equal("what was seen last", ("job_1", "running"), _id_and_status(seen.attributes["last_result"]))
    expect_equal("virtual seconds waited", 3.0, round(sum(seen.waits), 3))
    bench.sandbox.arm(Silence())
    bench.call(ways.lists, timeout=0.2, max_retries=0).raised(bench.error("ScopixTimeoutError"), code="TIMEOUT")
    slow = ways.provider_slow(bench)
    slow.raised(bench.error("ScopixTimeoutError"), code="TIMEOUT", status_code=504)


@PROMISES(NETWORK, "ScopixConnectionError: network connection failed", 45, 46)
def connection_failed(bench: Bench) -> None:
    expected = {"code": "CONNECTION_ERROR", "status_code": None}
    ways.unreachable(bench).raised(bench.error("ScopixConnectionError"), **expected)
    bench.sandbox.arm(Reset(), times=4)
    seen = bench.call(ways.lists)
    seen.raised(bench.error("ScopixConnectionError"), **expected)
    seen.tried(4)
    seen.waited([1, 2, 4], within=0.25)


@PROMISES(NETWORK, "ServerError: server-side error (HTTP 5xx)", 47, 48)
def server_side(bench: Bench) -> None:
    for status in (500, 501, 502, 503, 599):
        for told in (ways.says(status), ways.says(status, "INTERNAL_ERROR"), Answer(status, (), b"<h1>No</h1>")):
            bench.sandbox.arm(told)
            seen = bench.call(ways.lists, max_retries=0)
            seen.raised(bench.error("ServerError"), code="SERVER_ERROR", status_code=status)


@PROMISES(
    NETWORK,
    "CircuitBreakerError: unavailable due to repeated failures; retry after the delay",
    (49, 49, 1),
    (49, 49, 2),
    50,
)
def circuit_breaker(bench: Bench) -> None:
    left: list[float] = []

    def flow(client: Any) -> ways.Flow:
        for passed in (0.0, 10.0, 19.5):
            bench.clock.advance(passed)
            try:
                yield from ways.five_failures(bench, client) if not left else _once(client)
            except bench.error("CircuitBreakerError") as met:
                left.append(met.retry_after)
        bench.clock.advance(0.5)
        return (yield ways.lists(client))

    bench.sandbox.arm(ways.says(503), times=5)
    seen = ways.do(bench, flow, max_retries=0)
    seen.returned()
    expect_equal("seconds until the next call", [30.0, 20.0, 0.5], [round(seconds, 3) for seconds in left])
    expect_equal("requests at the server", 6, len(seen.requests))


def _once(client: Any) -> ways.Flow:
    return (yield ways.lists(client))


@PROMISES(OPERATIONS, "UploadError: file upload operation failed; details: filename, stage", 52, (53, 54), (55, 56))
def upload_failed(bench: Bench) -> None:
    for fail, status in ((ways.no_picture, 422), (ways.too_large, 413), (ways.duplicate, 409)):
        seen = fail(bench)
        seen.raised(bench.error("UploadError"), code="UPLOAD_ERROR", status_code=status)
        tells(seen, filename="file-1", stage="upload")
    seen = ways.unreadable(bench)
    seen.raised(bench.error("UploadError"), code="UPLOAD_ERROR", status_code=None)
    tells(seen, filename="cat.png", stage="read")
    seen.tried(0)


@PROMISES(OPERATIONS, "DescriptionError: description generation failed; details: image_id, status", 57, (58, 59))
def description_failed(bench: Bench) -> None:
    seen = ways.no_description(bench)
    told = bench.error("DescriptionError")
    seen.raised(told, code="DESCRIPTION_ERROR", status_code=None, body_code="VLM_PROVIDER_ERROR")
    expect_equal("the kind of id", "img_", tells(seen, "image_id", status="failed")["image_id"][:4])


@PROMISES(
    OPERATIONS,
    "Descriptions run after the upload returns: check description_status, or raise_on_failures()",
    (60, 60, 1),
    (60, 60, 2),
)
def descriptions_run_later(bench: Bench) -> None:
    for name, status, code in (("cat.png", "completed", None), ("provider-down.png", "failed", "VLM_PROVIDER_ERROR")):
        results = bench.call(ways.uploads([(name, ways.picture())], describe=True)).returned()
        expect_equal(
            "its status at first", ("pending", None), (results[0].description_status, results[0].description_error)
        )
        results.raise_on_failures()
        wait = _waiting(results)
        result = bench.call(wait).returned()[0]
        problem = result.description_error
        expect_equal("its status in the end", (status, code), (result.description_status, problem and problem.code))


def _waiting(results: Any) -> Callable[[Any], Any]:
    return lambda client: client.files.wait_for_descriptions(results, timeout=ways.LONG)


@PROMISES(
    OPERATIONS,
    "DocumentProcessingError: document processing failed; details: document_id, status",
    62,
    (63, 64),
    (65, 66),
)
def document_failed(bench: Bench) -> None:
    seen = ways.broken_document(bench)
    seen.raised(bench.error("DocumentProcessingError"), code="DOCUMENT_PROCESSING_ERROR")
    expect_equal("the kind of id", "doc_", tells(seen, "document_id", status="failed")["document_id"][:4])
    busy = exceptions.DocumentProcessingError("It is being read.", document_id="doc_abc123", status="processing")
    bench.sandbox.next(busy.with_case("DOCUMENT_PROCESSING_ERROR", 409))
    seen = bench.call(lambda client: client.files.delete("doc_abc123"))
    seen.raised(bench.error("DocumentProcessingError"), status_code=409, message="It is being read.")
    tells(seen, document_id="doc_abc123", status="processing")
    seen.tried(1)


@PROMISES(
    OPERATIONS, "ChatError: chat operation failed, CHAT_ERROR or a code of its own; details: session_id", 67, (68, 69)
)
def chat_failed(bench: Bench) -> None:
    seen = ways.no_content(bench)
    seen.raised(bench.error("ChatError"), code="NO_CONTENT", status_code=None)
    expect_equal("the kind of id", "chat_", tells(seen, "session_id")["session_id"][:5])
    down = ways.responder_down(bench)
    down.raised(bench.error("ChatError"), code="CHAT_ERROR", status_code=None)
    tells(down, "session_id")
    busy = exceptions.ChatError("It is still answering.", session_id="chat_1", error_code="SESSION_BUSY")
    bench.sandbox.next(busy)
    seen = bench.call(lambda client: client.chat.ask("chat_1", "And now?"))
    seen.raised(bench.error("ChatError"), code="SESSION_BUSY", status_code=409)
    tells(seen, session_id="chat_1")
    seen.tried(1)


@PROMISES(
    OPERATIONS, "CloudStorageError: import/export job failed; details: job_id, job_status", 70, (71, 72), (73, 74)
)
def cloud_storage_failed(bench: Bench) -> None:
    seen = ways.failed_import(bench)
    seen.raised(bench.error("CloudStorageError"), code="CLOUD_STORAGE_ERROR", body_code="BUCKET_NOT_FOUND")
    job_id = tells(seen, "job_id", job_status="failed")["job_id"]
    job = bench.call(lambda client: client.cloud_storage.get_job(job_id)).returned()
    expect_equal("the job", (job_id, "failed"), _id_and_status(job))


@PROMISES(
    OPERATIONS, "S3ConnectorError: S3 connector operation failed; details: job_id, job_status", 75, (76, 77), (78, 79)
)
def s3_connector_failed(bench: Bench) -> None:
    seen = ways.failed_copy(bench)
    seen.raised(bench.error("S3ConnectorError"), code="S3_CONNECTOR_ERROR", body_code="BUCKET_NOT_FOUND")
    job_id = tells(seen, "job_id", job_status="failed")["job_id"]
    again = bench.call(lambda client: client.s3_connector.wait_for_job(job_id=job_id))
    again.raised(bench.error("S3ConnectorError"), job_id=job_id)


@PROMISES(
    OPERATIONS,
    "VideoUploadError: upload failed before the file was registered; media_id, stage, partial_chunks",
    80,
    (81, 82),
)
def video_upload_failed(bench: Bench) -> None:
    seen = ways.chunk_lost(bench)
    seen.raised(bench.error("VideoUploadError"), code="VIDEO_UPLOAD_ERROR", status_code=422)
    media_id = tells(seen, "media_id", stage="complete", partial_chunks=0)["media_id"]
    video = bench.call(lambda client: client.video_analysis.get(media_id)).returned()
    expect_equal("the status of the video", "uploading", video.status)
    for stage, method, path in (("initiate", "POST", "*/videos"), ("chunk_upload", "PUT", "*/chunks/*")):
        bench.sandbox.arm(ways.says(422, "VALIDATION_ERROR", whole=False), method=method, path=path)
        with ways.a_file("clip.mp4", b"refused") as file:
            refused = bench.call(ways.sends(file))
        refused.raised(bench.error("VideoUploadError"), stage=stage, partial_chunks=0)


@PROMISES(
    OPERATIONS,
    "VideoAnalysisError: raised by wait_for_completion() when the job failed; it can be retried",
    83,
    (84, 85),
    (86, 87),
)
def video_analysis_failed(bench: Bench) -> None:
    seen = ways.failed_analysis(bench)
    seen.raised(bench.error("VideoAnalysisError"), code="VIDEO_ANALYSIS_ERROR", body_code="UNKNOWN_VIDEO_FORMAT")
    told = tells(seen, "media_id", "analysis_job_id", status="failed")
    job_id, media_id = told["analysis_job_id"], told["media_id"]
    again = bench.call(lambda client: client.video_analysis.retry(job_id, media_id)).returned()
    expect_equal("whether it is another job about the video", (True, media_id), (again.id != job_id, again.media_id))


@PROMISES(OPERATIONS, "SSEStreamError: streaming failed after reconnection attempts", 88, 89)
def stream_failed(bench: Bench) -> None:
    seen = ways.stream_cut(bench)
    seen.raised(bench.error("SSEStreamError"), code="SSE_STREAM_ERROR", last_event_id="1")
    reconnections = [dict(entry.headers) for entry in seen.requests if entry.path.endswith("/events")]
    expect_equal("how often it was asked for", 4, len(reconnections))
    asked = [{name.lower(): value for name, value in headers.items()}.get("last-event-id") for headers in reconnections]
    expect_equal("from where on", [None, "1", "1", "1"], asked)
    expect_equal("an answer over twenty cuts", ways.TWENTY, ways.stream_over_cuts(bench).returned())


@PROMISES(
    PATTERNS,
    "Catch AuthenticationError, RateLimitError, QuotaExceededError, ValidationError, then ScopixError",
    (91, 97),
)
def comprehensive(bench: Bench) -> None:
    order = ("AuthenticationError", "RateLimitError", "QuotaExceededError", "ValidationError", "ScopixError")
    for name, fail in FAILURES:
        seen = fail(bench)
        expect_equal("what catches it first", name if name in order else "ScopixError", seen.caught_by(order)[0])
        expect_equal("whether its text names no key", False, bench.sandbox.keys["member"] in str(seen.error))


@PROMISES(
    PATTERNS,
    "RateLimitError, ServerError and ScopixConnectionError are transient: the upload is tried again",
    (98, 101),
)
def transient(bench: Bench) -> None:
    for step in (ways.says(503), Reset(), ways.says(429, "RATE_LIMIT_ERROR")):
        bench.sandbox.arm(step, method="PUT")
        seen = bench.call(ways.uploads(ways.picture()))
        expect_equal("files that were uploaded", 1, len(seen.returned().uploaded))
        expect_equal("different keys of its tries", 1, len(set(seen.keys()[1:])))
        # Uploads under way at the same time wait in small pieces, so as to hear of each other.
        expect_equal("whether it waited for about a second", True, 0.75 <= sum(seen.waits) <= 1.25)


def _id_and_status(job: Any) -> tuple[Any, Any]:
    facts = job if isinstance(job, dict) else vars(job)
    return facts.get("id"), facts.get("status")
