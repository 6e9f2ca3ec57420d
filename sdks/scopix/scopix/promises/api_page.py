"""The sentences of Scopix's page on the error codes of its API, each with the check that holds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from failwell.conformance import Bench, Observation, Promises, expect_equal
from failwell.sandbox import Answer
from scopix import exceptions
from scopix.promises import ways
from scopix.promises.ways import ADAPTER

PROMISES = Promises(ADAPTER)

FORMAT = "Error Response Format"
SHAPES = "Error Body Shapes"
STATUSES = "HTTP Status Codes"
CODES = "Application Error Codes"
PRACTICES = "Error Handling Best Practices"

Lines = int | tuple[int, ...]


def bare(bench: Bench, role: str, method: str, path: str) -> tuple[int, Any, str | None]:
    """The status, the JSON and the request id of a reply to a request that no SDK made."""
    address = urlsplit(bench.sandbox.url)
    with closing(HTTPConnection(str(address.hostname), address.port, timeout=30)) as connection:
        headers = {"Authorization": f"Bearer {bench.sandbox.key(role)}"} if role else {}
        connection.request(method, address.path + path, headers=headers)
        with connection.getresponse() as reply:
            return reply.status, json.loads(reply.read()), reply.headers.get("X-Request-ID")


MIDDLEWARE = (("", "GET", "/files", 401), ("past_due", "GET", "/files", 402), ("member", "GET", "/no/such", 404))
"""Requests that the layer around the endpoints refuses."""
HANDLERS = (
    ("member", "GET", "/files/img_no", 404),
    ("viewer", "POST", "/chat/sessions", 403),
    ("member", "GET", "/files?limit=0", 422),
)
"""Requests that an endpoint refuses."""


@PROMISES(FORMAT, "Most API errors return a JSON body with an error code, message, and optional details", 3, (5, 5, 1))
def code_message_details(bench: Bench) -> None:
    for role, method, path, status in (*MIDDLEWARE, *HANDLERS):
        got, body, _ = bare(bench, role, method, path)
        expect_equal(f"the status of {method} {path}", status, got)
        told = body.get("error", body.get("detail"))
        message = told if isinstance(told, str) else told["message"]
        expect_equal("whether it says what happened", True, " " in message)


@PROMISES(SHAPES, "Middleware uses the envelope with an error object and a request_id", (5, 5, 2), 7, (8, 8, 1))
def of_middleware(bench: Bench) -> None:
    for role, method, path, status in MIDDLEWARE:
        got, body, request_id = bare(bench, role, method, path)
        expect_equal("the status", status, got)
        expect_equal("the keys of the body", {"error", "request_id"}, set(body))
        expect_equal("the keys of its error", {"code", "message", "details"}, set(body["error"]))
        expect_equal("the request id", request_id, body["request_id"])
    ways.exhausts(bench)
    got, body, _ = bare(bench, "free", "GET", "/files")
    expect_equal("what comes after too many", (429, "RATE_LIMIT_ERROR"), (got, body["error"]["code"]))


@PROMISES(
    SHAPES, "The framework uses { detail }, a string or an object", (5, 5, 2), (8, 8, 2), (8, 8, 3), (9, 9), (10, 10, 1)
)
def of_the_framework(bench: Bench) -> None:
    for role, method, path, status in HANDLERS:
        got, body, _ = bare(bench, role, method, path)
        expect_equal("the status", status, got)
        expect_equal("the keys of the body", {"detail"}, set(body))
    bench.sandbox.arm(Answer(404, ways.JSON, b'{ "detail": "Rule not found"}'))
    bench.call(ways.lists).raised(bench.error("ResourceNotFoundError"), message="Rule not found")
    told = {"code": "VALIDATION_ERROR", "message": "Invalid request parameters", "field": "limit"}
    bench.sandbox.arm(Answer(422, ways.JSON, json.dumps({"detail": told}).encode()))
    seen = bench.call(ways.lists)
    seen.raised(bench.error("ValidationError"), message=told["message"], details={"field": "limit"})


@PROMISES(SHAPES, "Whatever comes in one envelope is read from the other, too")
def both_shapes(bench: Bench) -> None:
    for row in CODE_TABLE:
        for whole in (True, False):
            bench.sandbox.arm(ways.says(row.status, row.code, whole=whole, field="limit"))
            seen = bench.call(ways.gets, max_retries=0)
            seen.raised(bench.error(row.error), status_code=row.status, message="So it is.", body_code=row.code)
            expect_equal("e.details['field']", "limit", seen.attributes["details"].get("field"))


@PROMISES(SHAPES, "When a request_id is present, always include it when contacting support", (10, 10, 2))
def request_id(bench: Bench) -> None:
    for fail in (ways.unknown_key, ways.missing, ways.viewer):
        seen = fail(bench)
        expect_equal("whether there is a request id", True, bool(getattr(seen.error, "request_id", None)))
    bench.sandbox.arm(ways.says(401, "INVALID_API_KEY"))
    bench.call(ways.lists).raised(bench.error("AuthenticationError"), request_id="req_1")


def _succeeds(line: int, status: int, says: str, method: str, act: Callable[[Bench], Observation]) -> None:
    """Promise that what *act* does is answered with *status*."""

    def check(bench: Bench) -> None:
        seen = act(bench)
        seen.returned()
        expect_equal(
            "the last request", (method, f"passed {status}"), (seen.requests[-1].method, seen.requests[-1].outcome)
        )

    check.__name__ = f"status_{status}"
    PROMISES(STATUSES, f"{status} {says}", line)(check)


def _deletes(bench: Bench) -> Observation:
    session_id = bench.call(ways.opens).returned().id
    return bench.call(lambda client: client.chat.delete_session(session_id))


_succeeds(12, 200, "OK: request succeeded", "GET", lambda bench: bench.call(ways.lists))
_succeeds(13, 201, "Created: resource created successfully", "POST", lambda bench: bench.call(ways.opens))
_succeeds(14, 204, "No Content: request succeeded, no content to return", "DELETE", _deletes)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table of the page: on *lines*, a *status*, and the *code* that may tell of it; *error* is the class.

    *fail* makes the reference server answer with it, on a call that is tried *times* in all.
    """

    lines: Lines
    status: int
    code: str | None
    error: str
    says: str
    fail: Callable[[Bench], Observation]
    times: int = 1


