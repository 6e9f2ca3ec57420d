"""Group commit: writes of several threads that wait for the same file share one transaction."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from failwell.server.storage.sqlite import locked

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], Any]


class GroupCommit:
    """Does what is to be written in *transaction*, in the order in which it came.

    Whoever finds nobody writing writes what all others wait for too. A process with many threads thus asks for the
    file's lock once at a time: SQLite does not queue who wants it, and among many some never get it.

    A write waits *patience* seconds for its turn.
    """

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]], *, patience: float
    ) -> None:
        self._transaction = transaction
        self._patience = patience
        self._changed = threading.Condition()
        self._queue: list[_Write] = []
        self._writing = False

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What *work* returns, when it is committed; it may be called twice, where the first try was rolled back.

        Raises:
            sqlite3.OperationalError: it was not begun in time, and will not be: the database counts as locked.
            Exception: what *work* raised, or the transaction. Nothing of it is kept.
        """
        mine = _Write(work)
        with self._changed:
            self._queue.append(mine)
            self._wait(mine)
            group: list[_Write] = []
            if not mine.over:
                group, self._queue = self._queue, []
                self._writing = True
        if group:
            try:
                self._write(group)
            finally:
                with self._changed:
                    self._writing = False
                    for write in group:
                        write.over = True
                    self._changed.notify_all()
        result: T = mine.outcome()
        return result

    def _wait(self, mine: _Write) -> None:
        """Until *mine* is over, or it is up to us to write."""
        given_up = time.monotonic() + self._patience
        while self._writing and not mine.over:
            left = given_up - time.monotonic()
            if left > 0:
                self._changed.wait(left)
            elif mine in self._queue:
                self._queue.remove(mine)
                raise locked()
            else:
                # It is under way: only its end tells whether it was done.
                self._changed.wait()

    def _write(self, group: list[_Write]) -> None:
        begun = False
        try:
            with self._transaction() as db:
                begun = True
                results = [write.work(db) for write in group]
        except Exception as problem:  # noqa: BLE001 - raised in the thread of each
            if begun and len(group) > 1:
                # One of them spoiled it for all: each by itself.
                for write in group:
                    self._write([write])
            else:
                for write in group:
                    write.problem = problem
        else:
            for write, result in zip(group, results, strict=True):
                write.result, write.problem = result, None


class _Write:
    """One write, and what came of it."""

    __slots__ = ("over", "problem", "result", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.over = False
        self.result: Any = None
        self.problem: Exception | None = locked()

    def outcome(self) -> Any:
        if self.problem is not None:
            raise self.problem.with_traceback(None)
        return self.result
