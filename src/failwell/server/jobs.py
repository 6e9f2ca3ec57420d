"""Long jobs in a process of their own, which may die at any moment: accepted jobs are taken up by the next one."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from failwell.contract.extras import require

_log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
"""Seconds until a worker that died is started again, the first time and at most."""

STEADY = 10.0
"""Seconds after which a worker that died counts as one that had worked."""


class Jobs:
    """The worker process of *folder*, started with the first job and kept alive until `close`.

    *work* names the function that returns its `Work`, as "module:function"; it is called with the folder and
    *settings*, which are JSON. Of several servers with the same folder one has the worker that works; when it dies,
    with its server or without, the next one takes over what is unfinished.

    Raises:
        MissingExtraError: what the worker remembers its steps with is not installed.
    """

    def __init__(self, work: str, folder: Path, settings: Mapping[str, object] | None = None) -> None:
        require("jobs", "Jobs")
        self._folder = folder
        self._command = [sys.executable, "-m", "failwell.server.worker", work, str(folder), json.dumps(settings or {})]
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watch: threading.Thread | None = None
        self._worker: subprocess.Popen[bytes] | None = None

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id; None before the first job."""
        return self._worker.pid if self._worker is not None else None

    def nudge(self) -> None:
        """Say that a job was accepted. It is found in its table: a nudge that gets lost costs a second, no job."""
        with self._lock:
            if self._closing.is_set():
                return
            if self._watch is None:
                self._start()
                self._watch = threading.Thread(target=self._keep_alive, name="failwell-jobs", daemon=True)
                self._watch.start()
            elif self._worker is not None and self._worker.stdin is not None:
                # A worker that has just died is told of the job when it looks into the table again.
                with contextlib.suppress(OSError):
                    self._worker.stdin.write(b"\n")

    def close(self) -> None:
        """End the worker at once. What it was doing is taken up by the next worker of the folder."""
        with self._lock:
            self._closing.set()
            if self._worker is not None:
                self._worker.kill()
        if self._watch is not None:
            self._watch.join()

    def _start(self) -> None:
        # A session of its own: Ctrl-C in the terminal is for the server, which then ends the worker.
        self._worker = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self._command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True
        )

    def _keep_alive(self) -> None:
        pause = FIRST_PAUSE
        while self._worker is not None:
            begun = time.monotonic()
            with self._worker as worker:
                code = worker.wait()
            if self._closing.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - begun > STEADY else pause
            message = "The worker of %s ended with %s. Unfinished jobs go on when it starts again, in %g s."
            _log.error(message, self._folder, _named(code), pause)
            if self._closing.wait(pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE)
            with self._lock:
                if self._closing.is_set():
                    return
                self._start()


def _named(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
