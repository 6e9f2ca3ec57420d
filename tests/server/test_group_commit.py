"""Writes that share a transaction: each its own result, and none lost with another's failure."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from failwell.server.storage.group_commit import GroupCommit
from failwell.server.storage.sqlite import Database, Schema

THREADS = 8

SCHEMA = Schema(1, "CREATE TABLE numbers (number INTEGER UNIQUE)", "numbers")


class Numbers:
    """A file of numbers, and the transactions that were committed on it."""

    def __init__(self, path: Path, *, patience: float) -> None:
        self.file = Database(path, SCHEMA, busy=0.05)
        self.commits = GroupCommit(self.transaction, patience=patience)
        self.begun = 0

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        self.begun += 1
        with self.file.writing() as db:
            yield db

    def add(self, number: int) -> int:
        """Add *number*; return how many there are then."""

        def work(db: sqlite3.Connection) -> int:
            db.execute("INSERT INTO numbers VALUES (?)", (number,))
            return int(db.execute("SELECT count(*) FROM numbers").fetchone()[0])

        return self.commits.write(work)

    def all(self) -> list[int]:
        with self.file.reading() as db:
            return [row[0] for row in db.execute("SELECT number FROM numbers ORDER BY number")]

    def together(self, threads: ThreadPoolExecutor, numbers: list[int]) -> list[Future[int]]:
        """Add each of *numbers* in a thread of its own, while somebody else's write is under way."""
        inside, go_on = threading.Event(), threading.Event()

        def hold(_: sqlite3.Connection) -> None:
            inside.set()
            go_on.wait(30)

        holding = threads.submit(self.commits.write, hold)
        inside.wait(30)
        adding = [threads.submit(self.add, number) for number in numbers]
        while len(self.commits._queue) < len(numbers):
            time.sleep(0.001)
        go_on.set()
        holding.result()
        return adding


@contextmanager
def numbers(path: Path, *, patience: float = 30) -> Generator[Numbers]:
    """A new file of numbers."""
    made = Numbers(path / "numbers.db", patience=patience)
    yield made
    made.file.close()


def test_writes_that_wait_share_a_transaction(tmp_path: Path) -> None:
    """
    Writes that wait for one that is under way are done in the next transaction, in order, each with its own result.
    """
    with numbers(tmp_path) as file, ThreadPoolExecutor(THREADS + 1) as threads:
        counts = [adding.result() for adding in file.together(threads, list(range(THREADS)))]

        assert (list(range(1, THREADS + 1)), 2) == (sorted(counts), file.begun)
        assert list(range(THREADS)) == file.all()


def test_write_that_fails_spoils_no_other(tmp_path: Path) -> None:
    """
    One that fails is told so; those that shared its transaction are done all the same, and once.
    """
    with numbers(tmp_path) as file, ThreadPoolExecutor(THREADS + 1) as threads:
        adding = file.together(threads, [1, 2, 2, 3])
        problems = [type(one.exception()) for one in adding if one.exception()]

        assert ([sqlite3.IntegrityError], [1, 2, 3]) == (problems, file.all())


def test_file_that_is_locked_fails_all_at_once(tmp_path: Path) -> None:
    """
    While another process holds the file, all that wait are told after the time of one, not one after the other.
    """
    with numbers(tmp_path) as file, ThreadPoolExecutor(THREADS + 1) as threads:
        with closing(sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)) as other:
            adding = file.together(threads, list(range(THREADS)))
            [one.result() for one in adding]
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            again = [threads.submit(file.add, number) for number in range(10, 10 + THREADS)]
            problems = {str(one.exception()) for one in again}
            seconds = time.monotonic() - began
            other.execute("ROLLBACK")

        assert ({"database is locked"}, True) == (problems, seconds < 30 * THREADS * 0.05)
        assert list(range(THREADS)) == file.all()


def test_write_that_waits_in_vain_is_withdrawn(tmp_path: Path) -> None:
    """
    A write that is not begun within its patience is withdrawn: it is not done later either.
    """
    inside, go_on = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        inside.set()
        go_on.wait(30)

    with numbers(tmp_path, patience=0.05) as file, ThreadPoolExecutor(2) as threads:
        holding = threads.submit(file.commits.write, hold)
        inside.wait(30)
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            file.add(1)
        go_on.set()
        holding.result()
        file.add(2)

        assert [2] == file.all()


def test_several_processes_with_many_threads_lose_no_write(tmp_path: Path) -> None:
    """
    S4. Eight processes with eight threads each, on one file, lose no answer to each other's locks, nor a claim.
    """
    program = textwrap.dedent(
        """
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from failwell.server import Claimed, Record, SqliteStore, StoredResponse, StoreDownError

        store, name = SqliteStore(sys.argv[1], busy=30), sys.argv[2]
        answer = StoredResponse(201, (), name.encode(), "r-1")

        def one(number):
            lost = 0
            for again in range(5):
                record = Record("a", "POST", "/orders", f"{name}-{number}-{again}")
                try:
                    claimed = store.claim(record, b"1", name, lease=60, kept=100) == Claimed()
                    kept = store.complete(record, name, answer, kept=100)
                    lost += not (claimed and kept and store.claim(record, b"1", "x", lease=60, kept=100) == answer)
                except StoreDownError:
                    lost += 1
            return lost

        with ThreadPoolExecutor(8) as threads:
            print("ready", flush=True)
            sys.stdin.readline()
            print(sum(threads.map(one, range(8))))
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "answers.db")]
    workers = [
        subprocess.Popen([*command, f"w{n}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(8)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert "ready\n" == worker.stdout.readline()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()

    assert ["0"] * 8 == [worker.communicate(timeout=120)[0].strip() for worker in workers]
