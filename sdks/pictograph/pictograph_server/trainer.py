"""The threads that train: a few, started when first needed, stopped between two epochs."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import weakref

from pictograph_server.owners import Owner, is_gone
from pictograph_server.runs import fail_run
from pictograph_server.store import Store
from pictograph_server.times import Clock
from pictograph_server.training import TrainingError, train

_log = logging.getLogger(__name__)
_STOP_SECONDS = 10.0


class Trainer:
    """Trains submitted runs on at most *workers* threads, until it is closed."""

    def __init__(self, store: Store, clock: Clock, *, workers: int) -> None:
        self._shared = _Shared(store, clock)
        self._workers = workers
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        # Closes when the program ends too, before the interpreter takes things apart under running threads.
        self._close = weakref.finalize(self, _close, self._shared, self._threads)

    @property
    def owner(self) -> str:
        """What runs of this trainer are marked with."""
        return self._shared.owner.id

    def submit(self, run_id: str) -> None:
        """Train the queued run *run_id* as soon as a thread is free."""
        with self._lock:
            if self._shared.stop.is_set():
                _fail(self._shared, run_id, "The server is stopping. The credits were returned; start the run again.")
                return
            self._shared.waiting.put(run_id)
            if len(self._threads) < self._workers:
                name = f"pictograph-trainer-{len(self._threads)}"
                thread = threading.Thread(target=_work, args=(self._shared,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Stop training. What is not completed fails with that reason, and its credits are returned."""
        with self._lock:
            self._close()


class _Shared:
    """What threads hold on to: not the trainer itself, which could then never be collected."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.owner = Owner(store.folder.owners)
        self.stop = threading.Event()
        self.waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()


def fail_orphans(store: Store, clock: Clock) -> list[str]:
    """Fail the runs whose server died before they ended; return their ids."""
    with store.reading() as db:
        unfinished = db.execute("SELECT id, owner FROM runs WHERE status IN ('queued', 'running')").fetchall()
    gone = {owner for owner in {row["owner"] for row in unfinished} if is_gone(store.folder.owners, owner)}
    orphans = [str(row["id"]) for row in unfinished if row["owner"] in gone]
    for run_id in orphans:
        reason = "The server ended before the run did. The credits were returned; start the run again."
        fail_run(store, clock, run_id, reason)
    return orphans


def _work(shared: _Shared) -> None:
    while (run_id := shared.waiting.get()) is not None:
        try:
            train(shared.store, shared.clock, run_id, stopped=shared.stop.is_set)
        except TrainingError as problem:
            _fail(shared, run_id, str(problem))
        except Exception:  # noqa: BLE001 - logged, and told by the run's own status
            # Whatever it was must not leave a run that is "running" for ever, nor end the thread.
            _log.exception("Run %s failed unexpectedly", run_id)
            _fail(shared, run_id, "The server failed inside. The credits were returned; its log knows more.")


def _fail(shared: _Shared, run_id: str, reason: str) -> None:
    try:
        fail_run(shared.store, shared.clock, run_id, reason)
    except sqlite3.Error:
        # The next start of a server finds the run without an owner, and fails it then.
        _log.exception("Run %s could not be marked as failed", run_id)


def _close(shared: _Shared, threads: list[threading.Thread]) -> None:
    shared.stop.set()
    for _ in threads:
        shared.waiting.put(None)
    for thread in threads:
        # The garbage collector may call this from one of them.
        if thread is not threading.current_thread():
            thread.join(_STOP_SECONDS)
    shared.owner.release()
