"""What Postgres' store of idempotency records does when its server fails, forgets or is set up in another way."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from failwell.contract.extras import MissingExtraError
from failwell.server import (
    Claimed,
    InProgress,
    NotOurTableError,
    PostgresStore,
    Record,
    StoreDownError,
    StoredResponse,
)
from tests.postgres import Server, running_postgres

from .shop import OpenDesk

RECORD = Record("a", "POST", "/orders", "k-1")
ANSWER = StoredResponse(201, (), b"{}", "r-1")
PASSWORD = "p4ssw0rd"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A Postgres that tests of this module may stop and stall; it loses nothing that was committed."""
    with running_postgres(fsync="on", synchronous_commit="on") as server:
        yield server


@pytest.fixture
def url(server: Server) -> str:
    """The URL of *server*, in which no store is."""
    with psycopg.connect(server.url) as db:
        db.execute("DROP TABLE IF EXISTS failwell_idempotency")
    return server.url


def claim(store: PostgresStore, owner: str) -> object:
    """Whether *owner* has the record now, or what is in its way."""
    return store.claim(RECORD, b"1", owner, lease=60, kept=100)


def test_down_at_the_start() -> None:
    """
    S12. A Postgres that cannot be reached is told of where the store is opened, with its address.
    """
    with pytest.raises(
        StoreDownError,
        match=r"^The store in Postgres at 127\.0\.0\.1:1/shop failed: .*refused\. Look whether it runs there",
    ):
        PostgresStore(f"postgresql://app:{PASSWORD}@127.0.0.1:1/shop")


@pytest.mark.parametrize("url", ["", "127.0.0.1:5432", "http://127.0.0.1", f"postgresql://app:{PASSWORD}@h:x y/"])
def test_no_address(url: str) -> None:
    """
    What is no address of a Postgres is told, with the form that there is, and without what was given.
    """
    with pytest.raises(ValueError, match="postgresql://") as caught:
        PostgresStore(url)

    assert PASSWORD not in "".join(map(str, (caught.value, caught.value.__cause__)))


@pytest.mark.parametrize("prefix", ["", "Shop", 'shop"; drop table x; --', "s" * 42])
def test_no_prefix(prefix: str) -> None:
    """
    What begins no name of a table is told, before anything is asked.
    """
    with pytest.raises(ValueError, match="prefix="):
        PostgresStore("postgresql://127.0.0.1:1/shop", prefix=prefix)


def test_password(url: str) -> None:
    """
    A wrong password is a store that is down; no error shows it.
    """
    with pytest.raises(StoreDownError, match="password") as caught:
        PostgresStore(url.replace("@", f"{PASSWORD}@"))

    assert PASSWORD not in "".join(map(str, (caught.value, caught.value.__cause__)))


def test_many_start_at_once(postgres_url: str) -> None:
    """
    Of several that open a store in an empty database at the same time, none fails.
    """
    problems: list[StoreDownError] = []

    def start() -> None:
        try:
            PostgresStore(postgres_url, busy=20).close()
        except StoreDownError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == problems


def test_somebody_elses_table(url: str) -> None:
    """
    A table of another schema is left as it is, and told of with its columns; another prefix opens a store beside it.
    """
    with psycopg.connect(url) as db:
        db.execute("CREATE TABLE failwell_idempotency (id text, words text)")
        db.execute("INSERT INTO failwell_idempotency VALUES ('1', 'one')")
    with pytest.raises(NotOurTableError, match=r"its columns are id, words.*another prefix"):
        PostgresStore(url)
    with closing(PostgresStore(url, prefix="shop")) as store:
        claimed = claim(store, "one")
    with psycopg.connect(url) as db:
        left = db.execute("SELECT * FROM failwell_idempotency").fetchall()

    assert (Claimed(), [("1", "one")]) == (claimed, left)


