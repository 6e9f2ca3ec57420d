"""Retry engines of others, told what an error advises: tenacity, stamina, backoff, Celery, Temporal, DBOS.

None of them is imported. Each of these is what the engine calls, or is given; it follows `e.retry`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from datetime import timedelta
from functools import wraps
from typing import Any, TypedDict, TypeVar

from failwell.contract.mapping import evidence
from failwell.contract.retry_advice import RetryAdvice

T = TypeVar("T")

NO = RetryAdvice(False, None, False)


def advice(problem: BaseException | None) -> RetryAdvice:
    """What *problem* advises; an exception of nobody's contract is not repeated."""
    error = None if problem is None else evidence(problem)
    return NO if error is None else error.retry


def should_retry(problem: BaseException) -> bool:
    """Whether an engine that sleeps in the calling process tries again: `tenacity.retry_if_exception(should_retry)`."""
    return advice(problem).now


def give_up(problem: BaseException) -> bool:
    """The opposite, for the `giveup=` of backoff."""
    return not advice(problem).now


def tenacity_wait(otherwise: Callable[[Any], float]) -> Callable[[Any], float]:
    """For the `wait=` of tenacity: as *otherwise*, and never less than the server asked for."""

    def wait(state: Any) -> float:
        return max(advice(state.outcome.exception()).delay or 0.0, otherwise(state))

    return wait


def stamina_hook(problem: Exception) -> bool | float:
    """For the `on=` of stamina: no, yes after its own backoff, or yes after as many seconds as the server asked for."""
    found = advice(problem)
    return found.now and (found.delay or True)


def backoff_waits(base: float = 2.0, factor: float = 1.0, max_value: float = 60.0) -> Generator[float, Any, None]:
    """For backoff, in place of `backoff.expo`, and with `jitter=None`, for its own could go below what was asked."""
    problem, longest = (yield 0.0), factor  # backoff throws the first away
    while True:
        problem = yield max(advice(problem).delay or 0.0, random.uniform(0, longest))  # noqa: S311 - spread
        longest = min(longest * base, max_value)


def celery_retried(function: Callable[..., T]) -> Callable[..., T]:
    """A Celery task of *function*, whose errors are tried again as they advise; below `@app.task(bind=True)`.

    It comes back after as many seconds as the server asked for, however many, or after its `default_retry_delay`; at
    most `max_retries` times.
    """

    @wraps(function)
    def run(task: Any, *args: Any, **kwargs: Any) -> T:
        try:
            return function(task, *args, **kwargs)
        except Exception as error:
            found = advice(error)
            if not found.retryable:
                raise
            raise task.retry(exc=error, countdown=found.delay) from error

    return run


class TemporalOptions(TypedDict):
    """The keywords of a `temporalio.exceptions.ApplicationError`."""

    type: str
    non_retryable: bool
    next_retry_delay: timedelta | None


def temporal_options(error: Exception) -> TemporalOptions:
    """For Temporal: `raise ApplicationError(str(error), **temporal_options(error)) from error`, in an activity."""
    found = advice(error)
    delay = None if found.delay is None else timedelta(seconds=found.delay)
    return {"type": type(error).__name__, "non_retryable": not found.retryable, "next_retry_delay": delay}


def dbos_should_retry(interval_seconds: float = 1.0) -> Callable[[BaseException], bool]:
    """For the `should_retry=` of a DBOS step with the same *interval_seconds*.

    A step waits no longer because a server asks it to: an error that asks for more ends the step, and its workflow may
    go on with `DBOS.sleep(error.retry.delay)`, which outlives the process.
    """

    def decide(problem: BaseException) -> bool:
        found = advice(problem)
        return found.now and (found.delay or 0.0) <= interval_seconds

    return decide