def _malformed(bench: Bench) -> Observation:
    bench.sandbox.next(exceptions.ValidationError("No JSON.").with_case("VALIDATION_ERROR", 400))
    return bench.call(ways.lists)


def _fails(bench: Bench) -> Observation:
    bench.sandbox.next(exceptions.ServerError("Oh.").with_case("INTERNAL_ERROR", 500), times=4)
    seen = bench.call(ways.lists)
    seen.waited([1, 2, 4], within=0.25)
    return seen


def _with(role: str) -> Callable[[Bench], Observation]:
    return lambda bench: bench.call(ways.lists, role=role)


STATUS_TABLE = (
    Line(15, 400, None, "ValidationError", "Bad Request: invalid request syntax or parameters", _malformed),
    Line(16, 401, None, "AuthenticationError", "Unauthorized: missing or invalid API key", ways.unknown_key),
    Line(17, 403, None, "ScopixPermissionError", "Forbidden: insufficient permissions or scope", ways.viewer),
    Line(18, 404, None, "ResourceNotFoundError", "Not Found: does not exist or you don't have access", ways.missing),
    Line(19, 409, None, "UploadError", "Conflict: resource already exists (e.g., duplicate upload)", ways.duplicate, 2),
    Line(20, 402, None, "PaymentRequiredError", "Payment Required: subscription is past due", ways.past_due),
    Line(21, 422, None, "ValidationError", "Unprocessable Entity: contains validation errors", ways.invalid),
    Line(22, 429, None, "RateLimitError", "Too Many Requests: check Retry-After header", ways.rate_limited),
    Line(23, 500, None, "ServerError", "Internal Server Error: retry with exponential backoff", _fails, 4),
    Line(24, 503, None, "ServerError", "Service Unavailable: AI provider error; retry", ways.provider_down, 6),
    Line(25, 504, None, "ScopixTimeoutError", "Gateway Timeout: operation timed out; retry", ways.provider_slow, 6),
)

