"""`wait_for`: polls a long-running job, and says how to resume when time is up."""

from __future__ import annotations

import math
from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any, Concatenate, Protocol, TypeVar

from failwell._support.frozen import Frozen
from failwell.contract.construction import configuration_problem, error_for
from failwell.contract.reporting import hint
from failwell.policy.poll import poll_until

if TYPE_CHECKING:
    from failwell.client.core import Core
    from failwell.client.operations.base import PlainFunction
    from failwell.client.resource import Resource
    from failwell.contract.catalogues.catalogue import Catalogue
    from failwell.contract.error import Error
    from failwell.policy.flow import Flow

LONGEST_PAUSE = 10.0
"""Seconds between two looks, unless the caller asks for longer ones."""
WORTH_ANOTHER_LOOK = ("transient", "throttled")


class PollSpec(Frozen):
    """Polling of a job, for messages: its *noun* and the method that looks again, `PollSpec("Run", "client.runs.get")`.

    *on* is the occasion that the catalogue's error for one that is not done in time is raised on. The error is told the
    id in `resource_id`, and in *id_field* if it has such a field.
    """

    noun: str
    look: str
    on: str = "poll_timeout"
    id_field: str = "resource_id"


class Job(Protocol):
    """What jobs have: a status, and whether it is final. A pydantic model with a property `finished` is one."""

    @property
    def status(self) -> str | None:
        """What the server calls its state; None where it did not say."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Its fields, with JSON types."""
        ...


J = TypeVar("J", bound=Job)


def wait_for(
    resource: Resource[Any],
    look: PlainFunction[Concatenate[str, ...], Flow[J]],
    job_id: str,
    *,
    timeout: float,
    poll_interval: float = 1.0,
    noun: str | None = None,
    on: str = "poll_timeout",
    fetch: Callable[[], Flow[J]] | None = None,
) -> Flow[J]:
    """Look at a job until its status is final, for at most *timeout* seconds: `wait_for(self, Runs.get, run_id, ...)`.

    The pause between two looks starts at *poll_interval* seconds and grows to 10. A look that fails does not end the
    wait where its error is one that a call is repeated after. *fetch* looks, where *look*, which the message names, is
    not to. A job is called *noun*, without one as *look* calls its id: "Run" of `run_id`.

    Raises:
        Error: the catalogue's "configuration" error for a *timeout* or a *poll_interval* that is no number of seconds
            from 0; the one that is raised on *on* when time is up, with the id in `resource_id` and in the field that
            *look* calls it, with `timeout` and `last_result`, where it has such fields.
    """
    named = list(signature(look).parameters)[1]
    method = ".".join(filter(None, ("client", resource.resource, look.__name__)))
    spec = PollSpec(noun or named.removesuffix("_id").capitalize(), method, on, named)
    fetch = fetch or (lambda: look.flow(resource, job_id))
    return poll_job(resource.core, spec, job_id, fetch, timeout=timeout, poll_interval=poll_interval)


def poll_job(
    core: Core,
    spec: PollSpec,
    job_id: str,
    fetch: Callable[[], Flow[J]],
    *,
    timeout: float,
    poll_interval: float = 1.0,
) -> Flow[J]:
    """The same of a job that no resource has: *spec* says what `wait_for` finds out by itself."""
    check_timeout(core.catalogue, timeout)
    _check_interval(core.catalogue, poll_interval)
    return (
        yield from poll_until(
            fetch,
            lambda job: job.finished,
            timeout=timeout,
            interval=poll_interval,
            longest_interval=max(LONGEST_PAUSE, poll_interval),
            timed_out=lambda last: _late(core.catalogue, spec, job_id, timeout, last),
            transient=_transient,
        )
    )


def failed_job(catalogue: Catalogue, operation: str, message: str, *, code: str | None = None, **facts: Any) -> Error:
    """The error that *catalogue* has for a job of *operation* that failed, ready to be raised; *facts* by field.

    *message* and *code* are what the job says of its failure; the code is kept as `e.body_code`.
    """
    cls, case = catalogue.resolve(None, code, operation=operation, source="job")
    error = error_for(cls, case, message=message, status=None, fields=facts)
    error.body_code, error.effect = code, "done"
    if line := hint(error):
        error.add_note(line)
    return error


def check_timeout(catalogue: Catalogue, timeout: object) -> None:
    """Refuse what nobody can wait for, before anything is started.

    Raises:
        Error: the catalogue's "configuration" error for a *timeout* that is no number of seconds from 0.
    """
    # Compared in this order NaN, which is neither more nor less than anything, is refused too.
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
        raise configuration_problem(catalogue, f"timeout is {timeout!r}; it must be a number of seconds from 0.")


def _check_interval(catalogue: Catalogue, seconds: object) -> None:
    wrong = isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf
    if wrong:
        raise configuration_problem(catalogue, f"poll_interval is {seconds!r}; it must be a number of seconds from 0.")


def _late(catalogue: Catalogue, spec: PollSpec, job_id: str, timeout: float, last: Job | None) -> Error:
    seen = f'still "{last.status}"' if last is not None else "of unknown status"
    message = (
        f'{spec.noun} {job_id} is {seen} after {timeout:g} s and was not cancelled. Resume: {spec.look}("{job_id}")'
    )
    result = last.model_dump(mode="json") if last is not None else None
    facts: dict[str, Any] = {"resource_id": job_id, spec.id_field: job_id, "timeout": timeout, "last_result": result}
    return error_for(*catalogue.raised_on(spec.on), message=message, status=None, **facts)


def _transient(error: Error) -> bool:
    """Whether a look may be repeated; not after a reply of 2xx, which told how the job itself ended."""
    answered = bool(error.attempts) and error.attempts[-1].status in range(200, 300)
    return error.case.retry in WORTH_ANOTHER_LOOK and not answered
