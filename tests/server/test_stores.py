"""Every store of idempotency records keeps its word: over threads, processes and dead owners."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import redis

from failwell.server import Claim, Claimed, Conflict, InProgress, Record, StoredResponse

from .stores import TimedMemory, TimedStore, running_redis, timed_store

RECORD = Record("a", "POST", "/orders", "k-1")
ANSWER = StoredResponse(
    201, (("content-type", "application/json"), ("location", "/orders/1")), bytes(range(256)), "r-1"
)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the tests of this module."""
    with running_redis(tmp_path_factory.mktemp("redis"), "--appendonly", "no") as url:
        yield url


def emptied(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store of that *kind* is: its file, or its URL."""
    if kind == "sqlite":
        return str(tmp_path / "answers.db")
    if kind == "postgres":
        postgres_url: str = request.getfixturevalue("postgres_url")
        return postgres_url
    url: str = request.getfixturevalue("redis_url")
    with closing(redis.Redis.from_url(url)) as db:
        db.flushdb()
    return url


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is that several processes share."""
    return emptied(request.param, request, tmp_path)


@pytest.fixture
def shared_store(address: str) -> Iterator[TimedStore]:
    """The store at that address."""
    store = timed_store(address)
    yield store
    store.close()


@pytest.fixture(params=["memory", "sqlite", "redis", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TimedStore]:
    """A store in which nothing is kept."""
    kind: str = request.param
    store = TimedMemory() if kind == "memory" else timed_store(emptied(kind, request, tmp_path))
    yield store
    store.close()


def claim(
    store: TimedStore, owner: str, *, now: float = 0.0, record: Record = RECORD, fingerprint: bytes = b"1"
) -> Claim:
    """Claim *record* with a lease of 60 s, to be kept for 100 s. What is left of a lease is told in whole seconds."""
    found = store.at(now).claim(record, fingerprint, owner, lease=60, kept=100)
    if isinstance(found, InProgress) and found.leased_for is not None:
        return InProgress(round(found.leased_for))  # the clocks of some stores do not stand still
    return found


def test_one_claims_and_the_others_wait(store: TimedStore) -> None:
    """
    S4. While a lease runs nobody else can claim the record; the answer ends it.
    """
    claims: list[Claim] = [claim(store, "one"), claim(store, "two", now=59)]
    kept = store.at(59).complete(RECORD, "one", ANSWER, kept=100)

    assert ([Claimed(), InProgress(1)], True, ANSWER) == (claims, kept, claim(store, "two", now=99))


def test_lease_of_a_dead_owner_can_be_claimed(store: TimedStore) -> None:
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


def test_renewed_lease_holds(store: TimedStore) -> None:
    """
    S4. A lease that is renewed cannot be claimed by anybody else.
    """
    claim(store, "one")
    renewed = store.at(30).renew(RECORD, "one", lease=60)

    assert (True, InProgress(1), Claimed()) == (renewed, claim(store, "two", now=89), claim(store, "two", now=90))


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        # Each tells of his side effects or not, and begins or not; then he dies, unless he releases, or is another's.
        ([], "none"),
        (["tells"], "none"),
        (["tells begins"], "done"),
        (["silent"], "unknown"),
        (["silent begins"], "done"),
        (["tells", "tells"], "none"),
        (["tells", "silent"], "unknown"),
        (["tells", "tells begins", "tells"], "done"),
        (["tells begins", "silent"], "done"),
        (["silent", "tells"], "unknown"),
        (["silent", "tells begins"], "done"),
        (["tells releases"], "none"),
        (["tells expires", "tells"], "none"),
        (["tells begins expires"], "none"),
    ],
)
def test_what_is_known_of_side_effects(store: TimedStore, owners: list[str], expected: str) -> None:
    """
    R16, S5. Who takes over from owners that died knows whether they had begun, if all of them told before they did.
    """
    now = 0.0
    for number, what in enumerate(owners):
        name = f"owner-{number}"
        claimed = store.at(now).claim(RECORD, b"1", name, lease=60, kept=100, tells="tells" in what)
        assert Claimed() == claimed
        if "begins" in what:
            assert store.renew(RECORD, name, lease=60, begun=True)
        if "releases" in what:
            assert store.release(RECORD, name)
        now += 101 if "expires" in what else 61
    heir = store.at(now).claim(RECORD, b"1", "heir", lease=60, kept=100, tells=True)

    assert isinstance(heir, Claimed)
    assert expected == heir.before


