"""Rounds of kill -9 for the workers of two hosts on one Postgres: `python -m tests.server.job_rounds --rounds 50`.

Each round prints its seed, and is thrown again by `--seed N`. It holds that nothing that was accepted is lost, that
each job ends once, and that what each step did is there once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg

from failwell.server.jobs.postgres_queue import PostgresJobQueue
from failwell.server.jobs.postgres_store import PostgresJobStore
from failwell.server.jobs.steps import step_key
from failwell.server.jobs.submissions import Submission
from failwell.server.jobs.workflow import JobKind, Step, Workload

ADDRESS = "JOBS_OF_A_TEST"
STEPS = 4
PATIENCE = 120.0

TABLES = """
CREATE TABLE effects (key text PRIMARY KEY, job text NOT NULL);
CREATE TABLE tries (key text NOT NULL);
CREATE TABLE ends (job text NOT NULL);
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IS DISTINCT FROM NEW.state THEN INSERT INTO ends VALUES (NEW.id); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER note_end AFTER UPDATE ON failwell_queued_jobs FOR EACH ROW EXECUTE FUNCTION note_end();
"""

BROKEN = (
    "SELECT count(*) FROM failwell_queued_jobs WHERE state <> 'done'",
    "SELECT count(*) FROM (SELECT FROM ends GROUP BY job HAVING count(*) <> 1) AS twice",
    "SELECT count(*) FROM failwell_queued_jobs WHERE id NOT IN (SELECT job FROM ends)",
    "SELECT count(*) FROM (SELECT FROM effects GROUP BY job HAVING count(*) <> 4) AS other",
)
"""What must be none: jobs that failed, ended twice, did not end, or whose effects are not those of their 4 steps."""


def open_work(_: Path, settings: dict[str, Any]) -> Workload:
    """The work of one host: jobs of a few steps, each of which writes a row under its key."""
    url = os.environ[ADDRESS]
    queue = PostgresJobQueue(url, busy=30)

    def act(job: str) -> None:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("INSERT INTO tries VALUES (%s)", [step_key()])
            time.sleep(settings["seconds"])
            db.execute("INSERT INTO effects VALUES (%s, %s) ON CONFLICT DO NOTHING", [step_key(), job])

    def work(step: Step, job: str) -> None:
        for _ in range(STEPS):
            step(act, job)
        step(queue.finish, job, {"steps": STEPS})

    store = PostgresJobStore(url, lease=settings["lease"], busy=30)
    return Workload({"work": JobKind(work, at_once=2, most_crashes=1000)}, queue.unfinished, queue.give_up, store)


class Host:
    """The worker of a host, which is killed and started again."""

    def __init__(self, folder: Path, url: str, settings: dict[str, Any]) -> None:
        folder.mkdir(exist_ok=True)
        module = "failwell.server.jobs.worker"
        self._command = [
            sys.executable,
            "-m",
            module,
            "tests.server.job_rounds:open_work",
            str(folder),
            json.dumps(settings),
        ]
        self._environment = os.environ | {ADDRESS: url, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start its worker, and wait until it works."""
        self._worker = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment
        )
        assert self._worker.stdout is not None
        assert b"ready" == self._worker.stdout.read()

    def nudge(self) -> None:
        """Say that there are jobs."""
        if self._worker is not None:
            assert self._worker.stdin is not None
            self._worker.stdin.write(b"\n")
            self._worker.stdin.flush()

    def kill(self) -> None:
        """Kill it with -9, as when its machine loses power."""
        if self._worker is not None:
            self._worker.send_signal(signal.SIGKILL)
            with self._worker:
                self._worker.wait()
            self._worker = None


def rounds(server: str, seeds: list[int], *, jobs: int = 8, kills: int = 4, seconds: float = 0.15) -> dict[str, int]:
    """What came of a round for each of *seeds*, on a new database of *server*; it raises if one did not hold."""
    from tests.postgres import new_database

    with new_database(server) as url, tempfile.TemporaryDirectory() as folder:
        settings = {"lease": 0.6, "seconds": seconds}
        hosts = [Host(Path(folder) / name, url, settings) for name in ("one", "two")]
        with closing(PostgresJobQueue(url, busy=30)) as queue, psycopg.connect(url, autocommit=True) as db:
            db.execute(TABLES.encode())
            try:
                for host in hosts:
                    host.start()
                for seed in seeds:
                    one_round(random.Random(seed), queue, hosts, jobs, kills)
                    found = [db.execute(query.encode()).fetchone() for query in BROKEN]
                    assert [(0,)] * 4 == found, (
                        f"seed {seed}: failed, ended twice, not ended, without all effects: {found}"
                    )
            finally:
                for host in hosts:
                    host.kill()
            (counted,) = db.execute(
                "SELECT json_build_object('jobs', (SELECT count(*) FROM ends), 'steps', (SELECT count(*) FROM effects),"
                " 'tries', (SELECT count(*) FROM tries), 'rounds', 0)"
            ).fetchone() or ({},)
    return {**counted, "rounds": len(seeds), "kills": len(seeds) * kills}


def one_round(chance: random.Random, queue: PostgresJobQueue, hosts: list[Host], jobs: int, kills: int) -> None:
    """Submit jobs, each of them twice, kill hosts at random moments, and wait until all have ended."""
    keys = [Submission(f"{chance.random()}", f"{chance.random()}", "body") for _ in range(jobs)]
    accepted = [queue.submit("work", None, key=key) for key in keys]
    for host in hosts:
        host.nudge()
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 0.5))
        host = chance.choice(hosts)
        host.kill()
        host.start()
    assert accepted == [queue.submit("work", None, key=key) for key in keys]
    given_up = time.monotonic() + PATIENCE
    while left := queue.unfinished():
        assert time.monotonic() < given_up, f"{left} have not ended"
        time.sleep(0.02)


def main() -> None:
    """Throw so many rounds, or one again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, help="the one round that is thrown again")
    asked = parser.parse_args()
    from tests.postgres import running_postgres

    first = random.SystemRandom().randrange(10**6)
    seeds = [asked.seed] if asked.seed is not None else list(range(first, first + asked.rounds))
    tell = sys.stdout.write
    with running_postgres() as server, suppress(KeyboardInterrupt):
        for seed in seeds:
            tell(f"seed {seed}: {rounds(server.url, [seed])}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
