from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest

from failwell.contract.construction import error_for
from failwell.policy.retry.policy import by_catalogue
from failwell.wire import Reply, parse_reply
from scopix import exceptions
from scopix.exceptions import (
    CATALOGUE,
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
from tests.spec import page


class Row(NamedTuple):
    """What the API says to an operation, and what the SDK makes of it."""

    status: int
    said: str | None
    operation: str | None
    error: type[ScopixError]
    code: str
    retry: str = "never"


ROWS = [
    Row(401, "INVALID_API_KEY", "files.get", AuthenticationError, "AUTH_ERROR"),
    Row(401, "EXPIRED_API_KEY", "files.get", AuthenticationError, "AUTH_ERROR"),
    Row(401, "DEACTIVATED_API_KEY", "files.get", AuthenticationError, "AUTH_ERROR"),
    Row(401, None, "files.get", AuthenticationError, "AUTH_ERROR"),
    Row(401, "KEY_OF_ANOTHER_PLANET", "files.get", AuthenticationError, "AUTH_ERROR"),
    Row(402, "PAYMENT_REQUIRED", "files.get", PaymentRequiredError, "PAYMENT_REQUIRED"),
    Row(402, None, "files.get", PaymentRequiredError, "PAYMENT_REQUIRED"),
    Row(403, "AUTHZ_ERROR", "files.get", ScopixPermissionError, "PERMISSION_DENIED"),
    Row(403, None, "files.get", ScopixPermissionError, "PERMISSION_DENIED"),
    Row(404, "NOT_FOUND", "files.get", ResourceNotFoundError, "NOT_FOUND"),
    Row(404, "ROUTE_NOT_FOUND", "files.get", ResourceNotFoundError, "NOT_FOUND"),
    Row(404, None, "files.get", ResourceNotFoundError, "NOT_FOUND"),
    Row(405, "METHOD_NOT_ALLOWED", "files.get", ScopixError, "METHOD_NOT_ALLOWED"),
    Row(409, "CONFLICT", "cloud_storage.cancel_job", ScopixError, "CONFLICT"),
    Row(409, None, "cloud_storage.cancel_job", ScopixError, "CONFLICT"),
    Row(409, "CONFLICT", "files.upload_batch", UploadError, "UPLOAD_ERROR"),
    Row(409, None, "files.upload_batch", UploadError, "UPLOAD_ERROR"),
    Row(409, "CONFLICT", "documents.upload", UploadError, "UPLOAD_ERROR"),
    Row(409, "IDEMPOTENCY_CONFLICT", "files.upload_batch", ScopixError, "IDEMPOTENCY_CONFLICT"),
    Row(409, "IDEMPOTENCY_IN_PROGRESS", "chat.ask", ScopixError, "IDEMPOTENCY_IN_PROGRESS", "in_progress"),
    Row(409, "DOCUMENT_PROCESSING_ERROR", "files.delete", DocumentProcessingError, "DOCUMENT_PROCESSING_ERROR"),
    Row(409, "SESSION_BUSY", "chat.ask", ChatError, "SESSION_BUSY"),
    Row(413, "HTTP_413", "files.upload_batch", UploadError, "UPLOAD_ERROR"),
    Row(413, "HTTP_413", "documents.upload", UploadError, "UPLOAD_ERROR"),
    Row(413, "HTTP_413", "video_analysis.upload", VideoUploadError, "VIDEO_UPLOAD_ERROR"),
    Row(413, None, "files.upload_batch", UploadError, "UPLOAD_ERROR"),
    Row(413, "STORAGE_QUOTA_EXCEEDED", "files.upload_batch", QuotaExceededError, "QUOTA_EXCEEDED"),
    Row(413, "STORAGE_QUOTA_EXCEEDED", "video_analysis.upload", QuotaExceededError, "QUOTA_EXCEEDED"),
    Row(400, "VALIDATION_ERROR", "files.list", ValidationError, "VALIDATION_ERROR"),
    Row(422, "VALIDATION_ERROR", "files.list", ValidationError, "VALIDATION_ERROR"),
    Row(400, None, "files.list", ValidationError, "VALIDATION_ERROR"),
    Row(422, None, "files.list", ValidationError, "VALIDATION_ERROR"),
    Row(422, "SCHEMA_FIELD_UNKNOWN", "files.list", ValidationError, "VALIDATION_ERROR"),
    Row(422, "IMAGE_PROCESSING_ERROR", "files.upload_batch", UploadError, "UPLOAD_ERROR"),
    Row(422, "IMAGE_PROCESSING_ERROR", "files.upload", UploadError, "UPLOAD_ERROR"),
    Row(422, "IMAGE_PROCESSING_ERROR", "files.describe", DescriptionError, "DESCRIPTION_ERROR"),
    Row(422, "DOCUMENT_PROCESSING_ERROR", "documents.upload", DocumentProcessingError, "DOCUMENT_PROCESSING_ERROR"),
    Row(422, "VIDEO_UPLOAD_ERROR", "video_analysis.upload", VideoUploadError, "VIDEO_UPLOAD_ERROR"),
    Row(422, "NO_CONTENT", "chat.ask", ChatError, "NO_CONTENT"),
    Row(429, "RATE_LIMIT_ERROR", "files.get", RateLimitError, "RATE_LIMIT", "throttled"),
    Row(429, None, "files.get", RateLimitError, "RATE_LIMIT", "throttled"),
    Row(429, "USAGE_LIMIT_EXCEEDED", "files.upload_batch", QuotaExceededError, "QUOTA_EXCEEDED"),
    Row(500, "INTERNAL_ERROR", "files.get", ServerError, "SERVER_ERROR", "transient"),
    Row(500, None, "files.get", ServerError, "SERVER_ERROR", "transient"),
    Row(500, "CHAT_ERROR", "chat.ask", ChatError, "CHAT_ERROR", "transient"),
    Row(502, None, "files.get", ServerError, "SERVER_ERROR", "transient"),
    Row(503, "VLM_PROVIDER_ERROR", "files.describe", ServerError, "SERVER_ERROR", "transient"),
    Row(503, "SERVICE_UNAVAILABLE", "files.get", ServerError, "SERVER_ERROR", "transient"),
    Row(503, None, "files.get", ServerError, "SERVER_ERROR", "transient"),
    Row(504, "TIMEOUT", "files.describe", ScopixTimeoutError, "TIMEOUT", "transient"),
    Row(504, None, "files.describe", ScopixTimeoutError, "TIMEOUT", "transient"),
    Row(418, "TEAPOT", "files.get", ScopixError, "TEAPOT"),
    Row(418, None, "files.get", ScopixError, "UNKNOWN"),
]
rows = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.status}-{row.said}-{row.operation}")