def test_nothing_begins_under_the_key_of_another(store: TimedStore) -> None:
    """
    S5. An owner that lost its record hears so before it begins, and what it would have done is not held against it.
    """
    store.at(0).claim(RECORD, b"1", "late", lease=60, kept=1000, tells=True)
    store.at(61).claim(RECORD, b"1", "heir", lease=60, kept=1000, tells=True)
    begun = store.renew(RECORD, "late", lease=60, begun=True)
    after = store.at(122).claim(RECORD, b"1", "third", lease=60, kept=1000, tells=True)

    assert isinstance(after, Claimed)
    assert (False, "none") == (begun, after.before)


def test_other_fingerprint_is_a_conflict(store: TimedStore) -> None:
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
def test_each_part_of_a_record_counts(store: TimedStore, other: Record) -> None:
    """
    S2. Another tenant, method, route or key is another record.
    """
    claim(store, "one")

    assert Claimed() == claim(store, "two", record=other)


def test_released_record_is_forgotten(store: TimedStore) -> None:
    """
    S7. A released record is as if it had never been, for any body.
    """
    claim(store, "one")
    released = store.release(RECORD, "one")

    assert (True, Claimed()) == (released, claim(store, "two", fingerprint=b"2"))


def test_kept_answer_is_final(store: TimedStore) -> None:
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


def test_threads_claim_once(store: TimedStore) -> None:
    """
    S4. Of 32 threads that claim one record, one becomes its owner.
    """
    with ThreadPoolExecutor(32) as threads:
        claims = list(threads.map(lambda number: claim(store, f"owner-{number}"), range(32)))

    # How long they have to wait depends on how fast this machine is.
    assert (1, 31) == (claims.count(Claimed()), sum(isinstance(found, InProgress) for found in claims))


def test_processes_claim_once(address: str) -> None:
    """
    S4. Of several processes that claim the same 50 records at the same time, each record gets one owner.
    """
    program = textwrap.dedent(
        """
        import sys
        from failwell.server import Claimed, PostgresStore, Record, RedisStore, SqliteStore

        store = {"redis": RedisStore, "postgresql": PostgresStore}.get(sys.argv[1].partition(":")[0], SqliteStore)(
            sys.argv[1], busy=30
        )
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(50):
            record = Record("a", "POST", "/orders", f"k-{number}")
            claim = store.claim(record, b"1", sys.argv[2], lease=60.0, kept=100.0)
            print(number if isinstance(claim, Claimed) else "-", flush=True)
        """
    )
    command = [sys.executable, "-c", program, address]
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


def test_killed_owner_leaves_a_claimable_record(address: str, shared_store: TimedStore) -> None:
    """
    S5. A process that is killed between claim and completion leaves a record that is claimable after its lease.
    """
    program = textwrap.dedent(
        """
        import os, signal, sys
        from failwell.clock import VirtualClock
        from failwell.server import PostgresStore, Record, RedisStore, SqliteStore

        where = sys.argv[1]
        of_a_server = {"redis": RedisStore, "postgresql": PostgresStore}.get(where.partition(":")[0])
        store = of_a_server(where) if of_a_server else SqliteStore(where, clock=VirtualClock(wall=0.0))
        store.claim(Record("a", "POST", "/orders", "k-1"), b"1", "dead", lease=60.0, kept=100.0)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run([sys.executable, "-c", program, address], check=False)
    claims = [claim(shared_store, "heir", now=59), claim(shared_store, "heir", now=60)]

    assert (-9, [InProgress(1), Claimed()]) == (killed.returncode, claims)
