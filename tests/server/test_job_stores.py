"""One suite for each store of jobs: which worker is at which, what is remembered, and that each ends once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from failwell.clock import VirtualClock
from failwell.server.jobs.postgres_queue import PostgresJobQueue
from failwell.server.jobs.postgres_store import PostgresJobStore
from failwell.server.jobs.sqlite_queue import SqliteJobQueue
from failwell.server.jobs.sqlite_store import SqliteJobStore
from failwell.server.jobs.steps import Memory, step_key
from failwell.server.jobs.store import JobQueue, JobStore, LostJobError, QueuedJob
from failwell.server.jobs.submissions import Submission
from failwell.server.refusal import Refusal

DAY = 24 * 3600.0


class Shared:
    """Where workers meet: each `open` is another one; `die` lets all of them that have not left be dead."""

    queue: JobQueue

    def __init__(self) -> None:
        self.opened: list[JobStore] = []

    def open(self) -> JobStore:
        self.opened.append(self._opened())
        return self.opened[-1]

    def close(self) -> None:
        for store in self.opened:
            store.close()
        self.queue.close()

    def _opened(self) -> JobStore:
        raise NotImplementedError

    def die(self) -> None:
        """Let what was not given back be left behind."""

    def wait(self, seconds: float) -> None:
        """Let time pass in the queue."""
        raise NotImplementedError


class OnSqlite(Shared):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._clock = VirtualClock()
        self.queue = SqliteJobQueue(folder / "queue.sqlite", clock=self._clock)

    def _opened(self) -> JobStore:
        return SqliteJobStore(self._folder)

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)


class OnPostgres(Shared):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.queue = PostgresJobQueue(url, busy=30)

    def _opened(self) -> JobStore:
        return PostgresJobStore(self.url, busy=30)

    def execute(self, statement: str) -> list[Any]:
        """Another connection."""
        with psycopg.connect(self.url, autocommit=True) as db:
            cursor = db.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def die(self) -> None:
        self.execute("UPDATE failwell_jobs SET leased_until = clock_timestamp() - interval '1 ms'")

    def wait(self, seconds: float) -> None:
        for table, column in (("submissions", "submitted_at"), ("queued_jobs", "ended_at")):
            self.execute(f"UPDATE failwell_{table} SET {column} = {column} - interval '{seconds} s'")  # noqa: S608


@pytest.fixture(params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shared]:
    """An empty store of each kind."""
    found: Shared = (
        OnSqlite(tmp_path) if request.param == "sqlite" else OnPostgres(request.getfixturevalue("postgres_url"))
    )
    yield found
    found.close()


@pytest.fixture
def postgres_jobs(postgres_url: str) -> Iterator[OnPostgres]:
    """An empty store in Postgres."""
    found = OnPostgres(postgres_url)
    yield found
    found.close()


def test_steps_are_read_by_the_next_worker(shared: Shared) -> None:
    """
    S15. What a worker has kept is read by the next one; the first outcome of a step stays.
    """
    first = shared.open()
    assert (True, None) == (first.claim("j"), first.outcome("j", 0))
    first.keep("j", 0, "one", b"\x00 1")
    first.keep("j", 0, "one", b"2")
    first.leave()

    second = shared.open()
    second.survey()

    assert (True, ("one", b"\x00 1"), None) == (second.claim("j"), second.outcome("j", 0), second.outcome("j", 1))


def test_crashes(shared: Shared) -> None:
    """
    A job is as suspect as workers died often in the step that it is at; orderly ends are nobody's fault.
    """
    told = []
    for death in (True, True, False, True):
        store = shared.open()
        told.append(dict(store.survey().crashes))
        for job in ("a", "b"):
            assert store.claim(job)
        if len(told) == 2:
            store.keep("b", 0, "one", b"1")
        if death:
            shared.die()
        else:
            store.leave()
    told.append(dict(shared.open().survey().crashes))

    assert [{}, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 1}, {"a": 3, "b": 2}] == told


def test_forgotten_when_ended(shared: Shared) -> None:
    """
    What is remembered of jobs that have ended is forgotten, and of no others.
    """
    store = shared.open()
    for job in ("a", "b"):
        assert store.claim(job)
        store.keep(job, 0, "one", b"1")
        store.release(job)

    store.forget_ended({"b"}, store.survey())

    assert (True, True) == (store.claim("a"), store.claim("b"))
    assert (None, ("one", b"1")) == (store.outcome("a", 0), store.outcome("b", 0))


def test_own_jobs_are_not_taken(shared: Shared) -> None:
    """
    A worker may claim again what is its own: it did not hear of the first time.
    """
    store = shared.open()

    assert (True, True) == (store.claim("a"), store.claim("a"))
    assert [] == list(store.survey().taken)


def test_step_key(shared: Shared) -> None:
    """
    S15. A step knows its key: the same when it is done again, another for each job and step; outside there is none.
    """
    keys: list[str | None] = []

    def act() -> None:
        keys.append(step_key())

    for job in ("a", "b", "a"):
        store = shared.open()
        store.survey()
        assert store.claim(job)
        step = Memory(store, job)
        step(act)
        step(act)
        store.leave()

    assert ["a:0", "a:1", "b:0", "b:1"] == keys
    assert None is step_key()


KEY = Submission("k", "scope-of-k", "body-1")


def test_submitted_once(shared: Shared) -> None:
    """
    S15. A duplicate submission returns the same job, for 24 h; another tenant's, key's or none is another job.
    """
    queue = shared.queue
    first = queue.submit("resize", {"width": 5}, tenant="acme", key=KEY)
    others = [
        queue.submit("resize", {"width": 5}, tenant="globex", key=KEY),
        queue.submit("resize", {"width": 5}, tenant="acme", key=Submission("l", "scope-of-l", "body-1")),
        *(queue.submit("resize", {"width": 5}, tenant="acme") for _ in range(2)),
    ]

    assert first == queue.submit("resize", {"width": 5}, tenant="acme", key=KEY)
    with pytest.raises(Refusal) as refused:
        queue.submit("resize", {"width": 6}, tenant="acme", key=Submission("k", "scope-of-k", "body-2"))
    assert (409, 5) == (refused.value.status, len({first, *others}))
    assert [("resize", job) for job in (first, *others)] == queue.unfinished()
    shared.wait(DAY)
    assert first != queue.submit("resize", {"width": 6}, tenant="acme", key=Submission("k", "scope-of-k", "body-2"))


def test_submitted_at_the_same_time(shared: Shared) -> None:
    """
    S15. Of submissions with one key at the same time one makes the job, and all return it.
    """
    queue, begin = shared.queue, threading.Barrier(8)

    def submit() -> str:
        begin.wait(30)
        return queue.submit("resize", None, tenant="acme", key=KEY)

    with ThreadPoolExecutor(8) as threads:
        jobs = [future.result() for future in [threads.submit(submit) for _ in range(8)]]

    assert ({jobs[0]}, [("resize", jobs[0])]) == (set(jobs), queue.unfinished())


def test_ends_once(shared: Shared) -> None:
    """
    S15. A job ends once: whoever comes later changes nothing, and hears of it. Then it is kept for a day.
    """
    queue = shared.queue
    job = queue.submit("resize", [1], tenant="acme")
    assert QueuedJob(job, "resize", [1], "accepted") == queue.find(job, tenant="acme")

    with ThreadPoolExecutor(4) as threads:
        ended = list(threads.map(lambda number: queue.finish(job, {"by": number}), range(4)))
    queue.give_up("resize", job, "too late")

    found = queue.find(job, tenant="acme")
    assert found is not None
    assert (1, "done", {"by": ended.index(True)}, [1]) == (sum(ended), found.state, found.result, queue.payload(job))
    assert (None, []) == (queue.find(job, tenant="globex"), queue.unfinished())
    shared.wait(DAY)
    queue.submit("resize", [2])
    assert None is queue.find(job, tenant="acme")


def test_one_claims(postgres_jobs: OnPostgres) -> None:
    """
    S15. Of the workers of eight hosts that claim a job at the same time one gets it, and the others see that.
    """
    stores, begin = [postgres_jobs.open() for _ in range(8)], threading.Barrier(8)

    def claim(store: JobStore) -> bool:
        begin.wait(30)
        return store.claim("j")

    with ThreadPoolExecutor(8) as threads:
        claimed = list(threads.map(claim, stores))

    assert 1 == sum(claimed)
    assert sorted([[], *[["j"]] * 7]) == sorted(list(store.survey().taken) for store in stores)


LATE: list[tuple[str, Callable[[JobStore], object]]] = [
    ("outcome", lambda store: store.outcome("j", 0)),
    ("keep", lambda store: store.keep("j", 1, "two", b"late")),
    ("step", lambda store: Memory(store, "j")(pytest.fail, "it was done")),
]


@pytest.mark.parametrize(("what", "act"), LATE)
def test_late_owner(postgres_jobs: OnPostgres, what: str, act: Callable[[JobStore], object]) -> None:
    """
    S15. A worker that stood still for longer than its lease does and keeps nothing more of a job that was taken over.
    """
    first, second = postgres_jobs.open(), postgres_jobs.open()
    assert first.claim("j")
    first.keep("j", 0, "one", b"1")
    assert not second.claim("j")
    postgres_jobs.die()
    assert not second.claim("j"), "before the death was noted"
    assert {"j": 1} == second.survey().crashes
    assert second.claim("j")

    with pytest.raises(LostJobError, match="Job j was taken over by another worker"):
        act(first)
    first.renew()
    first.release("j")

    assert (("one", b"1"), None, False) == (second.outcome("j", 0), second.outcome("j", 1), first.claim("j"))


def test_renewed(postgres_jobs: OnPostgres) -> None:
    """
    A worker that renews its leases keeps its jobs; with a clock that was set back its death is seen all the same.
    """
    first, second = postgres_jobs.open(), postgres_jobs.open()
    assert first.claim("j")
    postgres_jobs.die()
    first.renew()
    assert {"j"} == set(second.survey().taken)

    postgres_jobs.execute("UPDATE failwell_jobs SET leased_until = clock_timestamp() + interval '1 day'")
    second.survey()

    [(left,)] = postgres_jobs.execute("SELECT leased_until - clock_timestamp() <= lease FROM failwell_jobs")
    assert left


def test_begun_after_the_survey(postgres_jobs: OnPostgres) -> None:
    """
    A job that another host accepts and begins while this one looks is not taken for one that has ended.
    """
    first, second = postgres_jobs.open(), postgres_jobs.open()
    survey = first.survey()
    assert second.claim("new")
    second.keep("new", 0, "one", b"1")
    second.leave()

    first.forget_ended(set(), survey)
    assert first.claim("new")

    assert ("one", b"1") == first.outcome("new", 0)


@pytest.mark.parametrize("prefix", ["", "1st", "a-b", "x" * 42, 'a"; DROP'])
def test_prefix_is_a_name(prefix: str) -> None:
    """
    A prefix that begins no name of a table is refused before anybody is asked.
    """
    for cls in (PostgresJobStore, PostgresJobQueue):
        with pytest.raises(ValueError, match="begins no name of a table"):
            cls("postgresql://127.0.0.1:1/x", prefix=prefix)


def test_left(postgres_jobs: OnPostgres) -> None:
    """
    Who has left claims nothing more; a lease that would be over at once is refused.
    """
    store = postgres_jobs.open()
    store.leave()

    assert not store.claim("j")
    with pytest.raises(ValueError, match="lease=0 would be over"):
        PostgresJobStore(postgres_jobs.url, lease=0)