def in_detail(code: str | None, message: str, **facts: Any) -> dict[str, Any]:
    """A body as handlers have it."""
    said = {"code": code} if code is not None else {}
    return {"detail": {**said, "message": message, **facts} if said or facts else message}


def in_error_object(code: str | None, message: str, **facts: Any) -> dict[str, Any]:
    """A body as middleware has it."""
    return {"error": {"code": code, "message": message, "details": facts}, "request_id": "req-7"}


BODIES = [in_detail, in_error_object]
shapes = pytest.mark.parametrize("body", BODIES)


def parsed(status: int, body: object, operation: str | None = None) -> ScopixError:
    """What the SDK raises for it."""
    error = parse_reply(Reply(status, {}, json.dumps(body).encode()), CATALOGUE, operation=operation)
    assert isinstance(error, ScopixError)
    return error


@rows
@shapes
def test_what_the_api_says(row: Row, body: Any) -> None:
    """
    Each code becomes its class, in either shape of bodies; `e.code` is the SDK's, `e.case.code` the API's.
    """
    error = parsed(row.status, body(row.said, "It said so."), row.operation)

    assert (row.error, row.code, row.status, "It said so.") == (
        type(error),
        error.code,
        error.status_code,
        error.message,
    )
    assert error.case.code in (row.said, None)
    assert row.said in (error.code, error.body_code)


@rows
@shapes
def test_what_is_retried(row: Row, body: Any) -> None:
    """
    A reply is repeated where its case says so: a quota that is used up never, also where its status is 429.
    """
    reply = Reply(row.status, {}, json.dumps(body(row.said, "It said so.")).encode())
    kind, _ = by_catalogue(CATALOGUE, row.operation)(reply)

    assert row.retry == kind


def test_every_code_of_the_contract_has_a_row() -> None:
    """
    No case that travels is left out above.
    """
    http = [(cls, case) for cls, case in CATALOGUE.cases() if case.source(cls.source) == "http"]
    travelling = {(cls, case.status, case.code) for cls, case in http if case.code}

    assert travelling == {(row.error, row.status, row.said) for row in ROWS if row.said in {c for *_, c in travelling}}


