"""An app whose own database is locked or full: a 503 that says when to come back."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

import pictograph_server.vendor
import subconscious_server.vendor
from failwell.clock import VirtualClock
from failwell.sandbox.vendor import Served
from failwell.server import Jobs, JobsDownError, StoreDownError, side_effect
from failwell.server.storage import data_store

from .shop import Desk, raising

KEY = {"Idempotency-Key": "k-1"}


def sqlite(code: int, message: str, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    """What SQLite raises with *code*."""
    problem = kind(message)
    problem.sqlite_errorcode = code
    return problem


def caused(outer: Exception, cause: Exception) -> Exception:
    """*outer*, raised from *cause*."""
    outer.__cause__ = cause
    return outer


LOCKED = sqlite(sqlite3.SQLITE_BUSY, "database is locked")

FAILURES = [
    (LOCKED, 503),
    (sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT, "database is locked by a snapshot"), 503),
    (sqlite(sqlite3.SQLITE_LOCKED, "database table is locked"), 503),
    (sqlite(sqlite3.SQLITE_FULL, "database or disk is full"), 503),
    (sqlite(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error"), 503),
    (sqlite(sqlite3.SQLITE_CANTOPEN, "unable to open database file"), 503),
    (OSError(errno.ENOSPC, "No space left on device", "/srv/secret"), 503),
    (StoreDownError("The store '/srv/secret' failed."), 503),
    (caused(RuntimeError("The order was not written to /srv/secret."), LOCKED), 503),
    (caused(RuntimeError("The order was not written."), psycopg.OperationalError("connection refused")), 503),
    (psycopg.errors.UndefinedTable("no such table: orders"), 500),
    (sqlite(sqlite3.SQLITE_ERROR, "no such table: orders"), 500),
    (sqlite(sqlite3.SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed", sqlite3.IntegrityError), 500),
    (sqlite(sqlite3.SQLITE_CORRUPT, "database disk image is malformed", sqlite3.DatabaseError), 500),
    (sqlite3.ProgrammingError("Cannot operate on a closed database."), 500),
    (OSError(errno.ENOENT, "No such file or directory", "/srv/secret"), 500),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("failure", "status"), FAILURES, ids=repr)
async def test_failure_of_an_apps_own_database(
    desk: Desk, caplog: pytest.LogCaptureFixture, failure: Exception, status: int
) -> None:
    """
    S12. A database that is locked or full is a 503 with Retry-After; one that is wrong stays a 500. The log knows why.
    """
    desk.shop.steps.append(raising(failure))
    async with desk.client() as client:
        refused = await client.put("/orders", headers=KEY)
        desk.shop.steps.clear()
        after = await client.put("/orders", headers=KEY)

    told = (refused.status_code, refused.headers.get("retry-after"), after.status_code)
    assert (status, "2" if status == 503 else None, 200) == told
    assert "secret" not in refused.text
    assert [failure] == [record.exc_info[1] for record in caplog.records if record.exc_info]


@pytest.mark.anyio
async def test_locked_after_the_first_side_effect(desk: Desk) -> None:
    """
    S7. The key is free again, also where the database was locked after the first side effect.
    """
    desk.shop.steps += [side_effect, raising(LOCKED)]
    async with desk.client() as client:
        refused = await client.put("/orders", headers=KEY)
        desk.shop.steps.clear()
        after = await client.put("/orders", headers=KEY)

    assert ((503, "2"), 200) == ((refused.status_code, refused.headers["retry-after"]), after.status_code)


@contextmanager
def pictograph(folder: Path) -> Generator[tuple[TestClient, Path]]:
    """A Pictograph server, with the path of its database."""
    with _served(pictograph_server.vendor.serve(folder, VirtualClock()), "X-API-Key", "") as client:
        yield client, folder / "pictograph.db"


@contextmanager
def subconscious(folder: Path) -> Generator[tuple[TestClient, Path]]:
    """A Subconscious server, with the path of its database."""
    with _served(subconscious_server.vendor.serve(folder, VirtualClock()), "Authorization", "Bearer ") as client:
        yield client, folder / "subconscious.db"


@contextmanager
def _served(served: Served, header: str, scheme: str) -> Generator[TestClient]:
    headers = {header: scheme + served.keys["member"]}
    try:
        yield TestClient(served.app, base_url="http://server", headers=headers)
    finally:
        served.close()


RUN = {"engine": "tim", "input": {"instructions": "What is 1 + 1?"}}

SERVERS = [
    (pictograph, "/api/v1/developer/datasets/", {"name": "cats"}),
    (subconscious, "/v1/runs", RUN),
    (subconscious, "/v1/runs/stream", RUN),
]


@pytest.mark.parametrize(("server", "path", "body"), SERVERS)
@pytest.mark.parametrize("headers", [{}, KEY], ids=["no key", "key"])
def test_locked_database_of_a_reference_server(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: Callable[[Path], Any],
    *,
    path: str,
    body: dict[str, Any],
    headers: dict[str, str],
) -> None:
    """
    S12. While somebody else writes into its database, a reference server refuses with 503 and Retry-After.
    """
    monkeypatch.setattr(data_store, "_BUSY_SECONDS", 0.05)
    with server(tmp_path) as (client, database):
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = client.post(
                path, content=json.dumps(body), headers={"Content-Type": "application/json", **headers}
            )
            other.execute("ROLLBACK")

    assert (503, "2") == (refused.status_code, refused.headers.get("retry-after"))


BASE = "/api/v1/developer"
BATCH = {"dataset_name": "ds", "image_filenames": ["x.png"], "classes": [{"name": "circle"}]}


@pytest.mark.parametrize(
    ("server", "path", "body"),
    [
        (pictograph, f"{BASE}/auto-annotate/batch", BATCH),
        (subconscious, "/v1/runs", RUN),
        (subconscious, "/v1/runs/stream", RUN),
    ],
)
def test_no_worker_can_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    server: Callable[[Path], Any],
    *,
    path: str,
    body: dict[str, Any],
) -> None:
    """
    S12. While no worker can start, a job is refused with a 503 that says when to come back; the log knows why.
    """
    down = JobsDownError("/srv/secret", "ModuleNotFoundError: No module named 'secret'")

    def admit(_: Jobs) -> None:
        raise down

    monkeypatch.setattr(Jobs, "admit", admit)
    with server(tmp_path) as (client, _):
        refused = client.post(path, json=body)

    assert (503, "60") == (refused.status_code, refused.headers.get("retry-after"))
    assert "at the moment" in refused.text
    assert "secret" not in refused.text
    assert "No module named 'secret'" in caplog.text
