"""The memory of jobs: which steps are done, and in which the worker died."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from failwell.server import Jobs
from failwell.server.jobs.sqlite_store import SqliteJobStore, refuse_broken
from failwell.server.jobs.steps import ChangedWorkflowError, Memory
from failwell.server.storage.data_folder import DataFolderError


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[SqliteJobStore]:
    """The memory of an empty folder."""
    steps = SqliteJobStore(tmp_path)
    yield steps
    steps.close()


class Counting:
    """Functions for steps, and how often each was called."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def one(self, *values: object) -> object:
        self.called.append("one")
        return values

    def bad(self) -> None:
        self.called.append("bad")
        raise LookupError("not there")

    def odd(self) -> object:
        self.called.append("odd")
        return lambda: None

    def worse(self) -> None:
        self.called.append("worse")

        class LocalError(Exception):
            pass

        raise LocalError("cannot be pickled")


def test_once(steps: SqliteJobStore) -> None:
    """
    A step that is done is read, not done again, by its job; another job does its own.
    """
    work = Counting()

    results = [Memory(steps, job)(work.one, job, 1) for job in ("a", "a", "b")]

    assert [("a", 1), ("a", 1), ("b", 1)] == results
    assert ["one", "one"] == work.called


def test_raised(steps: SqliteJobStore) -> None:
    """
    What a step raised is raised again, and the step after it has its own number.
    """
    work = Counting()
    for _ in range(2):
        step = Memory(steps, "a")
        with pytest.raises(LookupError, match="not there"):
            step(work.bad)
        assert (2,) == step(work.one, 2)

    assert ["bad", "one"] == work.called


@pytest.mark.parametrize("name", ["odd", "worse"])
def test_not_pickled(steps: SqliteJobStore, name: str) -> None:
    """
    What cannot be remembered is not: a result is an error at once, an exception comes as it is.
    """
    work = Counting()
    for _ in range(2):
        with pytest.raises(Exception, match=r"pickle|local object"):
            Memory(steps, "a")(getattr(work, name))

    assert [name, name] == work.called


def test_changed_workflow(steps: SqliteJobStore) -> None:
    """
    A job whose workflow was changed since is stopped before it does the wrong thing.
    """
    work = Counting()
    Memory(steps, "a")(work.one)

    with pytest.raises(ChangedWorkflowError) as caught:
        Memory(steps, "a")(work.bad)

    assert ("a", 0, "bad", "one") == (caught.value.job, caught.value.number, caught.value.name, caught.value.before)
    assert ["one"] == work.called


def test_waits_for_a_lock(steps: SqliteJobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    While somebody else holds the write lock a step waits, and goes on when it is given back; it is done once.
    """
    work = Counting()
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = threading.Event()

        def sleep(_: float) -> None:
            waiting.set()
            other.execute("ROLLBACK")

        monkeypatch.setattr("failwell.server.storage.transient_errors.time.sleep", sleep)
        assert (1,) == Memory(steps, "a")(work.one, 1)

    assert waiting.is_set()
    assert ["one"] == work.called


def garbage(path: Path) -> None:
    """Write what is no database."""
    path.write_bytes(b"garbage " * 1000)


def truncated(path: Path) -> None:
    """Cut off the end of one that was ours."""
    with closing(SqliteJobStore(path.parent)) as steps:
        for number in range(50):
            steps.keep("a", number, "one", b"x" * 1000)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:20_000])


def overwritten(path: Path) -> None:
    """Write over some pages of one that was ours, which is cut off, too."""
    truncated(path)
    content = bytearray(path.read_bytes())
    content[4096:12_288] = b"\x99" * 8192
    path.write_bytes(content)


def foreign(path: Path) -> None:
    """Make a database with other tables."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE workflow_status (id TEXT)")
        db.commit()


def folder(path: Path) -> None:
    """Make a folder."""
    path.mkdir()


BROKEN: list[tuple[Callable[[Path], None], str]] = [
    (garbage, "is broken (file is not a database)"),
    (truncated, "is broken ("),
    (overwritten, "is broken ("),
    (foreign, "is another program's database"),
    (folder, "cannot be opened ("),
]


@pytest.mark.parametrize(("damage", "problem"), BROKEN)
def test_broken_file(tmp_path: Path, damage: Callable[[Path], None], problem: str) -> None:
    """
    A `jobs.sqlite` that cannot be used is refused when the server starts, and left as it is.
    """
    path = tmp_path / "jobs.sqlite"
    damage(path)
    before = path.read_bytes() if path.is_file() else b""

    with pytest.raises(DataFolderError) as refused:
        Jobs("m:f", tmp_path)

    assert (str(path), True) == (refused.value.path, refused.value.problem.startswith(problem))
    assert refused.value.remedy.startswith("Move it away")
    assert before == (path.read_bytes() if path.is_file() else b"")


def test_good_files(tmp_path: Path) -> None:
    """
    None, an empty one, one of ours and one that somebody else writes to just now are no broken files.
    """
    path = tmp_path / "jobs.sqlite"
    refuse_broken(tmp_path)
    assert not path.exists()
    path.touch()
    refuse_broken(tmp_path)
    with closing(SqliteJobStore(tmp_path)) as steps:
        steps.keep("a", 0, "one", b"x")
        refuse_broken(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refuse_broken(tmp_path)


def test_old_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An SQLite that is too old for jobs is refused when the server starts, with the version that is needed.
    """
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 36, 0))
    monkeypatch.setattr("sqlite3.sqlite_version", "3.36.0")

    with pytest.raises(DataFolderError, match=r"needs SQLite 3\.37 or newer for jobs, this Python has 3\.36\.0\."):
        Jobs("m:f", tmp_path)
