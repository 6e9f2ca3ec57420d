"""The process that does jobs: `python -m failwell.server.worker MODULE:FUNCTION FOLDER SETTINGS`.

DBOS remembers in `jobs.sqlite` which steps are done. The process has no orderly end: it ends at once when whoever
started it is gone, and the next one goes on after the last step that was remembered.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from failwell.contract.extras import needs
from failwell.server.work import Kind, Work

with needs("jobs", __name__):
    from dbos import DBOS, DBOSClient, SetWorkflowID
    from sqlalchemy import Engine, event

P = ParamSpec("P")
T = TypeVar("T")

NAME = "failwell"
VERSION = "1"
"""Pinned: a job goes on under a newer release. A workflow whose steps change must still know the old ones."""

LOOK_EVERY = 1.0
"""Seconds after which new jobs are looked for without a nudge."""

POLL_EVERY = 0.1
"""Seconds between two looks at who is next in a queue."""

GOING_ON = ("ENQUEUED", "PENDING", "DELAYED")
"""What DBOS says of a workflow that has not ended."""

_log = logging.getLogger(__name__)


@event.listens_for(Engine, "connect")
def _tells_milliseconds(connection: sqlite3.Connection, _: object) -> None:
    """Teach SQLite before 3.42 what `unixepoch('subsec')` is, which DBOS stamps its rows with: it would be NULL."""
    if sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", 1, lambda _: time.time())


class Worker:
    """Does the jobs of *work*, and remembers their steps in *folder*."""

    def __init__(self, work: Work, folder: Path) -> None:
        self._work = work
        self._begun: set[str] = set()
        self._workflows = {name: _registered(name, kind, work) for name, kind in work.kinds.items()}
        url = f"sqlite:///{folder / 'jobs.sqlite'}"
        DBOS.migrate(url)
        # Before the launch: a queue that is known then is served at once, another one only a second later.
        with _closing(DBOSClient(system_database_url=url, application_name=NAME)) as client:
            for name, kind in work.kinds.items():
                client.register_queue(name, worker_concurrency=kind.at_once, polling_interval_sec=POLL_EVERY)
        DBOS(
            config={
                "name": NAME,
                "system_database_url": url,
                "application_version": VERSION,
                "executor_id": NAME,
                "log_level": "WARNING",
            }
        )
        DBOS.launch()

    def look(self) -> None:
        """Begin every unfinished job that this process does not know yet; give up those that can only be given up."""
        unfinished = list(self._work.unfinished())
        for name, job_id in unfinished:
            if job_id not in self._begun:
                # The job's id is the workflow's: one that was begun by an earlier process is not begun a second time.
                with SetWorkflowID(job_id):
                    DBOS.enqueue_workflow(name, self._workflows[name], job_id)
        self._begun = {job_id for _, job_id in unfinished}
        if over := [job for job in unfinished if _is_over(job[1])]:
            # Looked up again: a job that ended between the two questions has ended well.
            for name, job_id in set(over).intersection(self._work.unfinished()):
                restarts = self._work.kinds[name].most_restarts
                self._work.give_up(name, job_id, f"it was interrupted {restarts + 1} times, and may be the cause")


def _is_over(job_id: str) -> bool:
    found = DBOS.get_workflow_status(job_id)
    return found is not None and found.status not in GOING_ON


def _registered(name: str, kind: Kind, work: Work) -> Callable[[str], None]:
    def run(job_id: str) -> None:
        try:
            kind.workflow(_remembered, job_id)
        except Exception:  # noqa: BLE001 - logged, and told by the job's own status
            # Whatever it was must not leave a job that is unfinished for ever.
            _log.exception("Job %s (%s) failed unexpectedly", job_id, name)
            _remembered(work.give_up, name, job_id, "the server failed inside; its log knows more")

    return DBOS.workflow(name=name, max_recovery_attempts=kind.most_restarts)(run)


def _remembered(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return DBOS.run_step({"name": getattr(function, "__name__", "step")}, function, *args, **kwargs)


@contextmanager
def _closing(client: DBOSClient) -> Generator[DBOSClient]:
    """*client* for the length of a block."""
    try:
        yield client
    finally:
        client.destroy()


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Wait until no other process works in *folder*, and keep others out. The system frees it when we die."""
    # SQLite knows how to lock a file on every system; nothing is ever written to this one.
    with closing(sqlite3.connect(folder / "worker.lock", timeout=LOOK_EVERY, isolation_level=None)) as lock:
        while not lock.in_transaction:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as problem:
                if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
        yield


def opened(spec: str, folder: Path, settings: str) -> Work:
    """The work that the function named *spec* returns for *folder*.

    Raises:
        TypeError: it is something else.
    """
    module, _, name = spec.partition(":")
    work = getattr(importlib.import_module(module), name)(folder, json.loads(settings))
    if not isinstance(work, Work):
        raise TypeError(f"{spec} returned {type(work).__name__}, not Work.")
    return work


def _end_with(starter: int, nudged: threading.Event) -> None:
    """Pass on the nudges of whoever started this process; end when it is gone."""
    while os.read(starter, 4096):
        nudged.set()
    os._exit(0)


def main() -> None:
    """Work until the process that started this one is gone."""
    spec, folder, settings = sys.argv[1:4]
    nudged = threading.Event()
    threading.Thread(target=_end_with, args=(sys.stdin.fileno(), nudged), daemon=True).start()
    with alone(Path(folder)):
        worker = Worker(opened(spec, Path(folder), settings), Path(folder))
        while True:
            nudged.clear()
            worker.look()
            nudged.wait(LOOK_EVERY)


if __name__ == "__main__":
    main()
