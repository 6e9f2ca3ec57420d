"""The jobs of a Scopix server, as its worker process does them: one entry for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from failwell.clock import SystemClock, WallClock
from failwell.server import JobKind, Step, Workload
from scopix_server.chats.answers import Answering, unfinished_answers
from scopix_server.cloud.transfers import Transferring
from scopix_server.documents.documents import Processing, unfinished_documents
from scopix_server.engine.plugins import analyser_of, provider_of, responder_of
from scopix_server.files.descriptions import Describing, unfinished_descriptions
from scopix_server.jobs import unfinished_jobs as unfinished_of
from scopix_server.settings import Settings
from scopix_server.store import Store
from scopix_server.videos.analyses import Analysing

AT_ONCE = 2
"""Jobs of one kind that are done at the same time; the others wait."""

WORK = f"{__name__}:open_work"


class Work(Protocol):
    """What does the jobs of one kind."""

    def run(self, step: Step, job_id: str, /) -> None:
        """Do the job, step by step."""
        ...

    def give_up(self, job_id: str, reason: str, /) -> None:
        """End a job that cannot be done; one that has ended stays as it is."""
        ...


@dataclass(frozen=True)
class Kind:
    """One kind of job: who does it, which are left, and how many may run at once."""

    open: Callable[[Store, WallClock, Settings], Work]
    unfinished: Callable[[Store], list[str]]
    at_once: Callable[[Settings], int]


KINDS: dict[str, Kind] = {
    "description": Kind(
        lambda store, _, settings: Describing(store, settings, provider_of(settings)),
        unfinished_descriptions,
        lambda settings: settings.description_workers,
    ),
    "document": Kind(lambda store, _, settings: Processing(store, settings), unfinished_documents, lambda _: AT_ONCE),
    "answer": Kind(
        lambda store, _, settings: Answering(store, settings, responder_of(settings)),
        unfinished_answers,
        lambda _: AT_ONCE,
    ),
    "analysis": Kind(
        lambda store, _, settings: Analysing(store, settings, analyser_of(settings)),
        lambda store: unfinished_of(store, ["analysis"]),
        lambda _: AT_ONCE,
    ),
    "transfer": Kind(Transferring, lambda store: unfinished_of(store, ["import", "export", "s3"]), lambda _: AT_ONCE),
}


def open_work(folder: Path, settings: dict[str, Any]) -> Workload:
    """What is to be done in *folder*, by a worker of a server with *settings*."""
    chosen = Settings(**settings)
    store = Store(folder)
    clock = store.steady(SystemClock())
    works = {name: kind.open(store, clock, chosen) for name, kind in KINDS.items()}
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
