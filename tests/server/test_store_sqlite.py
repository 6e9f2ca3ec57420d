"""What SQLite's store of idempotency records does with its file; test_stores.py has what each store does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from failwell.server import Claim, Claimed, Record, SqliteStore, StoreDownError
from failwell.server.idempotency.sqlite_store import PURGED_AT_ONCE

from .stores import TimedSqlite

RECORD = Record("a", "POST", "/orders", "k-1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TimedSqlite]:
    """A store on a new file."""
    store = TimedSqlite(tmp_path / "answers.db")
    yield store
    store.close()


def claim(
    store: TimedSqlite, owner: str, *, now: float = 0.0, record: Record = RECORD, fingerprint: bytes = b"1"
) -> Claim:
    """Claim *record* with a lease of 60 s, to be kept for 100 s."""
    return store.at(now).claim(record, fingerprint, owner, lease=60, kept=100)


def test_expired_records_are_purged(store: TimedSqlite, tmp_path: Path) -> None:
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


def test_expired_record_that_is_not_purged_yet_counts_for_nothing(store: TimedSqlite) -> None:
    """
    S6. A record whose time has come is as if it had never been, for any body, also before it is removed.
    """
    for number in range(PURGED_AT_ONCE + 1):
        claim(store, "one", now=number / 1000, record=RECORD._replace(key=f"k-{number}"))
    last = RECORD._replace(key=f"k-{PURGED_AT_ONCE}")

    assert Claimed() == claim(store, "two", now=1000, record=last, fingerprint=b"2")


def test_file_that_cannot_be_used_is_a_store_that_is_down(tmp_path: Path) -> None:
    """
    S12. Whatever SQLite says about its file is a `StoreDownError` which names the file.
    """
    (tmp_path / "text.db").write_text("This is not a database, but it is long enough to be one." * 20)
    for name, problem in (("missing/answers.db", "unable to open database file"), ("text.db", "not a database")):
        with pytest.raises(StoreDownError, match=f"{name}.*{problem}"):
            SqliteStore(tmp_path / name)
