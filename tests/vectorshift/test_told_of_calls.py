from __future__ import annotations

import pytest

from failwell.policy import JobFailedError, call_or_raise
from failwell.policy.retry.policy import RetryPolicy, by_catalogue
from failwell.testing import Player
from failwell.wire import Failure, Reply, Request
from failwell.wire.messages import Outcome
from vectorshift.exceptions import (
    CATALOGUE,
    ApiTimeoutError,
    InternalServerError,
    NotFoundError,
    PipelineRunFailedError,
    RateLimitError,
    VectorshiftApiError,
    VectorshiftError,
)

LOOK = Request("GET", "/pipeline/p1/run/status/t1?verbose=true", operation="pipeline.run")
START = Request("POST", "/pipeline/p1/run", operation="pipeline.start")
LATE = Failure("timeout", "no answer")


def met(*outcomes: Outcome, request: Request = LOOK, job: dict[str, str] | None = None) -> VectorshiftError:
    """The error of a call that is answered by *outcomes*; an answer of 2xx tells that the *job* failed."""

    def decode(_reply: Reply) -> None:
        assert job is not None
        raise JobFailedError(0, job)

    policy = RetryPolicy(CATALOGUE.retries, by_catalogue(CATALOGUE, request.operation))
    with pytest.raises(VectorshiftError) as caught:
        Player([*outcomes]).run(call_or_raise(request, decode, catalogue=CATALOGUE, policy=policy, timeout=30.0))
    return caught.value


def test_the_call_that_met_it() -> None:
    """
    An error says which call met it: the method, and the path without its query.
    """
    error = met(Reply(404, {}, b'{"error": "No such run"}'))

    assert isinstance(error, NotFoundError)
    assert ("GET", "/pipeline/p1/run/status/t1", 404) == (error.method, error.endpoint, error.status_code)
    assert str(error).startswith("404 from GET /pipeline/p1/run/status/t1: No such run. ")


def test_errors_without_these_fields() -> None:
    """
    One whose class has no such fields is left as it is.
    """
    error = met(LATE, LATE)

    assert (ApiTimeoutError, False) == (type(error), "endpoint" in vars(error))


def test_failed_run() -> None:
    """
    A run that failed has the attributes of the answer that told of it: its status, its call, its body.
    """
    told = b'{"task_id": "t1", "status": "failed", "error": "node 3"}'
    error = met(Reply(200, {}, told), job={"error": "Run t1 failed: node 3", "task_id": "t1", "run_error": "node 3"})

    assert isinstance(error, PipelineRunFailedError)
    assert ("t1", "node 3", "Run t1 failed: node 3") == (error.task_id, error.run_error, error.error_message)
    assert (200, "GET", "/pipeline/p1/run/status/t1") == (error.status_code, error.method, error.endpoint)
    assert told.decode() == error.raw_response


@pytest.mark.parametrize(
    ("outcome", "request_", "error", "tries"),
    [
        (Reply(500, {}, b""), LOOK, InternalServerError, 2),
        (Reply(503, {}, b""), LOOK, InternalServerError, 2),
        (LATE, LOOK, ApiTimeoutError, 2),
        (Reply(429, {}, b""), LOOK, RateLimitError, 3),
        (Reply(429, {}, b""), START, RateLimitError, 3),
        (Reply(500, {}, b""), START, InternalServerError, 1),
        (LATE, START, ApiTimeoutError, 1),
        (Reply(422, {}, b""), LOOK, VectorshiftApiError, 1),
    ],
)
def test_tries(outcome: Outcome, request_: Request, error: type[VectorshiftError], tries: int) -> None:
    """
    After 500+, and without an answer, a safe request is repeated once; after 429 any is, up to twice.
    """
    seen = met(*[outcome] * tries, request=request_)

    assert isinstance(seen, error)
    assert tries == len(seen.attempts)


def test_mixed_failures() -> None:
    """
    There are two retries together: after one for a 500 there is one left for a 429.
    """
    seen = met(Reply(500, {}, b""), Reply(429, {}, b""), Reply(429, {}, b""))

    assert [500, 429, 429] == [attempt.status for attempt in seen.attempts]
