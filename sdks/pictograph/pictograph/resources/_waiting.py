"""Waiting for long-running jobs, whatever their kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from errata.client import configuration_problem
from errata.policy import JobFailedError, poll
from pictograph.exceptions import (
    CATALOGUE,
    NetworkError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)

if TYPE_CHECKING:
    from errata.contract import Error
    from errata.policy import Flow
    from errata.wire import Reply
    from pictograph.models import JobError

TRANSIENT = (ServerError, NetworkError, RequestTimeoutError, RateLimitError)
"""What one poll may meet without ending the wait."""
LONGEST_PAUSE = 10.0
"""Seconds between two looks, unless the caller asks for longer ones."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What messages call a job, the attribute that has its id, how it is looked at, and the case of its timeout."""

    noun: str
    id_field: str
    look: str
    on: str


RUN = Kind("Run", "run_id", "client.training.get", "poll_timeout")
BATCH = Kind("Batch", "job_id", "client.auto_annotate.get_batch", "batch_poll_timeout")
IMPORT = Kind("Import", "import_id", "client.connectors.get_import", "import_poll_timeout")


class Job(Protocol):
    """What all kinds of jobs have."""

    status: str

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Its fields, with JSON types."""
        ...


class FallibleJob(Job, Protocol):
    """A job that keeps the error it ended with."""

    error: JobError | None


J = TypeVar("J", bound=Job)
F = TypeVar("F", bound=FallibleJob)


def wait_for(kind: Kind, job_id: str, fetch: Callable[[], Flow[J]], *, timeout: float, poll_interval: float) -> Flow[J]:
    """Fetch a job until its status is final, for at most *timeout* seconds.

    Raises:
        ConfigurationError: *timeout* is no number of seconds from 0.
        PollTimeoutError: it is not done in time.
    """
    check_timeout(timeout)

    def timed_out(last: J | None) -> Error:
        seen = f'still "{last.status}"' if last is not None else "of unknown status"
        late = PollTimeoutError(
            f"{kind.noun} {job_id} is {seen} after {timeout:g} s and was not cancelled. "
            f'Resume: {kind.look}("{job_id}")',
            resource_id=job_id,
            timeout=timeout,
            last_result=last.model_dump(mode="json") if last is not None else None,
        )
        setattr(late, kind.id_field, job_id)
        return late.become(CATALOGUE.raised_on(kind.on)[1])

    return (
        yield from poll(
            fetch,
            lambda job: job.finished,
            timeout=timeout,
            interval=poll_interval,
            longest_interval=max(LONGEST_PAUSE, poll_interval),
            timed_out=timed_out,
            transient=_transient,
        )
    )


def check_timeout(timeout: object) -> None:
    """Refuse what nobody can wait for, before anything is started.

    Raises:
        ConfigurationError: *timeout* is no number of seconds from 0.
    """
    # Compared in this order NaN, which is neither more nor less than anything, is refused too.
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
        raise configuration_problem(CATALOGUE, f"timeout is {timeout!r}; it must be a number of seconds from 0.")


def or_its_error(decode: Callable[[Reply], F]) -> Callable[[Reply], F]:
    """Like *decode*, but a job that ended with an error of the contract is that error."""

    def read(reply: Reply) -> F:
        job = decode(reply)
        if job.finished and job.error is not None:
            raise JobFailedError(job.error.status, job.error.body)
        return job

    return read


def _transient(error: Error) -> bool:
    """Whether a look may be repeated; not after a reply of 2xx, which told how the job itself ended."""
    answered = bool(error.attempts) and error.attempts[-1].status in range(200, 300)
    return isinstance(error, TRANSIENT) and not answered
