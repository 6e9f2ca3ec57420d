"""The kinds of long-running jobs, and what one look at them says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from failwell.client import check_timeout as refuse_timeout
from failwell.policy import JobFailedError
from pictograph.exceptions import CATALOGUE

if TYPE_CHECKING:
    from failwell.wire import Reply
    from pictograph.models import JobError


class FallibleJob(Protocol):
    """A job that keeps the error it ended with."""

    error: JobError | None

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        ...


F = TypeVar("F", bound=FallibleJob)


def check_timeout(timeout: object) -> None:
    """Refuse what nobody can wait for, before anything is started.

    Raises:
        ConfigurationError: *timeout* is no number of seconds from 0.
    """
    refuse_timeout(CATALOGUE, timeout)


def or_its_error(decode: Callable[[Reply], F]) -> Callable[[Reply], F]:
    """Like *decode*, but a job that ended with an error of the contract is that error."""

    def read(reply: Reply) -> F:
        job = decode(reply)
        if job.finished and job.error is not None:
            raise JobFailedError(job.error.status, job.error.body)
        return job

    return read
