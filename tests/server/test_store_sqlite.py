"""The SQLite store keeps its word over threads, processes and dead owners."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from failwell.clock import VirtualClock
from failwell.server import Claim, Claimed, Conflict, InProgress, Record, SqliteStore, StoreDownError, StoredResponse
from failwell.server.idempotency.sqlite_store import PURGED_AT_ONCE

RECORD = Record("a", "POST", "/orders", "k-1")
ANSWER = StoredResponse(
    201, (("content-type", "application/json"), ("location", "/orders/1")), bytes(range(256)), "r-1"
)


class Timed(SqliteStore):
    """A store whose clock is set by who asks it."""

    def __init__(self, path: Path) -> None:
        self.clock = VirtualClock(wall=0.0)
        super().__init__(path, clock=self.clock)

    def at(self, now: float) -> Timed:
        """This store at the second *now*."""
        self.clock.advance(now - self.clock.now())
        return self


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Timed]:
    """A store on a new file."""
    store = Timed(tmp_path / "answers.db")
    yield store
    store.close()


def claim(store: Timed, owner: str, *, now: float = 0.0, record: Record = RECORD, fingerprint: bytes = b"1") -> Claim:
    """Claim *record* with a lease of 60 s, to be kept for 100 s."""
    return store.at(now).claim(record, fingerprint, owner, lease=60, kept=100)


def test_one_claims_and_the_others_wait(store: Timed) -> None:
    """
    S4. While a lease runs nobody else can claim the record; the answer ends it.
    """
    claims: list[Claim] = [claim(store, "one"), claim(store, "two", now=59)]
    kept = store.at(59).complete(RECORD, "one", ANSWER, kept=100)

    assert ([Claimed(), InProgress(1)], True, ANSWER) == (claims, kept, claim(store, "two", now=99))


def test_lease_of_a_dead_owner_can_be_claimed(store: Timed) -> None:
    """
    S5. When the owner died, the record is claimable after the lease, and the late owner cannot overwrite it.
    """
    claim(store, "dead")
    claimed = claim(store, "heir", now=60)
    late = [
        store.renew(RECORD, "dead", lease=939),
        store.complete(RECORD, "dead", ANSWER, kept=999),
        store.release(RECORD, "dead"),
    ]

    assert (Claimed(), [False, False, False]) == (claimed, late)
    assert InProgress(1) == claim(store, "third", now=119)


def test_renewed_lease_holds(store: Timed) -> None:
    """
    S4. A lease that is renewed cannot be claimed by anybody else.
    """
    claim(store, "one")
    renewed = store.at(30).renew(RECORD, "one", lease=60)

    assert (True, InProgress(1), Claimed()) == (renewed, claim(store, "two", now=89), claim(store, "two", now=90))


def test_other_fingerprint_is_a_conflict(store: Timed) -> None:
    """
    S3. Another fingerprint is a conflict, while the first runs, after its lease and after its answer.
    """
    claim(store, "one")
    running, dead = (claim(store, "two", now=now, fingerprint=b"2") for now in (1.0, 70.0))
    store.complete(RECORD, "one", ANSWER, kept=100)

    assert [Conflict()] * 3 == [running, dead, claim(store, "two", now=2, fingerprint=b"2")]


@pytest.mark.parametrize(
    "other",
    [RECORD._replace(tenant="b"), RECORD._replace(method="PUT"), RECORD._replace(route="/x"), RECORD._replace(key="k")],
)
def test_each_part_of_a_record_counts(store: Timed, other: Record) -> None:
    """
    S2. Another tenant, method, route or key is another record.
    """
    claim(store, "one")

    assert Claimed() == claim(store, "two", record=other)


def test_released_record_is_forgotten(store: Timed) -> None:
    """
    S7. A released record is as if it had never been, for any body.
    """
    claim(store, "one")
    released = store.release(RECORD, "one")

    assert (True, Claimed()) == (released, claim(store, "two", fingerprint=b"2"))


def test_kept_answer_is_final(store: Timed) -> None:
    """
    S6. Not even its owner can change or release a kept answer; it is forgotten when its time has come.

    An owner that keeps it a second time, since it did not hear of the first, learns that it is kept.
    """
    claim(store, "one")
    store.complete(RECORD, "one", ANSWER, kept=100)
    another = StoredResponse(500, (), b"", "r-2")
    changed = [store.complete(RECORD, "one", another, kept=999), store.complete(RECORD, "two", another, kept=999)]
    changed.append(store.release(RECORD, "one"))

    assert ([True, False, False], ANSWER, Claimed()) == (changed, claim(store, "x", now=99), claim(store, "x", now=100))


def test_expired_records_are_purged(store: Timed, tmp_path: Path) -> None:
    """
    S6. Expired records are removed a few at a time, by the claims that follow: the file does not grow for ever.
    """
    for number in range(PURGED_AT_ONCE * 2):
        claim(store, "one", record=RECORD._replace(key=f"k-{number}"))
    counts: list[int] = []
    with closing(sqlite3.connect(tmp_path / "answers.db")) as db, db:
        for number in range(3):
            claim(store, "one", now=1000, record=RECORD._replace(key=f"late-{number}"))
            counts.append(db.execute("SELECT count(*) FROM idempotency").fetchone()[0])
    db.close()

    assert [PURGED_AT_ONCE + 1, 2, 3] == counts


def test_expired_record_that_is_not_purged_yet_counts_for_nothing(store: Timed) -> None:
    """
    S6. A record whose time has come is as if it had never been, for any body, also before it is removed.
    """
    for number in range(PURGED_AT_ONCE + 1):
        claim(store, "one", now=number / 1000, record=RECORD._replace(key=f"k-{number}"))
    last = RECORD._replace(key=f"k-{PURGED_AT_ONCE}")

    assert Claimed() == claim(store, "two", now=1000, record=last, fingerprint=b"2")


def test_threads_claim_once(store: Timed) -> None:
    """
    S4. Of 32 threads that claim one record, one becomes its owner.
    """
    with ThreadPoolExecutor(32) as threads:
        claims = list(threads.map(lambda number: claim(store, f"owner-{number}"), range(32)))

    assert (1, 31) == (claims.count(Claimed()), claims.count(InProgress(60)))


def test_processes_claim_once(tmp_path: Path) -> None:
    """
    S4. Of several processes that claim the same 50 records at the same time, each record gets one owner.
    """
    program = textwrap.dedent(
        """
        import sys
        from failwell.server import Claimed, Record, SqliteStore

        store = SqliteStore(sys.argv[1], busy=30)
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(50):
            record = Record("a", "POST", "/orders", f"k-{number}")
            claim = store.claim(record, b"1", sys.argv[2], lease=60.0, kept=100.0)
            print(number if isinstance(claim, Claimed) else "-", flush=True)
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "answers.db")]
    workers = [
        subprocess.Popen([*command, f"owner-{n}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert "ready\n" == worker.stdout.readline()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    won = [line for worker in workers for line in worker.communicate(timeout=60)[0].split() if line != "-"]

    assert [str(number) for number in range(50)] == sorted(won, key=int)


def test_killed_owner_leaves_a_claimable_record(tmp_path: Path) -> None:
    """
    S5. A process that is killed between claim and completion leaves a record that is claimable after its lease.
    """
    program = textwrap.dedent(
        """
        import os, signal, sys
        from failwell.clock import VirtualClock
        from failwell.server import Record, SqliteStore

        store = SqliteStore(sys.argv[1], clock=VirtualClock(wall=0.0))
        store.claim(Record("a", "POST", "/orders", "k-1"), b"1", "dead", lease=60.0, kept=100.0)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "answers.db")], check=False)
    store = Timed(tmp_path / "answers.db")
    claims = [claim(store, "heir", now=59), claim(store, "heir", now=60)]
    store.close()

    assert (-9, [InProgress(1), Claimed()]) == (killed.returncode, claims)


def test_file_that_cannot_be_used_is_a_store_that_is_down(tmp_path: Path) -> None:
    """
    S12. Whatever SQLite says about its file is a `StoreDownError` which names the file.
    """
    (tmp_path / "text.db").write_text("This is not a database, but it is long enough to be one." * 20)
    for name, problem in (("missing/answers.db", "unable to open database file"), ("text.db", "not a database")):
        with pytest.raises(StoreDownError, match=f"{name}.*{problem}"):
            SqliteStore(tmp_path / name)
