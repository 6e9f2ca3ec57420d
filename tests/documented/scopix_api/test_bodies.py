# ruff: noqa: D205, D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import json
from typing import Any

import pytest

from failwell.wire import Reply, parse_reply, render_error
from scopix import AuthenticationError, RateLimitError, ResourceNotFoundError, ScopixError, UploadError, ValidationError
from scopix.exceptions import CATALOGUE
from tests.documented.restored import units_of
from tests.scopix_server.api import Api, error, picture
from tests.spec import page

ID = "550e8400-e29b-41d4-a716-446655440000"
PRINTED: dict[tuple[int, ...], Any] = {
    unit.lines: json.loads(unit.text) for unit in units_of(page("scopix-api")) if unit.text.startswith("{")
}


def parsed(status: int, body: object, operation: str | None = None) -> ScopixError:
    """What the SDK makes of it."""
    found = parse_reply(Reply(status, {}, json.dumps(body).encode()), CATALOGUE, operation=operation)
    assert isinstance(found, ScopixError)
    return found


@pytest.mark.documented("scopix-api", line=3)
def test_comprehensive() -> None:
    """
    Comprehensive reference for API error codes and how to handle them

    Every case of the contract says how.
    """
    assert [] == [str(case) for _, case in CATALOGUE.cases() if not case.fix]


@pytest.mark.documented("scopix-api", line=5, part=1)
@pytest.mark.documented("scopix-api", line=5, part=2)
def test_code_message_details(api: Api) -> None:
    """
    Most API errors return a JSON body with an error code, message, and optional details for debugging.
    The exact shape depends on which layer raised the error — see below.
    """
    refused, full = api.send("GET", "/files", "expired"), api.put(picture(), key="full")

    assert {"code", "message", "details"} == refused.json()["error"].keys()
    assert {"code", "message", "available", "limit"} == full.json()["detail"].keys()
    for answer in (refused, full):
        found = parsed(answer.status_code, answer.json())
        assert found.message
        assert found.case.code == error(answer)[2]


@pytest.mark.documented("scopix-api", line=7)
@pytest.mark.documented("scopix-api", line=8, part=1)
def test_middleware(api: Api) -> None:
    """
    Errors raised by middleware (for example, rate limiting) use the richer envelope with a structured error object and
    a request_id:

    The page's body is what the contract renders, and what the SDK reads.
    """
    printed = PRINTED[8, 8, 1]
    limited = RateLimitError("Rate limit exceeded: 100 calls per 60 seconds")
    assert printed == json.loads(render_error(limited, CATALOGUE, request_id=ID).body)
    found = parsed(429, printed)
    assert (RateLimitError, ID, limited.message) == (type(found), found.request_id, found.message)

    while (answer := api.send("GET", "/files", "free")).status_code == 200:
        pass
    assert (429, "error", "RATE_LIMIT_ERROR") == error(answer)
    assert answer.json()["error"]["message"].startswith("Rate limit exceeded: ")


@pytest.mark.documented("scopix-api", line=8, part=2)
@pytest.mark.documented("scopix-api", line=8, part=3)
@pytest.mark.documented("scopix-api", line=9)
@pytest.mark.documented("scopix-api", line=10, part=1)
def test_handlers(api: Api) -> None:
    """
    Errors raised by the framework via HTTPException (validation failures, permission errors, 404s, most business-rule
    errors) use FastAPI's default { "detail": ... } shape.
    detail may be a string or an object depending on the endpoint:
    """
    assert {"detail": "Rule not found"} == PRINTED[9, 9]
    rule = parsed(404, PRINTED[9, 9])
    assert (ResourceNotFoundError, "Rule not found") == (type(rule), rule.message)
    limit = parsed(422, PRINTED[10, 10, 1])
    assert (ValidationError, "Invalid request parameters", {"field": "limit"}, "VALIDATION_ERROR") == (
        type(limit),
        limit.message,
        limit.details,
        limit.case.code,
    )
    assert PRINTED[10, 10, 1] == json.loads(render_error(limit, CATALOGUE).body)

    answers = {
        "VALIDATION_ERROR": api.send("GET", "/files?limit=no"),
        "AUTHZ_ERROR": api.send("POST", "/uploads", "viewer", json={"files": 1}),
        "NOT_FOUND": api.send("GET", "/files/img_1"),
        "STORAGE_QUOTA_EXCEEDED": api.put(picture(), key="full"),
    }
    assert {code: ("detail", code) for code in answers} == {code: error(one)[1:] for code, one in answers.items()}
    assert "limit" == answers["VALIDATION_ERROR"].json()["detail"]["field"]


@pytest.mark.documented("scopix-api", line=10, part=2)
def test_request_id(api: Api) -> None:
    """
    When a request_id is present, always include it when contacting support for faster debugging.

    The error has it, and its note names it.
    """
    answer = api.send("GET", "/files", "expired")
    found = parse_reply(Reply(answer.status_code, {}, answer.content), CATALOGUE)

    assert isinstance(found, AuthenticationError)
    assert answer.json()["request_id"] == found.request_id == answer.headers["x-request-id"]


@pytest.mark.documented("scopix-api", line=27, part=1)
@pytest.mark.documented("scopix-api", line=27, part=2)
@pytest.mark.parametrize("layer", ["error", "detail"])
@pytest.mark.parametrize(
    ("status", "kind"), [(400, ValidationError), (404, ResourceNotFoundError), (409, ScopixError), (413, UploadError)]
)
def test_other_codes(layer: str, status: int, kind: type[ScopixError]) -> None:
    """
    The codes below are the most common ones you will encounter.
    Individual endpoints may emit additional endpoint-specific codes (for example, custom extraction schemas, cloud
    storage, and billing flows each define their own set) — consult the relevant endpoint reference for the full list.

    One that nobody lists stays readable, and the status says which error it is.
    """
    found = parsed(status, {layer: {"code": "EXTRACTION_SCHEMA_IN_USE", "message": "It is in use."}})

    assert (kind, "It is in use.") == (type(found), found.message)
    assert "EXTRACTION_SCHEMA_IN_USE" in (found.code, found.body_code)
