from __future__ import annotations

from typing import Any

import pytest

import failwell
from failwell import Attempt, Error, log_fields, with_evidence
from failwell.contract.evidence import KeptBody
from failwell.contract.reporting import attach, hint
from failwell.wire import Reply, parse_reply
from pictograph.exceptions import CATALOGUE, ApiError, NetworkError, NotFoundError, RateLimitError
from tests.contract.samples.instances import CLASSES, example

TWICE = (Attempt(503, 1.0, "status 503"), Attempt(429, 0.0, "status 429"))


def after_a_call(error: Error, **facts: Any) -> Error:
    """*error* with the facts of a call."""
    attach(error, **facts)
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ApiError("m"), "Read the message; quote the request id to support."),
        (after_a_call(ApiError("m"), request_id="r"), "Read the message; quote the request id to support. (request r)"),
        (
            after_a_call(RateLimitError("m"), request_id="r", attempts=TWICE, elapsed=2.25),
            "Wait `e.retry_after` seconds. The SDK waits by itself for up to 120 s. (request r, 2 attempts in 2.2 s)",
        ),
        (after_a_call(failwell.Error("m"), attempts=TWICE, elapsed=2.25), "2 attempts in 2.2 s"),
        (after_a_call(failwell.Error("m"), attempts=TWICE[:1], elapsed=2.25), ""),
        (failwell.Error("m"), ""),
    ],
    ids=["fix", "fix, request", "fix, request, attempts", "attempts", "one attempt", "nothing"],
)
def test_the_hint(error: Error, expected: str) -> None:
    """
    The hint is the fix, and then what to quote to support.
    """
    assert expected == hint(error)


@pytest.mark.parametrize("name", CLASSES)
def test_log_fields_are_flat(name: str) -> None:
    """
    The facts for a structured log are one flat map of texts and numbers, without the body.
    """
    fields = log_fields(example(name))

    assert all(isinstance(value, str | int | float) for value in fields.values())
    assert all(key.startswith("error.") for key in fields)
    assert (2, 2.25, "req-1", "key-1") == tuple(
        fields[f"error.{key}"] for key in ("attempts", "elapsed", "request_id", "idempotency_key")
    )
    assert not any('{"detail"' in str(value) for value in fields.values())


def test_log_fields_of_a_reply() -> None:
    """
    Class, message, source, code, status and request id of a reply are in the log.
    """
    reply = Reply(404, {"x-request-id": "r"}, b'{"detail": {"message": "No dataset", "error_code": "gone"}}')

    assert {
        "error.type": "NotFoundError",
        "error.message": "No dataset",
        "error.source": "http",
        "error.code": "gone",
        "error.status": 404,
        "error.request_id": "r",
    } == log_fields(parse_reply(reply, CATALOGUE))


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFoundError("m"), 404), (ApiError("m", status_code=418), 418), (NetworkError("m"), None)],
    ids=["exact", "catch-all", "no reply"],
)
def test_the_status_in_the_log(error: Error, status: int | None) -> None:
    """
    A status that is known is logged, also that of a catch-all; one that never was is left out.
    """
    assert status == log_fields(error).get("error.status")


def test_what_every_error_carries() -> None:
    """
    Request id, attempts, elapsed, key and body are there from the start, empty.
    """
    error = NotFoundError("m")

    assert (None, (), None, None, b"", 0, False) == (
        error.request_id,
        error.attempts,
        error.elapsed,
        error.idempotency_key,
        error.body,
        error.body_length,
        error.body_truncated,
    )
    attach(error, body=KeptBody(b"x", 2))
    assert error.body_truncated


def test_evidence_goes_over_to_another_error() -> None:
    """
    An error that an SDK raises in place of another has what that knew of its call, and its own hint.
    """
    met = after_a_call(NetworkError("gone"), request_id="r", attempts=TWICE, elapsed=2.25, body=KeptBody(b"x", 2))
    met.resume_token = "token"
    error = with_evidence(ApiError("The upload failed."), met)

    assert ("r", TWICE, 2.25, b"x", 2, "token") == (
        error.request_id,
        error.attempts,
        error.elapsed,
        error.body,
        error.body_length,
        error.resume_token,
    )
    assert [hint(error)] == error.__notes__
    assert "(request r, 2 attempts in 2.2 s)" in hint(error)


@pytest.mark.parametrize("message", ["", " ", "\n\t"])
def test_an_error_without_words(message: str) -> None:
    """
    An error that was told nothing still prints a sentence.
    """
    assert "404 Not Found without a readable message" == str(NotFoundError(message))
    assert "NetworkError" == str(NetworkError(message))
    assert "Error" == str(failwell.Error())