API = page("scopix-api")
LISTED = re.findall(r"^((?:[A-Z_]+|HTTP_413)(?=[A-Z][a-z]|AI |API ))(.+)\nSolution: (.+)$", API, re.MULTILINE)


def test_codes_of_the_page() -> None:
    """
    The page lists eleven codes, and VALIDATION_ERROR in an example.
    """
    assert 11 == len(LISTED)
    assert '"code": "VALIDATION_ERROR"' in API


@pytest.mark.parametrize(("code", "cause", "solution"), LISTED, ids=[code for code, *_ in LISTED])
def test_solutions(code: str, cause: str, solution: str) -> None:
    """
    The page's cause and solution of a code are those of a case: the solution is the fix, word for word.
    """
    cases = [(cls, case) for cls, case in CATALOGUE.cases() if case.code == code]

    assert {solution} == {case.fix for _, case in cases}
    assert cause in {case.cause or " ".join((cls.__doc__ or "").rstrip(".").split()) for cls, case in cases}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ValidationError),
        (401, AuthenticationError),
        (402, PaymentRequiredError),
        (403, ScopixPermissionError),
        (404, ResourceNotFoundError),
        (409, ScopixError),
        (413, UploadError),
        (422, ValidationError),
        (429, RateLimitError),
        (500, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ScopixTimeoutError),
        (599, ServerError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<h1>Bad Gateway</h1>", b'{"error": "no"}', b"[]", b'{"detail": null}'])
def test_a_silent_reply(status: int, error: type[ScopixError], body: bytes) -> None:
    """
    A proxy's bare page is the class of its status, with something to read and every attribute.
    """
    found = parse_reply(Reply(status, {}, body), CATALOGUE)

    assert (error, status) == (type(found), getattr(found, "status_code", None))
    assert str(found).strip()
    assert repr(found)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("cloud_storage.wait_for_job", CloudStorageError),
        ("cloud_storage.import_and_wait", CloudStorageError),
        ("cloud_storage.export_and_wait", CloudStorageError),
        ("s3_connector.wait_for_job", S3ConnectorError),
        ("video_analysis.wait_for_completion", VideoAnalysisError),
    ],
)
@pytest.mark.parametrize("code", ["BUCKET_NOT_FOUND", "ACCESS_DENIED", None])
def test_failed_jobs(operation: str, kind: type[ScopixError], code: str | None) -> None:
    """
    What a job failed with becomes the class of its resource; the code of the API stays readable.
    """
    facts = {"job_id": "job_1", "job_status": "failed", "analysis_job_id": "job_1", "status": "failed"}
    body = json.dumps(in_detail(code, "There is no such bucket.", **facts)).encode()
    error = parse_reply(Reply(0, {}, body), CATALOGUE, operation=operation, source="job")

    assert isinstance(error, ScopixError)
    assert (kind, code, "There is no such bucket.") == (type(error), error.body_code, error.message)
    assert "job_1" in {getattr(error, "job_id", None), getattr(error, "analysis_job_id", None)}
    assert None is error.status_code


@pytest.mark.parametrize(
    ("occasion", "error", "code"),
    [
        ("configuration", ScopixError, "CONFIGURATION_ERROR"),
        ("network", ScopixConnectionError, "CONNECTION_ERROR"),
        ("timeout", ScopixTimeoutError, "TIMEOUT"),
        ("poll_timeout", ScopixTimeoutError, "TIMEOUT"),
        ("unreadable", ServerError, "SERVER_ERROR"),
        ("circuit_open", CircuitBreakerError, "CIRCUIT_OPEN"),
        ("stream", SSEStreamError, "SSE_STREAM_ERROR"),
        ("unreadable_file", UploadError, "UPLOAD_ERROR"),
        ("unreadable_video", VideoUploadError, "VIDEO_UPLOAD_ERROR"),
        ("batch", UploadError, "UPLOAD_ERROR"),
        ("source_changed", VideoUploadError, "VIDEO_UPLOAD_ERROR"),
    ],
)
def test_what_no_reply_tells(occasion: str, error: type[ScopixError], code: str) -> None:
    """
    What the SDK notices by itself is a ScopixError too, also where its constructor asks for more than a message.
    """
    made = error_for(*CATALOGUE.raised_on(occasion), message="So it is.", status=None)

    assert isinstance(made, ScopixError)
    assert (error, code, "So it is.", occasion, None) == (
        type(made),
        made.code,
        made.message,
        made.case.on,
        made.status_code,
    )


