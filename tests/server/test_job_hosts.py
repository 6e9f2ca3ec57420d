"""Jobs of several hosts on one Postgres, which die at any moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from failwell.server.jobs.postgres_queue import PostgresJobQueue
from failwell.server.jobs.postgres_store import LEASE, PostgresJobStore
from failwell.server.jobs.steps import Memory
from failwell.server.jobs.worker import LOOK_EVERY
from tests.dice import seed
from tests.hosts import until
from tests.postgres import running_postgres

from .job_rounds import TABLES, Host, rounds

pytestmark = pytest.mark.slow


def test_another_host_takes_over(tmp_path: Path, postgres_url: str) -> None:
    """
    S15. When a host is killed with -9 in the middle of a job, another goes on with it when the lease is over.
    """
    with (
        closing(PostgresJobQueue(postgres_url, busy=30)) as queue,
        psycopg.connect(postgres_url, autocommit=True) as db,
    ):
        db.execute(TABLES.encode())
        hosts = [Host(tmp_path / name, postgres_url, {"lease": 0.5, "seconds": 0.3}) for name in ("one", "two")]
        try:
            hosts[0].start()
            job = queue.submit("work", None)

            def steps() -> int:
                [(count,)] = db.execute("SELECT count(*) FROM failwell_job_steps").fetchall()
                return int(count)

            until(lambda: steps() >= 2)
            hosts[0].kill()
            died = time.monotonic()
            hosts[1].start()
            until(lambda: not queue.unfinished())
            took = time.monotonic() - died
        finally:
            for host in hosts:
                host.kill()
        found = queue.find(job)
        effects = db.execute("SELECT key FROM effects ORDER BY key").fetchall()
        tried = db.execute("SELECT key, count(*) FROM tries GROUP BY key ORDER BY key").fetchall()

    assert found is not None
    assert ("done", {"steps": 4}) == (found.state, found.result)
    assert [(f"{job}:{number}",) for number in range(4)] == effects
    # What was remembered is not done again; the step in which it died may be.
    assert [1, 1] == [count for _, count in tried][:2]
    assert 30 > took


def test_postgres_is_down(caplog: pytest.LogCaptureFixture) -> None:
    """
    S15. While Postgres is down a step waits, and goes on when it is up again: its result is kept, and it was done once.
    """
    done: list[str] = []
    keeping = {"fsync": "on", "synchronous_commit": "on"}
    with running_postgres(**keeping) as server, closing(PostgresJobStore(server.url, busy=30)) as store:
        assert store.claim("j")

        def act() -> str:
            done.append("j")
            server.stop()
            return "done"

        with ThreadPoolExecutor(1) as threads:
            result = threads.submit(Memory(store, "j"), act)
            until(lambda: "Job j waits" in caplog.text)
            server.start()
            returned = result.result(60)
        kept = store.outcome("j", 0)

    assert ("done", ["j"], "act") == (returned, done, kept and kept[0])
    assert "Job j goes on" in caplog.text


def test_takeover_is_within_30_seconds() -> None:
    """
    S15. A lease, and a look after it, take less than 30 s together, unless told otherwise.
    """
    assert 30 > LEASE + 2 * LOOK_EVERY


def test_rounds(postgres: str) -> None:
    """
    S15. Hosts killed with -9 at random moments lose nothing: each job ends once, with the effect of each step once.
    """
    first = seed("rounds of kill -9")
    told = rounds(postgres, [first, first + 1], jobs=4, kills=2)

    assert (8, 32, True) == (told["jobs"], told["steps"], told["tries"] >= 32)
