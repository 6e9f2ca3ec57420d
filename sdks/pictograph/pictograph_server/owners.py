"""Which server process works on which runs, and whether it is still there."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from pathlib import Path


class Owner:
    """A running server, known by a lock that the system drops when its process dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        self.id = uuid.uuid4().hex
        self._path = folder / self.id
        # SQLite knows how to lock a file on every system; nothing is ever written to this one.
        self._lock = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._lock.execute("BEGIN EXCLUSIVE")

    def release(self) -> None:
        """Say that this server is gone."""
        self._lock.close()
        self._path.unlink(missing_ok=True)


def is_gone(folder: Path, owner_id: str) -> bool:
    """Whether the server *owner_id* has ended; what it left behind is removed."""
    path = folder / owner_id
    if not path.exists():
        return True
    with contextlib.closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return False
            raise
    path.unlink(missing_ok=True)
    return True
