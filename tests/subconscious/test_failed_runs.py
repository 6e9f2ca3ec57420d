from __future__ import annotations

import pickle

import pytest

from subconscious import (
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    Run,
    RunError,
    SubconsciousError,
    ValidationError,
)


def raised(run: Run) -> SubconsciousError:
    """What `raise_on_failure` raises."""
    with pytest.raises(SubconsciousError) as caught:
        run.raise_on_failure()
    return caught.value


@pytest.mark.parametrize("status", [None, "queued", "running", "succeeded", "of a later version"])
def test_no_failure(status: str | None) -> None:
    """
    A run that has not failed is returned.
    """
    run = Run(run_id="run_1", status=status)

    assert run is run.raise_on_failure()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("failed", "internal_error", "did not say why"),
        ("canceled", "internal_error", "was canceled"),
        ("timed_out", "timeout", "did not end within"),
    ],
)
def test_without_an_error(status: str, code: str, words: str) -> None:
    """
    A run without a result raises also where the server says no more than its status.
    """
    error = raised(Run(run_id="run_1", status=status))

    assert (SubconsciousError, code, 0) == (type(error), error.code, error.status)
    assert ("run_1", None) == (error.run_id, error.body_code)
    assert "run_1" in str(error)
    assert words in str(error)


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        ("invalid_request", ValidationError),
        ("authentication_failed", AuthenticationError),
        ("permission_denied", SubconsciousError),
        ("not_found", NotFoundError),
        ("rate_limited", RateLimitError),
        ("internal_error", SubconsciousError),
        ("service_unavailable", SubconsciousError),
        ("timeout", SubconsciousError),
    ],
)
def test_the_code_of_the_run(code: str, cls: type[SubconsciousError]) -> None:
    """
    The code of a run's own error chooses the class; no reply had the status that the table has for it.
    """
    error = raised(Run(run_id="run_1", status="failed", error=RunError(code=code, message="It broke.")))

    assert (cls, code, 0) == (type(error), error.code, error.status)
    assert f"{code}: Run run_1 has no result: It broke." == str(error)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(error), "run_1", code) == (str(again), again.run_id, again.code)


@pytest.mark.parametrize("status", ["failed", "canceled", "timed_out"])
def test_a_code_of_another_page(status: str) -> None:
    """
    A code that the page does not have is an "other"; it can still be read.
    """
    error = raised(Run(run_id="run_1", status=status, error=RunError(code="of_another_page", message="It broke.")))

    assert (SubconsciousError, "internal_error") == (type(error), error.code)
    assert ("of_another_page", "run_1") == (error.body_code, error.run_id)