def test_there_is_an_occasion_for_each() -> None:
    """
    No class of the page is left that nothing becomes.
    """
    met = {row.error for row in ROWS} | {CATALOGUE.occasion(case.on) for _, case in CATALOGUE.cases() if case.on}
    met |= {CloudStorageError, S3ConnectorError, VideoAnalysisError}

    assert set(CATALOGUE.errors) == met
    assert {cls.__name__ for cls in met} <= set(exceptions.__all__)


@shapes
@pytest.mark.parametrize(
    ("operation", "said", "kind", "name"),
    [
        (None, {}, "resource", ""),
        (None, {"resource_type": "rule", "resource_id": "r_1"}, "rule", "r_1"),
        ("files.get", {"resource_type": "rule"}, "rule", ""),
    ],
)
def test_what_was_not_found(body: Any, operation: str | None, said: dict[str, str], kind: str, name: str) -> None:
    """
    A 404 says what was not found; one that says nothing is about a "resource".
    """
    error = parsed(404, body(None, "Rule not found", **said), operation)

    assert isinstance(error, ResourceNotFoundError)
    assert (kind, name, "Rule not found") == (error.resource_type, error.resource_id, error.message)
    assert {"resource_type": kind, "resource_id": name} == error.details


@shapes
def test_numbers_of_a_quota(body: Any) -> None:
    """
    `available` and `limit` are attributes, and in the details.
    """
    error = parsed(413, body("STORAGE_QUOTA_EXCEEDED", "Full.", available=5, limit=100), "files.upload_batch")

    assert isinstance(error, QuotaExceededError)
    assert (5, 100, {"available": 5, "limit": 100}) == (error.available, error.limit, error.details)


def test_details_of_the_page_s_example() -> None:
    """
    The page's structured error: the field is in the details, code and message are not.
    """
    printed, _ = json.JSONDecoder().raw_decode(API.partition("or, for structured errors:")[2])
    error = parsed(422, printed, "files.list")

    assert isinstance(error, ValidationError)
    assert ("Invalid request parameters", {"field": "limit"}) == (error.message, error.details)


def test_field_errors_of_the_framework() -> None:
    """
    FastAPI's own list of field errors is read as well.
    """
    entry = {"loc": ["query", "limit"], "msg": "Input should be a number", "type": "int_parsing"}
    error = parsed(422, {"detail": [entry]}, "files.list")

    assert isinstance(error, ValidationError)
    assert ("1 invalid field: query.limit: Input should be a number", {"detail": [entry]}) == (
        error.message,
        error.details,
    )


@shapes
def test_where_an_upload_failed(body: Any) -> None:
    """
    An upload that the API refused was in the stage "upload", where it does not say another one.
    """
    refused = parsed(413, body("HTTP_413", "Too large.", size=11, limit=10), "files.upload_batch")
    broken = parsed(422, body("IMAGE_PROCESSING_ERROR", "Broken.", filename="a.png", stage="decode"), "files.upload")
    there = {"filename": "a.png", "session_id": "up_1", "file_id": "img_1"}
    session = parsed(409, body("CONFLICT", "There already.", **there), "files.upload")

    assert isinstance(refused, UploadError)
    assert isinstance(broken, UploadError)
    assert isinstance(session, UploadError)
    assert ("upload", 11, 10) == (refused.stage, refused.details["size"], refused.details["limit"])
    assert ("a.png", "decode", {"filename": "a.png", "stage": "decode"}) == (
        broken.filename,
        broken.stage,
        broken.details,
    )
    assert ("up_1", "img_1") == (session.session_id, session.details["file_id"])
    assert "session_id" not in session.details


def test_headers_of_a_rate_limit() -> None:
    """
    Retry-After and X-RateLimit-* are attributes.
    """
    headers = {"Retry-After": "12", "X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99"}
    error = parse_reply(Reply(429, headers), CATALOGUE)

    assert isinstance(error, RateLimitError)
    assert (12, 100, 0, 99) == (error.retry_after, error.limit, error.remaining, error.reset)


def test_the_request_id() -> None:
    """
    The request id of the first shape is `e.request_id`.
    """
    assert "req-7" == parsed(429, in_error_object("RATE_LIMIT_ERROR", "Slow down.")).request_id