CODE_TABLE = (
    Line((29, 30), 401, "INVALID_API_KEY", "AuthenticationError", "invalid or malformed", ways.unknown_key),
    Line((31, 32), 401, "EXPIRED_API_KEY", "AuthenticationError", "the API key has expired", _with("expired")),
    Line((33, 34), 401, "DEACTIVATED_API_KEY", "AuthenticationError", "it has been deactivated", _with("revoked")),
    Line((35, 36), 403, "AUTHZ_ERROR", "ScopixPermissionError", "it lacks authorization", ways.viewer),
    Line((38, 39), 413, "HTTP_413", "UploadError", "file exceeds maximum size limit", ways.too_large, 2),
    Line((41, 42), 413, "STORAGE_QUOTA_EXCEEDED", "QuotaExceededError", "storage limit", ways.storage_full, 2),
    Line((43, 44), 429, "RATE_LIMIT_ERROR", "RateLimitError", "too many API requests", ways.rate_limited),
    Line((45, 46), 429, "USAGE_LIMIT_EXCEEDED", "QuotaExceededError", "monthly limit reached", ways.used_up, 2),
    Line((48, 49), 422, "IMAGE_PROCESSING_ERROR", "UploadError", "image processing failed", ways.no_picture, 2),
    Line((50, 51), 503, "VLM_PROVIDER_ERROR", "ServerError", "the provider failed; retry", ways.provider_down, 6),
    Line((52, 53), 504, "TIMEOUT", "ScopixTimeoutError", "operation timed out; retry", ways.provider_slow, 6),
)


def _holds(section: str, row: Line) -> None:
    """Promise that *row* holds, for what the server really answers."""

    def check(bench: Bench) -> None:
        seen = row.fail(bench)
        seen.raised(bench.error(row.error), status_code=row.status)
        if row.code is not None:
            expect_equal("the code that the server sent", row.code, getattr(seen.error, "body_code", None))
        expect_equal("requests at the server", row.times, len(seen.requests))

    check.__name__ = row.code or f"status_{row.status}"
    PROMISES(section, f"{row.code or row.status}: {row.says}", row.lines)(check)


for _row in STATUS_TABLE:
    _holds(STATUSES, _row)
for _row in CODE_TABLE:
    _holds(CODES, _row)


@PROMISES(CODES, "Individual endpoints may emit additional endpoint-specific codes", (27, 27, 1), (27, 27, 2))
def other_codes(bench: Bench) -> None:
    for whole in (True, False):
        bench.sandbox.arm(ways.says(422, "SCHEMA_LOCKED", whole=whole, schema="invoices"))
        seen = bench.call(ways.lists)
        expected = {"body_code": "SCHEMA_LOCKED", "details": {"schema": "invoices"}, "message": "So it is."}
        seen.raised(bench.error("ValidationError"), status_code=422, **expected)
        bench.sandbox.arm(ways.says(418, "TEAPOT", whole=whole))
        bench.call(ways.lists).raised(bench.error("ScopixError"), code="TEAPOT", status_code=418)


@PROMISES(
    PRACTICES, "Use the Retry-After header, back off exponentially on 5xx, and don't retry client errors", (55, 61)
)
def best_practices(bench: Bench) -> None:
    bench.sandbox.next(exceptions.RateLimitError("Slow down.", retry_after=5))
    limited = bench.call(ways.opens)
    limited.returned()
    limited.waited([5], over=0.25)
    bench.sandbox.arm(ways.says(500, "INTERNAL_ERROR"), times=3)
    failing = bench.call(ways.opens)
    failing.returned()
    failing.waited([1, 2, 4], within=0.25)
    for status in (400, 401, 402, 403, 404, 409, 413, 422):
        bench.sandbox.arm(ways.says(status, "NO"))
        seen = bench.call(ways.opens)
        expect_equal("what it says", ("NO", "So it is.", "req_1"), _told(seen))
        seen.tried(1)


def _told(seen: Observation) -> tuple[Any, ...]:
    error: Any = seen.error
    return (error.body_code or error.code, error.message, error.request_id)
