"""What the workers of jobs need of the store that they share. Those of SQLite and Postgres stand beside it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from failwell._support.exception_fields import ExceptionFields
from failwell.server.jobs.submissions import Submission


class LostJobError(ExceptionFields, Exception):
    """Another worker has taken over the *job*, since the lease of this one was over: what it does is not kept."""

    job: str
    template = "Job {job} was taken over by another worker: this one stood still for longer than its lease."


@dataclass(frozen=True, slots=True)
class Survey:
    """How the jobs stood at one *moment* of the store.

    *taken* are those that another worker is at; *crashes* is how often a worker died in the step that a job is at, for
    each job whose step that happened in.
    """

    moment: float
    taken: Collection[str]
    crashes: Mapping[str, int]


class JobStore(Protocol):
    """Which worker is at which job, and which steps are done. Each worker process opens one of its own.

    A worker that dies by itself keeps its jobs until its *lease* is over, by the clock of the store; one that ends in
    order gives them back. Methods may be called by any thread. Each may raise what `transient_errors.passes` knows:
    then it is called again.
    """

    lease: float | None
    """Seconds after which a job whose worker is silent is another's; None where the system tells at once who died."""

    def survey(self) -> Survey:
        """How the jobs stand; those whose workers have died are free from now on."""
        ...

    def claim(self, job: str) -> bool:
        """Make this worker the one that is at *job*, unless another is."""
        ...

    def renew(self) -> None:
        """Let the leases of all jobs of this worker begin anew."""
        ...

    def outcome(self, job: str, number: int) -> tuple[str, bytes] | None:
        """The name and the outcome of a step, or None if it is not done.

        Raises:
            LostJobError: *job* is not this worker's any more.
        """
        ...

    def keep(self, job: str, number: int, name: str, outcome: bytes) -> None:
        """Remember a step. The first outcome stays.

        Raises:
            LostJobError: *job* is not this worker's any more, and nothing was kept.
        """
        ...

    def release(self, job: str) -> None:
        """Give *job* back, if it is still this worker's."""
        ...

    def forget_ended(self, unfinished: Collection[str], survey: Survey) -> None:
        """Forget the jobs that have ended: those that there were at *survey*, and that are not *unfinished* since."""
        ...

    def leave(self) -> None:
        """Give all jobs back in good order: none of them is to blame. Nothing is claimed after this."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


JobState: TypeAlias = Literal["accepted", "done", "failed"]


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job as its tenant sees it: what it was given as *payload*, and its *result* once it has ended."""

    id: str
    kind: str
    payload: Any
    state: JobState
    result: Any = None

    @classmethod
    def read(cls, id_: str, kind: str, payload: str, state: JobState, result: str | None) -> QueuedJob:
        """The job of a row, in which *payload* and *result* are JSON."""
        return cls(id_, kind, json.loads(payload), state, None if result is None else json.loads(result))


class JobQueue(Protocol):
    """Jobs that were accepted, for an app that has no tables of its own for them. Each method is one transaction.

    What is given and found is JSON. Each may raise `StoreDownError`. They are atomic across all who share the store.
    """

    def submit(self, kind: str, payload: Any, *, tenant: str = "", key: Submission | None = None) -> str:
        """The id of a new job, or of the one that *tenant* has submitted with *key* in the last 24 h.

        Raises:
            Refusal: the key came with another body.
        """
        ...

    def find(self, job: str, *, tenant: str = "") -> QueuedJob | None:
        """The job of that id, if it is *tenant*'s."""
        ...

    def payload(self, job: str) -> Any:
        """What *job* was given."""
        ...

    def unfinished(self) -> list[tuple[str, str]]:
        """The kind and the id of each job that has not ended, oldest first: what a `Workload` asks for."""
        ...

    def finish(self, job: str, result: Any = None, *, state: JobState = "done") -> bool:
        """End *job*; False, and nothing changes, if it has ended before."""
        ...

    def give_up(self, kind: str, job: str, reason: str, /) -> None:
        """End *job* as failed, with the *reason* as result: what a `Workload` asks for."""
        self.finish(job, reason, state="failed")

    def close(self) -> None:
        """Close what is open."""
        ...
