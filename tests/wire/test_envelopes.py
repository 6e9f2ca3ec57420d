from __future__ import annotations

import json
from typing import Any

import pytest

from failwell.contract.catalogues.catalogue import Envelope
from failwell.contract.error_body import ErrorBody
from failwell.wire import Detail, ErrorObject, FirstOf, Problem

DETAIL, OBJECT, FIRST, PROBLEM = Detail(), ErrorObject(), FirstOf(), Problem(type_base="https://e.test/")

LOC = {"loc": ["body", "annotations", 0, "name"], "msg": "Field required", "type": "missing"}

READ: list[tuple[Envelope, str, tuple[str | None, str | None]]] = [
    (DETAIL, '{"detail": "Rule not found"}', (None, "Rule not found")),
    (
        DETAIL,
        '{"detail": {"code": "VALIDATION_ERROR", "message": "Invalid", "field": "limit"}}',
        ("VALIDATION_ERROR", "Invalid"),
    ),
    (DETAIL, '{"detail": {"msg": "Invalid"}}', (None, "Invalid")),
    (DETAIL, '{"detail": "Taken", "code": "duplicate"}', ("duplicate", "Taken")),
    (DETAIL, json.dumps({"detail": [LOC]}), (None, "1 invalid field: annotations.0.name: Field required")),
    (DETAIL, json.dumps({"detail": [LOC], "message": "No."}), (None, "No.")),
    (DETAIL, '{"detail": []}', (None, "the request was refused as invalid")),
    (DETAIL, '{"detail": null, "message": "No."}', (None, "No.")),
    (DETAIL, '{"detail": null}', (None, None)),
    (DETAIL, '{"message": "No."}', (None, "No.")),
    (DETAIL, '{"detail": {"code": 17, "message": {"message": "No."}}}', ("17", "No.")),
    (DETAIL, '{"detail": {"code": true, "message": false}}', (None, None)),
    (
        OBJECT,
        '{"error": {"code": "RATE_LIMIT_ERROR", "message": "100 calls", "details": {}}}',
        ("RATE_LIMIT_ERROR", "100 calls"),
    ),
    (OBJECT, '{"error": "No."}', (None, "No.")),
    (ErrorObject(code="type"), '{"error": {"type": "overloaded", "code": "x", "message": "m"}}', ("overloaded", "m")),
    (OBJECT, '{"error": {"code": null, "message": null, "details": null}}', (None, None)),
    (FIRST, '{"error": "e", "message": "m", "detail": "d", "errors": "s"}', (None, "e")),
    (FIRST, '{"message": "m", "detail": "d", "errors": "s"}', (None, "m")),
    (FIRST, '{"detail": "d", "errors": "s"}', (None, "d")),
    (FIRST, '{"errors": ["s", "t"], "code": "c"}', ("c", "2 invalid fields: s; t")),
    (FIRST, '{"error": "", "message": "m"}', (None, "m")),
    (FIRST, '{"error": {"message": "m"}}', (None, "m")),
    (FIRST, '{"error": null, "message": 5}', (None, "5")),
    (FIRST, '"m"', (None, "m")),
    (PROBLEM, '{"type": "https://e.test/out-of-credit", "title": "T", "detail": "D"}', ("out-of-credit", "D")),
    (PROBLEM, '{"type": "urn:problem:out-of-credit", "title": "T"}', ("out-of-credit", "T")),
    (PROBLEM, '{"type": "about:blank", "title": "Not Found"}', (None, "Not Found")),
    (PROBLEM, '{"type": "https://e.test/a", "code": "b", "detail": "D"}', ("b", "D")),
]

SAID = ErrorBody(404, "no_rule", "Rule not found", {"rule": 7}, "req-1")
BARE = ErrorBody(404, None, "Rule not found")
OBJECT_BODY = {"error": {"code": "no_rule", "message": "Rule not found", "details": {"rule": 7}}, "request_id": "req-1"}
PROBLEM_BODY = {
    "type": "https://e.test/no_rule",
    "title": "Not Found",
    "status": 404,
    "code": "no_rule",
    "detail": "Rule not found",
    "request_id": "req-1",
    "rule": 7,
}

WRITTEN: list[tuple[Envelope, ErrorBody, dict[str, Any], dict[str, Any]]] = [
    (DETAIL, BARE, {}, {"detail": "Rule not found"}),
    (DETAIL, SAID, {}, {"detail": {"message": "Rule not found", "code": "no_rule", "rule": 7}}),
    (DETAIL, BARE, {"detail": [LOC]}, {"detail": [LOC], "message": "Rule not found"}),
    (DETAIL, BARE, {"detail": {"need": 5}}, {"detail": {"message": "Rule not found", "need": 5}}),
    (DETAIL, SAID, {"detail": [LOC]}, {"detail": [LOC], "message": "Rule not found", "code": "no_rule", "rule": 7}),
    (OBJECT, SAID, {}, OBJECT_BODY),
    (OBJECT, BARE, {}, {"error": {"code": None, "message": "Rule not found", "details": {}}}),
    (ErrorObject(code="type"), BARE, {}, {"error": {"type": None, "message": "Rule not found", "details": {}}}),
    (FIRST, SAID, {}, {"error": "Rule not found", "code": "no_rule", "rule": 7}),
    (PROBLEM, SAID, {}, PROBLEM_BODY),
    (PROBLEM, BARE, {}, {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Rule not found"}),
]


@pytest.mark.parametrize(
    ("envelope", "body", "expected"), READ, ids=[f"{type(row[0]).__name__} {row[1]}" for row in READ]
)
def test_what_a_body_says(envelope: Envelope, body: str, expected: tuple[str | None, str | None]) -> None:
    """
    Every shape of error body in use gives its code and its message.
    """
    said = envelope.parse(json.loads(body))

    assert expected == (said.code, said.message)


@pytest.mark.parametrize(("envelope", "said", "body", "expected"), WRITTEN, ids=[str(n) for n in range(len(WRITTEN))])
def test_how_it_is_said(envelope: Envelope, said: ErrorBody, body: dict[str, Any], expected: dict[str, Any]) -> None:
    """
    An error is written in the shape that the vendor's page prints.
    """
    envelope.render(body, said)

    assert expected == body


@pytest.mark.parametrize("name", ["title", "detail", "type", "status", "instance", "code", "request_id", "details"])
def test_problem_members_and_details_of_their_names(name: str) -> None:
    """
    A detail with the name of a standard member is neither lost in problem+json nor confused with the member.
    """
    body: dict[str, Any] = {}
    PROBLEM.render(body, ErrorBody(404, "c", "m", {name: "mine"}))
    silent: dict[str, Any] = {}
    PROBLEM.render(silent, ErrorBody(404, "c", "m"))

    assert ("c", "m", "mine") == (
        PROBLEM.parse(body).code,
        PROBLEM.parse(body).message,
        PROBLEM.parse(body).details[name],
    )
    assert name not in PROBLEM.parse(silent).details


@pytest.mark.parametrize("envelope", [DETAIL, OBJECT, FIRST, PROBLEM], ids=lambda envelope: type(envelope).__name__)
def test_a_summary_names_three_fields(envelope: Envelope) -> None:
    """
    A long list of field errors becomes one sentence: how many, the first three, and how many more.
    """
    errors = [{**LOC, "loc": ["body", f"f{n}"]} for n in range(5)]
    key = "error" if envelope is OBJECT else "detail"

    assert (
        "5 invalid fields: f0: Field required; f1: Field required; f2: Field required; and 2 more"
        == envelope.parse({key: errors}).message
    )
