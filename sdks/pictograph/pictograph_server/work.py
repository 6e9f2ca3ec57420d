"""The jobs of a Pictograph server, as its worker process does them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from failwell.clock import SystemClock, WallClock
from failwell.server import JobKind, Step, Workload
from pictograph.exceptions import PictographError, ServerError
from pictograph_server.annotating import annotate_one, begin_batch, fail_batch, finish_batch, unfinished_batches
from pictograph_server.importing import begin_import, fail_import, finish_import, import_one, unfinished_imports
from pictograph_server.runs import fail_run, unfinished_runs
from pictograph_server.settings import Settings
from pictograph_server.store import Store
from pictograph_server.training import Training

WORK = f"{__name__}:open_work"


def open_work(folder: Path, settings: dict[str, Any]) -> Workload:
    """What is to be done in *folder*, by a worker of a server with *settings*."""
    chosen = Settings(**settings)
    store = Store(folder)
    clock = store.steady(SystemClock())
    workflows = Workflows(store, clock, chosen)
    kinds = {
        "training": JobKind(Training(store, clock).run, chosen.training_workers),
        "batch": JobKind(workflows.annotate),
        "import": JobKind(workflows.import_),
    }
    return Workload(kinds, lambda: unfinished_jobs(store), workflows.give_up)


def unfinished_jobs(store: Store) -> Iterator[tuple[str, str]]:
    """The kind and the id of every job that was accepted and has not ended."""
    for kind, ids in (
        ("training", unfinished_runs(store)),
        ("batch", unfinished_batches(store)),
        ("import", unfinished_imports(store)),
    ):
        for job_id in ids:
            yield kind, job_id


class Workflows:
    """Jobs that go through a list, item by item."""

    def __init__(self, store: Store, clock: WallClock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    def annotate(self, step: Step, job_id: str) -> None:
        """Annotate the images of a batch."""
        store, clock = self._store, self._clock
        try:
            for item in step(begin_batch, store, clock, job_id):
                if not step(annotate_one, store, self._settings, job_id, item):
                    return
            step(finish_batch, store, clock, job_id)
        except PictographError as error:
            step(fail_batch, store, clock, job_id, error)

    def import_(self, step: Step, import_id: str) -> None:
        """Bring in the files of an import."""
        store, clock, settings = self._store, self._clock, self._settings
        try:
            for item in step(begin_import, store, clock, settings, import_id):
                if not step(import_one, store, clock, settings, import_id, item):
                    return
            step(finish_import, store, clock, import_id)
        except PictographError as error:
            step(fail_import, store, clock, import_id, error)

    def give_up(self, kind: str, job_id: str, reason: str) -> None:
        """End a job that cannot be done; one that has ended stays as it is."""
        if kind == "training":
            message = f"The run was given up: {reason}. The credits were returned; start the run again."
            fail_run(self._store, self._clock, job_id, message)
            return
        error = ServerError(f"The job was given up: {reason}. What was done stays.", status_code=500)
        fail = fail_batch if kind == "batch" else fail_import
        fail(self._store, self._clock, job_id, error)
