"""Which jobs a worker is at, in a file that outlives it: they are suspect if it dies by itself, and only they."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

FILE = "worker.running"


class Running:
    """The jobs that are worked on in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._part = folder / f"{FILE}.part"
        self._jobs: list[str] = []
        self._lock = threading.Lock()

    def left_behind(self) -> list[str]:
        """The jobs of a worker that died by itself; none after an orderly end."""
        try:
            return [str(job) for job in json.loads(self._path.read_bytes())]
        except (FileNotFoundError, ValueError, TypeError):
            return []

    def clear(self) -> None:
        """Forget the jobs that were left behind."""
        self._path.unlink(missing_ok=True)

    def begin(self, job: str) -> None:
        """Note a job before it is worked on. Raises: OSError."""
        with self._lock:
            self._write([*self._jobs, job])

    def end(self, job: str) -> None:
        """Note that a job is not worked on any more. Raises: OSError."""
        with self._lock:
            self._write([other for other in self._jobs if other != job])

    def leave(self) -> None:
        """Forget all jobs, and note none any more: none of them is to blame for what comes."""
        # The lock is never given back, so nothing is written after this. It takes no room on a disk that is full.
        self._lock.acquire()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, jobs: list[str]) -> None:
        if jobs:
            self._part.write_text(json.dumps(jobs))
            self._part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)
        self._jobs = jobs
