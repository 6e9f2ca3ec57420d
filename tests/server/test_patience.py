"""What is waited for, and what is not."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable

import pytest

from failwell.server import NotOurFileError, StoreDownError
from failwell.server.storage.transient_errors import passes, patient


def sqlite(code: int) -> sqlite3.OperationalError:
    """What the sqlite3 module raises for *code*."""
    problem = sqlite3.OperationalError("it failed")
    problem.sqlite_errorcode = code
    return problem


def caused(problem: Exception, cause: Exception) -> Exception:
    """*problem*, raised from *cause*."""
    problem.__cause__ = cause
    return problem


PROBLEMS: list[tuple[Exception, bool]] = [
    (sqlite(sqlite3.SQLITE_BUSY), True),
    (sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), True),
    (sqlite(sqlite3.SQLITE_LOCKED), True),
    (sqlite(sqlite3.SQLITE_FULL), True),
    (sqlite(sqlite3.SQLITE_IOERR_WRITE), True),
    (sqlite(sqlite3.SQLITE_CORRUPT), False),
    (sqlite(sqlite3.SQLITE_ERROR), False),
    (sqlite(sqlite3.SQLITE_CONSTRAINT), False),
    (sqlite3.OperationalError("of no code"), False),
    (OSError(errno.ENOSPC, "No space left on device"), True),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
    (OSError(errno.EMFILE, "Too many open files"), True),
    (FileNotFoundError(errno.ENOENT, "No such file"), False),
    (PermissionError(errno.EACCES, "Permission denied"), False),
    (caused(StoreDownError("down"), sqlite(sqlite3.SQLITE_FULL)), True),
    (caused(RuntimeError("?"), caused(ValueError("?"), OSError(errno.EIO, "Input/output error"))), True),
    (caused(NotOurFileError("x", "is not a database"), sqlite(sqlite3.SQLITE_NOTADB)), False),
    (ValueError("a bug"), False),
]


@pytest.mark.parametrize(("problem", "waited"), PROBLEMS)
def test_passes(problem: Exception, waited: bool) -> None:
    """
    Locks, full disks, disks that fail and used up file handles are waited for, whatever they were wrapped in.
    """
    assert waited is passes(problem)


def failing(*problems: Exception) -> Callable[[str], str]:
    """A function that raises *problems*, one a call, and then returns what it is given."""
    left = list(problems)

    def function(given: str) -> str:
        if left:
            raise left.pop(0)
        return given

    return function


def test_waits_and_goes_on(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """
    What fails with a lock is tried again, at longer and longer intervals, and told of once.
    """
    waited: list[float] = []
    monkeypatch.setattr("failwell.server.storage.transient_errors.time.sleep", waited.append)

    result = patient("Job 1", failing(*[sqlite(sqlite3.SQLITE_FULL)] * 8), "done")

    told = [record.getMessage().partition(", after")[0] for record in caplog.records]
    assert "done" == result
    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0] == waited
    assert ["Job 1 waits, and goes on by itself: it failed", "Job 1 goes on"] == told


def test_other_problems_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What does not pass is raised, also after a while of waiting.
    """
    monkeypatch.setattr("failwell.server.storage.transient_errors.time.sleep", lambda _: None)

    with pytest.raises(ValueError, match="a bug"):
        patient("Job 1", failing(sqlite(sqlite3.SQLITE_BUSY), ValueError("a bug")), "done")
