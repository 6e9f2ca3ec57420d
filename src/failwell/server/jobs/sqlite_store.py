"""The jobs of one data folder: their steps in `jobs.sqlite`, and one worker at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from failwell.server.jobs.running import Running
from failwell.server.jobs.store import JobStore, Survey
from failwell.server.storage.data_folder import DataFolderError
from failwell.server.storage.sqlite import ForeignFileError, is_a, look_at
from failwell.server.storage.store_file import StoreFile, store_schema

FILE = "jobs.sqlite"

OLDEST_SQLITE = (3, 37)
"""The oldest SQLite that this was tried with."""

_SCHEMA = store_schema("""
CREATE TABLE IF NOT EXISTS steps (
  job TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, outcome BLOB NOT NULL, PRIMARY KEY (job, number)
);
-- How often the worker died by itself while a job was at the step of that number.
CREATE TABLE IF NOT EXISTS crashes (job TEXT PRIMARY KEY, step INTEGER NOT NULL, times INTEGER NOT NULL);
""")


class SqliteJobStore(JobStore):
    """What is remembered in *folder*, for the one worker that works there: `worker.alone` keeps others out.

    So there are no leases: the system tells the next worker that the one before it has died.

    Raises:
        StoreDownError: here and in every method, if SQLite fails.
        OSError: it cannot be noted which jobs are worked on.
    """

    lease: float | None = None

    def __init__(self, folder: Path) -> None:
        self._file = StoreFile(folder / FILE, _SCHEMA)
        self._running = Running(folder)
        if left := self._running.left_behind():
            self._note_crash(left)
            self._running.clear()

    def survey(self) -> Survey:
        """How often the worker died in which job."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT job, times FROM crashes WHERE step = (SELECT count(*) FROM steps WHERE steps.job = crashes.job)"
            ).fetchall()
        return Survey(0.0, (), {str(job): int(times) for job, times in rows})

    def claim(self, job: str) -> bool:
        """Note *job* before it is worked on."""
        self._running.begin(job)
        return True

    def renew(self) -> None:
        """Nothing ends."""

    def outcome(self, job: str, number: int) -> tuple[str, bytes] | None:
        with self._file.reading() as db:
            row = db.execute("SELECT name, outcome FROM steps WHERE job = ? AND number = ?", (job, number)).fetchone()
        return row and (str(row[0]), bytes(row[1]))

    def keep(self, job: str, number: int, name: str, outcome: bytes) -> None:
        with self._file.writing() as db:
            db.execute("INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?)", (job, number, name, outcome))

    def release(self, job: str) -> None:
        """Note that *job* is not worked on any more."""
        self._running.end(job)

    def forget_ended(self, unfinished: Collection[str], survey: Survey) -> None:
        """Forget all jobs but these: nobody else begins one."""
        del survey
        with self._file.reading() as db:
            known = {str(row[0]) for row in db.execute("SELECT job FROM steps UNION SELECT job FROM crashes")}
        ended = [(job,) for job in known.difference(unfinished)]
        if ended:
            with self._file.writing() as db:
                db.executemany("DELETE FROM steps WHERE job = ?", ended)
                db.executemany("DELETE FROM crashes WHERE job = ?", ended)

    def leave(self) -> None:
        """Note that no job is worked on. It takes no room on a disk that is full."""
        self._running.leave()

    def close(self) -> None:
        self._file.close()

    def _note_crash(self, jobs: Collection[str]) -> None:
        """Note that the last worker died by itself while it was at these *jobs*, each in the step after its last."""
        with self._file.writing() as db:
            db.executemany(
                "INSERT INTO crashes SELECT ?, count(*), 1 FROM steps WHERE job = ?"
                " ON CONFLICT (job) DO UPDATE SET step = excluded.step,"
                " times = CASE WHEN step = excluded.step THEN times + 1 ELSE 1 END",
                [(job, job) for job in jobs],
            )


def refuse_broken(folder: Path) -> None:
    """Look whether jobs can be remembered in *folder*, before anything is written there.

    Raises:
        DataFolderError: they cannot.
    """
    path = folder / FILE
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        problem = f"needs SQLite {needed} or newer for jobs, this Python has {sqlite3.sqlite_version}"
        raise DataFolderError(str(path), problem, "Use a Python that is linked to a newer SQLite.")
    remedy = "Move it away: jobs that have not ended then begin again. Or name another folder."
    try:
        look_at(path, _refuse, busy=1.0)
    except ForeignFileError as problem:
        raise DataFolderError(str(path), problem.problem, f"{problem.remedy}, or name another folder.") from problem
    except sqlite3.OperationalError as problem:
        # Somebody else is at work on it: then it is no broken one.
        if not is_a(problem, sqlite3.SQLITE_BUSY):
            raise DataFolderError(str(path), f"cannot be opened ({problem})", remedy) from problem
    except sqlite3.DatabaseError as problem:
        raise DataFolderError(str(path), f"is broken ({problem})", remedy) from problem


def _refuse(db: sqlite3.Connection) -> None:
    """Raise DatabaseError for what is broken, or not ours."""
    _SCHEMA.check(db)
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)