def test_may_not_create_tables(url: str) -> None:
    """
    A user who may not create tables uses the one that its owner made.
    """
    PostgresStore(url).close()
    with psycopg.connect(url) as db:
        db.execute(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'".encode())
        db.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON failwell_idempotency TO app")
    own = f"postgresql://app:{PASSWORD}@" + url.partition("@")[2]
    with closing(PostgresStore(own)) as store:
        claimed = claim(store, "one")
    with pytest.raises(StoreDownError, match="permission denied"):
        PostgresStore(own, prefix="shop_of_app")

    assert Claimed() == claimed


def test_stalled(server: Server, url: str) -> None:
    """
    S12. A Postgres that does not answer is waited for as long as was said; afterwards it is as if nothing had been.
    """
    with closing(PostgresStore(url, busy=0.2)) as store:
        claim(store, "zero")
        server.stall()
        try:
            begun = time.monotonic()
            for words in ("did not answer in time", "timeout"):  # on a connection that was open, and on a new one
                with pytest.raises(StoreDownError, match=words):
                    store.complete(RECORD, "zero", ANSWER, kept=100)
            waited = time.monotonic() - begun
        finally:
            server.go_on()
        kept, found = store.complete(RECORD, "zero", ANSWER, kept=100), claim(store, "one")

    assert (True, ANSWER) == (kept, found)
    assert waited < 10  # it takes 2.2 s where nobody else works


def test_table_that_is_locked(url: str) -> None:
    """
    S12. Who waits for a lock gives up in time, here and in Postgres, so that connections do not pile up there.
    """
    with closing(PostgresStore(url, busy=0.2)) as store, psycopg.connect(url) as db:
        db.execute("LOCK TABLE failwell_idempotency")
        for _ in range(3):
            with pytest.raises(StoreDownError, match=r"in time|statement timeout"):
                claim(store, "one")
        waiting = db.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
        db.rollback()
        claimed = claim(store, "one")

    assert (Claimed(), True) == (claimed, waiting in ((0,), (1,)))  # the last one may just be giving up


def test_started_anew(server: Server, url: str) -> None:
    """
    A Postgres that was started anew keeps what it had, and no request notices that its connections died.
    """
    with closing(PostgresStore(url)) as store:
        claim(store, "one")
        kept = store.complete(RECORD, "one", ANSWER, kept=100)
        server.stop()
        with pytest.raises(StoreDownError, match="refused"):
            claim(store, "two")
        server.start()
        found = [claim(store, "two")]
        server.stop()
        server.start()
        found.append(claim(store, "two"))

    assert (True, [ANSWER, ANSWER]) == (kept, found)


def test_table_that_is_lost(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    S5. A table that is dropped while a request runs is made anew, and told of: its owner can keep no answer any more.
    """
    with closing(PostgresStore(url)) as store:
        claim(store, "one")
        with psycopg.connect(url) as db:
            db.execute("DROP TABLE failwell_idempotency")
        after = [store.complete(RECORD, "one", ANSWER, kept=100), claim(store, "two")]

    assert [False, Claimed()] == after
    assert ["is gone" in record.getMessage() for record in caplog.records] == [True]


def test_disk_that_is_full(url: str) -> None:
    """
    S12. A Postgres whose disk is full is a store that is down; what it kept is there, and it goes on when it has room.
    """
    with closing(PostgresStore(url)) as store, psycopg.connect(url, autocommit=True) as db:
        claim(store, "one")
        store.complete(RECORD, "one", ANSWER, kept=100)
        db.execute(
            "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        db.execute("CREATE TRIGGER no_room BEFORE INSERT ON failwell_idempotency FOR EACH ROW EXECUTE FUNCTION fill()")
        with pytest.raises(StoreDownError, match=r"No space left on device\. Look whether it .* has room"):
            store.claim(RECORD._replace(key="k-2"), b"1", "two", lease=60, kept=100)
        found = [claim(store, "two")]
        db.execute("DROP FUNCTION fill CASCADE")
        found.append(store.claim(RECORD._replace(key="k-2"), b"1", "two", lease=60, kept=100))

    assert [ANSWER, Claimed()] == found


def test_clock_that_was_set_back(url: str) -> None:
    """
    S5. A lease of a time that has not come yet ends within its length.
    """
    with closing(PostgresStore(url)) as store, psycopg.connect(url, autocommit=True) as db:
        claim(store, "dead")
        db.execute("UPDATE failwell_idempotency SET leased_until = leased_until + interval '1 hour'")
        found = claim(store, "two")
        left = db.execute("SELECT leased_until <= clock_timestamp() + interval '60 s' FROM failwell_idempotency")

        assert (InProgress(60), (True,)) == (found, left.fetchone())


def test_expired_records_do_not_pile_up(url: str) -> None:
    """
    S6. What has been kept long enough is removed while others are claimed.
    """
    with closing(PostgresStore(url)) as store, psycopg.connect(url, autocommit=True) as db:
        for number in range(20):
            store.claim(RECORD._replace(key=f"old-{number}"), b"1", "one", lease=60, kept=100)
        db.execute("UPDATE failwell_idempotency SET kept_until = clock_timestamp()")
        for number in range(16):
            store.claim(RECORD._replace(key=f"new-{number}"), b"1", "one", lease=60, kept=100)
        left = db.execute("SELECT count(*) FROM failwell_idempotency").fetchone()

    assert (16,) == left


@pytest.mark.parametrize(("options", "told"), [("", []), ("?options=-c%20synchronous_commit%3Doff", ["may lose"])])
def test_a_postgres_that_forgets(options: str, told: list[str], url: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    S6. A Postgres that may lose what it has committed is told of once, with what to set.
    """
    with closing(PostgresStore(url + options)) as store:
        claim(store, "one")

    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == len(said)
    assert all(words in message for words, message in zip(told, said, strict=True))


def test_forked(url: str) -> None:
    """
    A process that was forked after the store was opened has connections of its own.
    """
    program = """
import os, sys
from failwell.server import PostgresStore, Record

store = PostgresStore(sys.argv[1])
def claimed(key):
    return store.claim(Record("a", "POST", "/orders", key), b"1", "one", lease=60, kept=100)
claimed("k-1")
if not (child := os.fork()):
    print(*[claimed(f"c-{number}") for number in range(20)], flush=True)
    os._exit(0)
print(*[claimed(f"p-{number}") for number in range(20)])
os.waitpid(child, 0)
"""
    ran = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=False)

    assert (40, "") == (ran.stdout.count("Claimed()"), ran.stderr)


@pytest.mark.anyio
async def test_requests_while_it_is_down(server: Server, url: str, open_desk: OpenDesk) -> None:
    """
    S12. While Postgres is down a request with a key is refused with 503 and Retry-After, and its work is not done.
    """
    with closing(PostgresStore(url, busy=0.5)) as store:
        desk = open_desk(store=store)
        async with desk.client() as client:
            first = await client.put("/orders", headers={"Idempotency-Key": "k-1"})
            again = await client.put("/orders", headers={"Idempotency-Key": "k-1"})
            server.stop()
            try:
                refused = await client.put("/orders", headers={"Idempotency-Key": "k-2"})
                without = await client.put("/orders")
            finally:
                server.start()
            after = await client.put("/orders", headers={"Idempotency-Key": "k-2"})

    assert (200, "true") == (first.status_code, again.headers.get("idempotent-replayed"))
    assert (503, "2") == (refused.status_code, refused.headers["retry-after"])
    assert (200, 200, 3) == (without.status_code, after.status_code, desk.shop.runs)


def test_without_psycopg() -> None:
    """
    Where psycopg is missing, the extra that brings it is named.
    """
    program = "import sys; sys.modules['psycopg'] = None\nfrom failwell.server import PostgresStore"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert MissingExtraError.__name__ in ran.stderr
    assert 'pip install "failwell[postgres]"' in ran.stderr
