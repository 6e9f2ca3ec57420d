"""The jobs of a VectorShift server, as its worker process does them: runs, answers and ingestions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from failwell.server import JobKind, Step, Workload
from vectorshift_server.agents.answering import Agents
from vectorshift_server.agents.answers import Answering, unfinished_answers
from vectorshift_server.engine.responder import responder_of
from vectorshift_server.knowledge.ingestions import Ingesting, unfinished_ingestions
from vectorshift_server.runs.running import Running
from vectorshift_server.runs.runs import unfinished as unfinished_runs
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store

WORK = f"{__name__}:open_work"


class Work(Protocol):
    """Does the jobs of one kind."""

    def run(self, step: Step, job_id: str, /) -> None:
        """Do the job, step by step."""
        ...

    def give_up(self, job_id: str, reason: str, /) -> None:
        """End a job that cannot be done; one that has ended stays as it is."""
        ...


@dataclass(frozen=True)
class Kind:
    """One kind of job: who does it, which are left, and how many may run at once."""

    open: Callable[[Store, Settings], Work]
    unfinished: Callable[[Store], list[str]]
    at_once: Callable[[Settings], int]


KINDS: dict[str, Kind] = {
    "run": Kind(
        lambda store, settings: Running(store, Agents(store, settings, responder_of(settings))),
        unfinished_runs,
        lambda settings: settings.runs_at_once,
    ),
    "answer": Kind(
        lambda store, settings: Answering(store, Agents(store, settings, responder_of(settings))),
        unfinished_answers,
        lambda settings: settings.answers_at_once,
    ),
    "ingestion": Kind(
        lambda store, _: Ingesting(store), unfinished_ingestions, lambda settings: settings.ingestions_at_once
    ),
}


def open_work(folder: Path, settings: dict[str, Any]) -> Workload:
    """What is to be done in *folder*, by a worker of a server with *settings*."""
    chosen = Settings(**settings)
    store = Store(folder)
    works = {name: kind.open(store, chosen) for name, kind in KINDS.items()}
    return Workload(
        {name: JobKind(work.run, KINDS[name].at_once(chosen)) for name, work in works.items()},
        lambda: unfinished_jobs(store),
        lambda name, job_id, reason: works[name].give_up(job_id, reason),
    )


def unfinished_jobs(store: Store) -> Iterator[tuple[str, str]]:
    """The kind and the id of every job that was accepted and has not ended."""
    for name, kind in KINDS.items():
        for job_id in kind.unfinished(store):
            yield name, job_id
