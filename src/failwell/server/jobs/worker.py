"""Job worker: `python -m failwell.server.jobs.worker MODULE:FUNCTION FOLDER SETTINGS`.

Which steps are done is remembered in a store: `jobs.sqlite`, or one that hosts share. It ends when whoever started it
is gone or says so, in the middle of what it is doing; the next one goes on after the last step that was remembered.
"""

from __future__ import annotations

import json
import logging
import os
import pkgutil
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from failwell.server.jobs.sqlite_store import SqliteJobStore
from failwell.server.jobs.steps import Memory
from failwell.server.jobs.store import JobStore, LostJobError, Survey
from failwell.server.jobs.workflow import READY, JobKind, Workload
from failwell.server.storage.transient_errors import patient

LOOK_EVERY = 1.0
"""Seconds after which new jobs are looked for without a nudge."""

RENEWALS = 3
"""How often a lease is renewed in its time: one that comes too late is not the end of it."""

_log = logging.getLogger(__name__)


class Worker:
    """Does the jobs of *work*, remembers their steps in *store*, and sets *nudged* when one has ended."""

    def __init__(self, work: Workload, store: JobStore, nudged: threading.Event) -> None:
        self._work = work
        self._store = store
        self._nudged = nudged
        self._lock = threading.Lock()
        self._at: dict[str, str] = {}
        self._over: set[str] = set()
        self._strange: set[str] = set()

    def look(self) -> None:
        """Begin the unfinished jobs whose turn it is, the oldest first; give up those that can only be given up.

        Of the jobs that were running when a worker died by itself, one runs at a time. So the one that is to blame is
        found, and the others have done no more than wait for it.
        """
        with self._lock:
            over, at = set(self._over), dict(self._at)
        # Before the unfinished jobs are looked for: what ended in between is forgotten the next time.
        survey = patient("The worker", self._store.survey)
        unfinished = patient("The worker", lambda: list(self._work.unfinished()))
        self._forget({job for _, job in unfinished} | at.keys(), survey)
        crashes = survey.crashes
        # The sort is stable: the oldest comes first where nobody is suspect, and of the suspects the likely innocent.
        for name, job in sorted(unfinished, key=lambda found: crashes.get(found[1], 0)):
            kind, times = self._work.kinds.get(name), crashes.get(job, 0)
            if job in at or job in survey.taken:
                continue
            if kind is None:
                self._leave_or_give_up(name, job)
            elif job in over:
                self._give_up(name, job, "its work came to an end without a result")
            elif times > kind.most_crashes:
                reason = f"the worker died {times} times in the same step of it, so it may be the cause"
                self._give_up(name, job, reason)
            elif list(at.values()).count(name) < kind.at_once and not (times and crashes.keys() & at.keys()):
                at[job] = name
                self._begin(name, kind, job)

    def renew(self) -> None:
        """Let the leases of the jobs begin anew, for as long as this process lives."""
        assert self._store.lease is not None
        while True:
            time.sleep(self._store.lease / RENEWALS)
            patient("The worker", self._store.renew)

    def _leave_or_give_up(self, name: str, job: str) -> None:
        """A job of a kind that is not known: the worker of another release may know it."""
        known = ", ".join(sorted(self._work.kinds)) or "none"
        if self._store.lease is None:
            self._give_up(name, job, f'the server has no jobs of the kind "{name}"; its kinds: {known}')
        elif name not in self._strange:
            self._strange.add(name)
            message = "Jobs of the kind %r are left to other hosts, such as %s: this one has: %s"
            _log.warning(message, name, job, known)

    def _begin(self, name: str, kind: JobKind, job: str) -> None:
        with self._lock:
            self._at[job] = name
        threading.Thread(target=self._do, args=(name, kind, job), name=f"{name}-{job}", daemon=True).start()

    def _do(self, name: str, kind: JobKind, job: str) -> None:
        over = False
        try:
            if patient(f"Job {job}", self._store.claim, job):
                over = self._done(name, kind, job)
                patient(f"Job {job}", self._store.release, job)
        finally:
            with self._lock:
                del self._at[job]
                if over:
                    self._over.add(job)
        if over:
            self._nudged.set()

    def _done(self, name: str, kind: JobKind, job: str) -> bool:
        """Whether the work of *job* has come to an end, here."""
        try:
            kind.workflow(Memory(self._store, job), job)
        except LostJobError as lost:
            _log.warning("%s", lost)
            return False
        except Exception:  # noqa: BLE001 - logged, and told by the job's own status
            # Whatever it was must not leave a job that is unfinished for ever.
            _log.exception("Job %s (%s) failed unexpectedly", job, name)
            self._give_up(name, job, "the server failed inside; its log knows more")
        return True

    def _give_up(self, name: str, job: str, reason: str) -> None:
        try:
            patient(f"Job {job}", self._work.give_up, name, job, reason)
        except Exception:  # noqa: BLE001 - logged; the next look tries it again
            _log.exception("Job %s (%s) could not even be given up", job, name)

    def _forget(self, jobs: set[str], survey: Survey) -> None:
        """Forget what was remembered of all other jobs than these."""
        with self._lock:
            self._over &= jobs
        patient("The worker", self._store.forget_ended, jobs, survey)


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


def opened(spec: str, folder: Path, settings: str) -> Workload:
    """The work that the function named *spec* returns for *folder*.

    Raises:
        TypeError: it is something else.
    """
    work = pkgutil.resolve_name(spec)(folder, json.loads(settings))
    if not isinstance(work, Workload):
        raise TypeError(f"{spec} returned {type(work).__name__}, not Workload.")
    return work


class _Ending:
    """Passes on the nudges of whoever started this process; ends it in good order when it is gone, or says so."""

    def __init__(self, starter: int) -> None:
        self.nudged = threading.Event()
        self.store: JobStore | None = None
        threading.Thread(target=self._listen, args=(starter,), daemon=True).start()

    def _listen(self, starter: int) -> None:
        while os.read(starter, 4096):
            self.nudged.set()
        try:
            if self.store is not None:
                self.store.leave()
        finally:
            os._exit(0)


def main() -> None:
    """Work until the process that started this one is gone."""
    # What the work prints is for the log: the pipe is for what we say.
    starter = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    spec, folder, settings = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    ending = _Ending(sys.stdin.fileno())
    with ExitStack() as held:
        try:
            held.enter_context(alone(folder))
            work = opened(spec, folder, settings)
            store: JobStore = work.store or SqliteJobStore(folder)
            ending.store = store
            worker = Worker(work, store, ending.nudged)
        except Exception:  # noqa: BLE001 - told by whoever started us, once, who starts us again
            starter.write(traceback.format_exc())
            starter.close()
            sys.exit(1)
        if store.lease is not None:
            threading.Thread(target=worker.renew, daemon=True).start()
        starter.write(READY)
        starter.close()
        while True:
            ending.nudged.clear()
            worker.look()
            ending.nudged.wait(LOOK_EVERY)


if __name__ == "__main__":
    main()
