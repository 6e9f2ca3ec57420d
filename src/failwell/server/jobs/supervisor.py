"""Supervisor of the worker process: started with the first job, restarted when it dies."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from failwell._support.exception_fields import ExceptionFields
from failwell.server.jobs.sqlite_store import refuse_broken
from failwell.server.jobs.workflow import READY
from failwell.server.storage.data_folder import DataFolderError
from failwell.server.storage.errors import StoreDownError

_log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
"""Seconds until a worker that died is started again, the first time and at most."""

STEADY = 10.0
"""Seconds after which a worker that died counts as one that had worked."""

WATCH_EVERY = 5.0
"""Seconds between two looks for jobs that another server of the folder has left behind."""

GRACE = 2.0
"""Seconds that a worker has to end in good order before it is killed."""


class JobsDownError(ExceptionFields, StoreDownError):
    """No worker can start, so that a job would wait for nobody knows how long. *problem* says why."""

    folder: str
    problem: str
    template = "The worker of {folder} cannot start: {problem}"


class Jobs:
    """The worker process of *folder*, started with the first job and kept alive until `close`.

    *work* names the function that returns its `Workload`, as "module:function"; it is called with the folder and
    *settings*, which are JSON. Of several servers with the same folder one has the worker that works; when it dies,
    with its server or without, the next one takes over what is unfinished.

    Raises:
        DataFolderError: jobs cannot be remembered in the folder.
    """

    def __init__(self, work: str, folder: Path, settings: Mapping[str, object] | None = None) -> None:
        self._folder = folder
        self._command = [
            sys.executable,
            "-m",
            "failwell.server.jobs.worker",
            work,
            str(folder),
            json.dumps(settings or {}),
        ]
        refuse_broken(folder)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._worker: subprocess.Popen[bytes] | None = None
        self._problem: str | None = None

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id; None before the first job."""
        return self._worker.pid if self._worker is not None else None

    def admit(self) -> None:
        """Let a job be accepted.

        Raises:
            JobsDownError: not now, since no worker can start.
        """
        if (problem := self._problem) is not None:
            raise JobsDownError(str(self._folder), problem)

    def nudge(self) -> None:
        """Say that a job was accepted. It is found in its table: a nudge that gets lost costs a second, no job."""
        with self._lock:
            if self._closing.is_set():
                return
            if self._worker is None:
                self._start()
                self._run(self._keep_alive)
            elif self._worker.stdin is not None:
                # A worker that has just died is told of the job when it looks into the table again. One that reads no
                # nudges, and has so many that no more fit, has enough of them.
                with contextlib.suppress(OSError, ValueError):
                    self._worker.stdin.write(b"\n")

    def watch(self, unfinished: Callable[[], bool]) -> None:
        """Start the worker as soon as there are *unfinished* jobs, which another server has left behind."""
        self._run(lambda: self._look_for(unfinished))

    def close(self) -> None:
        """End the worker at once. What it was doing is taken up by the next worker of the folder."""
        with self._lock:
            self._closing.set()
            worker, threads = self._worker, list(self._threads)
            if worker is not None and worker.stdin is not None:
                worker.stdin.close()
        given_up = time.monotonic() + GRACE
        for thread in threads:
            thread.join(max(0.0, given_up - time.monotonic()))
        if worker is not None:
            worker.kill()
        for thread in threads:
            thread.join()

    def _run(self, function: Callable[[], None]) -> None:
        thread = threading.Thread(target=function, name="failwell-jobs", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the terminal is for the server, which then ends the worker.
        self._worker = worker = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        assert worker.stdin is not None
        # A pipe that is full must not stop the handler that says one thing more.
        os.set_blocking(worker.stdin.fileno(), False)
        return worker

    def _keep_alive(self) -> None:
        pause, worker = FIRST_PAUSE, self._worker
        while worker is not None:
            begun = time.monotonic()
            assert worker.stdout is not None
            with worker.stdout:
                said = worker.stdout.read().decode(errors="replace")
            if said == READY:
                self._works()
            code = worker.wait()
            if worker.stdin is not None:
                worker.stdin.close()
            if self._closing.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - begun > STEADY else pause
            if said == READY:
                message = "The worker of %s ended with %s. Unfinished jobs go on when it starts again, in %g s."
                _log.error(message, self._folder, _named(code), pause)
            else:
                self._cannot_start(said or f"it ended with {_named(code)}.")
            if self._closing.wait(pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE)
            with self._lock:
                if self._closing.is_set():
                    return
                worker = self._start()

    def _works(self) -> None:
        if self._problem is not None:
            message = "The worker of %s works again. Unfinished jobs go on, and new ones are accepted."
            _log.warning(message, self._folder)
        self._problem = None

    def _cannot_start(self, said: str) -> None:
        """Note why no worker can start. It is tried again for ever, and logged once."""
        problem = said.strip().splitlines()[-1]
        if problem != self._problem:
            message = (
                "The worker of %s cannot start: %s\nUnfinished jobs wait and new ones are refused until it can; it is "
                "tried again every %g s."
            )
            _log.error(message, self._folder, said.strip(), LONGEST_PAUSE)
        self._problem = problem

    def _look_for(self, unfinished: Callable[[], bool]) -> None:
        while self._worker is None:
            # A store that is locked or down answers the next time.
            with contextlib.suppress(StoreDownError, DataFolderError, sqlite3.Error):
                if unfinished():
                    self.nudge()
            if self._closing.wait(WATCH_EVERY):
                return


def _named(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
