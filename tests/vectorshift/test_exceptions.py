from __future__ import annotations

import json
import pickle
import re

import pytest

import vectorshift
from failwell import Error
from failwell.wire import Reply, parse_reply, render_error
from tests.contract.samples.instances import example
from tests.spec import page, tree
from vectorshift import exceptions
from vectorshift.exceptions import (
    CATALOGUE,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    KbIngestionFailed,
    KbIngestionTimeout,
    KbNotFound,
    KnowledgeBaseError,
    NotFoundError,
    PermissionDeniedError,
    PipelineRunFailedError,
    PollTimeoutError,
    RateLimitError,
    SessionError,
    UnprocessableEntityError,
    VectorshiftApiError,
    VectorshiftError,
)

STATUSES = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    500: InternalServerError,
    503: InternalServerError,
    599: InternalServerError,
    405: VectorshiftApiError,
    409: VectorshiftApiError,
}


def answered(body: object, status: int = 404, *, operation: str = "pipeline.fetch") -> VectorshiftApiError:
    """The error that an answer is."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = parse_reply(Reply(status, {}, content), CATALOGUE, operation=operation)
    assert isinstance(error, VectorshiftApiError)
    return error


def test_the_tree() -> None:
    """
    The page's tree is that of the classes, and the docstring of the module draws it, with the ingestion errors.
    """
    drawn = re.findall(r"(?:├──|└──) (\w+) +#", exceptions.__doc__ or "")
    leaves = tree("vectorshift")

    assert 15 == len(leaves)
    for leaf in leaves:
        assert leaf.parent in (None, getattr(exceptions, leaf.name).__bases__[0].__name__)
    assert [leaf.name for leaf in leaves][1:] == drawn[: len(leaves) - 1]
    assert {error.__name__ for error in CATALOGUE.errors} == {"VectorshiftError", *drawn}
    assert "(KnowledgeBase ingestion errors)" in page("vectorshift")


def test_what_the_package_exports() -> None:
    """
    Every class can be imported from the package itself, `VectorshiftApiError` under its other name, too.
    """
    names = {"ApiStatusError", *(error.__name__ for error in CATALOGUE.errors)}

    assert names <= set(vectorshift.__all__)
    assert {"CATALOGUE", *names} == set(exceptions.__all__)
    assert all(getattr(vectorshift, name) is getattr(exceptions, name) for name in names)
    assert vectorshift.ApiStatusError is VectorshiftApiError


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
def test_status(status: int, error: type[VectorshiftApiError]) -> None:
    """
    The status of an answer says which error it is, and whoever raises the error sends that status.
    """
    seen = answered({"error": "So it is."}, status)

    assert (error, status, "So it is.") == (type(seen), seen.status_code, seen.error_message)
    assert status == render_error(seen, CATALOGUE).status
    if status in (400, 401, 403, 404, 422, 429, 500):
        assert status == error("So it is.").status_code


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "first", "message": "second", "detail": "third", "errors": ["fourth"]}, "first"),
        ({"message": "second", "detail": "third", "errors": ["fourth"]}, "second"),
        ({"errors": ["fourth"], "detail": "third"}, "third"),
        ({"errors": ["name is missing"]}, "1 invalid field: name is missing"),
        ({"error": "", "message": "second"}, "second"),
        ({"error": None, "detail": "third"}, "third"),
        ({"error": {"message": "inside", "code": 7}}, "inside"),
        ({"error": [], "message": "second"}, "second"),
        ({"detail": [{"loc": ["body", "inputs"], "msg": "Field required"}]}, "1 invalid field: inputs: Field required"),
        ({"errors": {"name": ["is too short"]}}, "name: is too short"),
        ({"error": {"nodes": {"n1": "has no type"}}}, "n1: has no type"),
        (b"upstream connect error", "upstream connect error"),
        (b"<html><title>502 Bad Gateway</title></html>", "502 Bad Gateway"),
        (b"", "404 Not Found, without a readable message"),
        ({}, "404 Not Found, without a readable message"),
    ],
)
def test_error_message(body: object, message: str) -> None:
    """
    `error_message` is the first of error, message, detail and errors that says something, readable whatever its type.
    """
    assert message == answered(body).error_message


def test_raw_response() -> None:
    """
    `raw_response` is the body as it came, up to 1 MiB.
    """
    body = '{"error": "täxt", "other": [1,  2]}'

    assert body == answered(body.encode()).raw_response
    assert 1024 * 1024 == len(answered(b"x" * (1024 * 1024 + 1), 500).raw_response)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            NotFoundError("Pipeline p1 not found", method="GET", endpoint="/pipeline"),
            f"404 from GET /pipeline: Pipeline p1 not found. {NotFoundError.cases[0].fix}",
        ),
        (RateLimitError("Wait 3 s."), "429: Wait 3 s. Back off and retry with jitter."),
        (
            VectorshiftApiError("What?", status_code=418, method="POST", endpoint="/pipeline"),
            f"418 from POST /pipeline: What? {VectorshiftApiError.cases[0].fix}",
        ),
        (
            PollTimeoutError("Late", task_id="t1", timeout=3.0),
            "Late. The run goes on. Look at it again with `pipeline.run_status(e.task_id)`.",
        ),
    ],
)
def test_text(error: VectorshiftApiError, line: str) -> None:
    """
    `str(e)` is one line: status, method, endpoint, message and what to do; what is not known is left out.
    """
    assert line == str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_text_of_an_answer(status: int) -> None:
    """
    Of an answer it has the body, too: its first 200 characters, in one line with a hint for a common status.
    """
    short, long = answered(b'{"error": "No."}', status), answered(b"<p>" + "ä".encode() * 1000, status)

    assert str(short).startswith(f"{status}: No. ")
    assert str(short).endswith(f'{short.case.fix} Body: {{"error": "No."}}')
    assert str(long).endswith(f"Body: <p>{'ä' * 197}…")


def test_a_hint_is_said_once() -> None:
    """
    The note that a traceback shows does not repeat what `str(e)` says.
    """
    from failwell import hint

    assert "" == hint(NotFoundError("Pipeline p1 not found"))
    assert "Check the network, its proxy and VECTORSHIFT_BASE_URL, then try again." == hint(
        exceptions.ApiConnectionError("No.")
    )


@pytest.mark.parametrize("error", [PipelineRunFailedError, PollTimeoutError])
def test_runs(error: type[VectorshiftApiError]) -> None:
    """
    The errors of runs have every attribute of `VectorshiftApiError`.
    """
    made = error("m", task_id="t1")  # type: ignore[call-arg]  # both have it

    assert (0, "", "", "m", "") == (
        made.status_code,
        made.method,
        made.endpoint,
        made.error_message,
        made.raw_response,
    )


def test_other_parents() -> None:
    """
    What timed out is a `TimeoutError`, too, and a knowledge base that is not found a `NotFoundError`.
    """
    assert issubclass(PollTimeoutError, TimeoutError)
    assert issubclass(KbIngestionTimeout, TimeoutError)
    assert issubclass(KbNotFound, KnowledgeBaseError | NotFoundError)
    assert KbNotFound is type(answered({"error": "No."}, operation="knowledge_base.query"))
    assert BadRequestError is type(answered({"error": "No."}, 400, operation="knowledge_base.query"))


@pytest.mark.parametrize(
    ("operation", "source", "error"),
    [
        ("pipeline.run", "job", PipelineRunFailedError),
        ("pipeline.result", "job", PipelineRunFailedError),
        ("knowledge_base.add_files", "job", KbIngestionFailed),
        ("agent.session", "stream", SessionError),
    ],
)
def test_told_without_a_status(operation: str, source: str, error: type[Error]) -> None:
    """
    A failed run, a failed ingestion and an error in a session have no status: what was asked says which it is.
    """
    assert error is CATALOGUE.resolve(None, None, operation=operation, source=source)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("error", CATALOGUE.errors, ids=lambda error: error.__name__)
def test_pickled(error: type[VectorshiftError]) -> None:
    """
    An error that was in another process says the same.
    """
    given = example(f"vectorshift-{error.__name__}")
    again = pickle.loads(pickle.dumps(given))  # noqa: S301 - what we wrote ourselves

    assert (type(given), str(given), repr(given)) == (type(again), str(again), repr(again))
    assert vars(given) == vars(again)


def test_retries() -> None:
    """
    A page that says "retry once" after 500+ and "back off and retry" after 429 means one retry and two.
    """
    rules = CATALOGUE.retries

    assert (2, 1) == (rules.most(transient=False), rules.most(transient=True))
