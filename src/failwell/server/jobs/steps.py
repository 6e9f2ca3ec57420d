"""Durable steps of jobs in `jobs.sqlite`: after a crash their results are read, nothing is done again."""

from __future__ import annotations

import contextlib
import pickle
import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from failwell._support.exception_fields import ExceptionFields
from failwell.server.storage.data_folder import DataFolderError
from failwell.server.storage.sqlite import ForeignFileError, is_a, look_at
from failwell.server.storage.store_file import StoreFile, store_schema
from failwell.server.storage.transient_errors import patient

P = ParamSpec("P")
T = TypeVar("T")

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


class ChangedWorkflowError(ExceptionFields, Exception):
    """A workflow takes another step than it took before: it was changed while the *job* went on."""

    job: str
    number: int
    name: str
    before: str
    template = "Step {number} of job {job} is {name}, and was {before} before. Keep the old order."


class Steps:
    """What is remembered in *folder*.

    Raises:
        StoreDownError: here and in every method, if SQLite fails.
    """

    def __init__(self, folder: Path) -> None:
        self._file = StoreFile(folder / FILE, _SCHEMA)

    def of(self, job: str) -> Memory:
        """The steps of *job*, from the first one on."""
        return Memory(self, job)

    def outcome(self, job: str, number: int) -> tuple[str, bytes] | None:
        """The name and the outcome of a step, or None if it is not done."""
        with self._file.reading() as db:
            row = db.execute("SELECT name, outcome FROM steps WHERE job = ? AND number = ?", (job, number)).fetchone()
        return row and (str(row[0]), bytes(row[1]))

    def keep(self, job: str, number: int, name: str, outcome: bytes) -> None:
        """Remember a step. The first outcome stays."""
        with self._file.writing() as db:
            db.execute("INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?)", (job, number, name, outcome))

    def crashed(self, jobs: Collection[str]) -> None:
        """Note that the worker died by itself while it was at these *jobs*, each in the step after its last."""
        with self._file.writing() as db:
            db.executemany(
                "INSERT INTO crashes SELECT ?, count(*), 1 FROM steps WHERE job = ?"
                " ON CONFLICT (job) DO UPDATE SET step = excluded.step,"
                " times = CASE WHEN step = excluded.step THEN times + 1 ELSE 1 END",
                [(job, job) for job in jobs],
            )

    def crashes(self) -> dict[str, int]:
        """How often the worker died in the step that a job is at, for each job whose step that happened in."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT job, times FROM crashes WHERE step = (SELECT count(*) FROM steps WHERE steps.job = crashes.job)"
            ).fetchall()
        return {str(job): int(times) for job, times in rows}

    def forget_all_but(self, jobs: Collection[str]) -> None:
        """Forget the jobs that have ended: all others than these *jobs*."""
        with self._file.reading() as db:
            known = {str(row[0]) for row in db.execute("SELECT job FROM steps UNION SELECT job FROM crashes")}
        ended = [(job,) for job in known.difference(jobs)]
        if ended:
            with self._file.writing() as db:
                db.executemany("DELETE FROM steps WHERE job = ?", ended)
                db.executemany("DELETE FROM crashes WHERE job = ?", ended)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Memory:
    """A `Step`: calls a function, and remembers how it went; or reads how it had gone."""

    def __init__(self, steps: Steps, job: str) -> None:
        self._steps = steps
        self._job = job
        self._next = 0

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What *function* returns or raises, or did before."""
        number, self._next = self._next, self._next + 1
        name = getattr(function, "__name__", "step")
        what = f"Job {self._job}"
        known = patient(what, self._steps.outcome, self._job, number)
        if known is None:
            return self._first(number, name, what, lambda: function(*args, **kwargs))
        if known[0] != name:
            raise ChangedWorkflowError(self._job, number, name, known[0])
        well, result = pickle.loads(known[1])  # noqa: S301 - what `_first` has written into our own folder
        if well:
            return cast("T", result)
        raise result

    def _first(self, number: int, name: str, what: str, function: Callable[[], T]) -> T:
        try:
            result = patient(what, function)
        except Exception as problem:
            # Remembered too: a workflow that knows what to do about it must not see another outcome the next time.
            with contextlib.suppress(*_UNPICKLABLE):
                patient(what, self._steps.keep, self._job, number, name, pickle.dumps((False, problem)))
            raise
        patient(what, self._steps.keep, self._job, number, name, pickle.dumps((True, result)))
        return result


_UNPICKLABLE = (pickle.PicklingError, AttributeError, TypeError)
"""What `pickle` raises about an exception that it cannot write."""


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
