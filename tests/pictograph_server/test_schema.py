from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from pictograph_server import Settings, Store, credit_balance
from pictograph_server.exports import get_export, list_exports
from pictograph_server.schema import APPLICATION_ID, STEPS

from .api import MovableClock
from .job_data import batch, circle, drive_batch

EXPORT, DATASET = "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11", "1b7f2c64-65c6-4a6f-8f65-1e7b3a7a4d22"
KEY = bytes(range(32))
CLASSES = '[{"name": "circle", "color": "#b22222"}]'
ROWS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("facts", ("signing_key", KEY)),
    ("credits", ("acme", 7)),
    ("datasets", (1, DATASET, "acme", "ds", "ds", None, "[]", CLASSES, 0)),
    ("images", (1, "i", "acme", DATASET, "/train", "x.png", "f", 1, "image/png", 96, 72, "[]", 0, 0, 0)),
    ("exports", (1, EXPORT, "acme", DATASET, "exp", "null", 2, 0, 0, 0)),
    ("export_images", (EXPORT, 0, "x.png", "f", "[]")),
    ("export_images", (EXPORT, 1, "y.png", "gone", "[]")),
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A data folder as the first version of the schema left it, with an image and an export."""
    folder = tmp_path / "old"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "f").write_bytes(circle())
    with contextlib.closing(sqlite3.connect(folder / "pictograph.db")) as db:
        db.executescript(STEPS[0])
        for table, row in ROWS:
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - our own words
        db.commit()
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
    return folder


def test_from_the_first_version(old: Path, clock: MovableClock) -> None:
    """
    A folder of the first version is opened with all that it has, and jobs can be started on it.
    """
    with contextlib.closing(Store(old)) as store:
        assert (KEY, 7) == (store.signing_key, credit_balance(store, "acme"))
        assert ["exp"] == [
            entry.name for entry in list_exports(store, "acme", dataset=None, status=None, limit=9, offset=0)[0]
        ]
        assert EXPORT == get_export(store, "acme", "ds", "exp").id

        job = drive_batch(store, clock, batch(store, clock, ["train/x.png"]), Settings())

    assert ("completed", 1) == (job.status, job.total_annotations_added)


def test_folders_of_exported_images(old: Path) -> None:
    """
    The images of an export of the first version know their folders; one whose image is gone lies in "/".
    """
    with contextlib.closing(Store(old)) as store, store.reading() as db:
        rows = db.execute("SELECT filename, directory_path FROM export_images ORDER BY position").fetchall()

    assert [("x.png", "/train"), ("y.png", "/")] == [tuple(row) for row in rows]


def test_same_tables(old: Path, store: Store) -> None:
    """
    A folder of the first version has the same tables afterwards as a new one.
    """
    with contextlib.closing(Store(old)) as upgraded:
        assert _tables(store) == _tables(upgraded)


def test_opened_again(old: Path) -> None:
    """
    Opening the folder again changes nothing.
    """
    for _ in range(2):
        with contextlib.closing(Store(old)) as store, store.reading() as db:
            assert len(STEPS) == db.execute("PRAGMA user_version").fetchone()[0]


def _tables(store: Store) -> list[tuple[str, ...]]:
    with store.reading() as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    return [tuple(row) for row in rows]
