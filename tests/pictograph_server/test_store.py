from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pictograph_server import DataFolderError, Store, credit_balance, set_credits
from pictograph_server.schema import SCHEMA


def test_kept(tmp_path: Path) -> None:
    """
    What is stored is there again after the server was closed and started anew; so is the key that signs URLs.
    """
    first = Store(tmp_path / "deep" / "data")
    set_credits(first, "acme", 7)
    first.close()

    second = Store(tmp_path / "deep" / "data")

    assert (7, first.signing_key) == (credit_balance(second, "acme"), second.signing_key)
    second.close()


def test_signing_keys_differ(tmp_path: Path) -> None:
    """
    Each data folder has a key of its own.
    """
    stores = [Store(tmp_path / name) for name in "ab"]

    assert 32 == len(stores[0].signing_key)
    assert stores[0].signing_key != stores[1].signing_key
    for store in stores:
        store.close()


def test_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """
    A file where the data folder should be is a DataFolderError that names it, and the file is left as it is.
    """
    path = tmp_path / "data"
    path.write_text("mine")

    with pytest.raises(DataFolderError) as caught:
        Store(path)

    assert f"{path} is a file, not a folder. Move it away, or name another folder." == str(caught.value)
    assert "mine" == path.read_text()


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """
    A folder below a file is a DataFolderError with the system's reason.
    """
    (tmp_path / "file").write_text("mine")

    with pytest.raises(DataFolderError) as caught:
        Store(tmp_path / "file" / "data")

    assert "cannot be written to (Not a directory)" == caught.value.problem
    assert str(tmp_path / "file" / "data") == caught.value.path


@pytest.mark.parametrize("step", ["mkdir", "write_bytes"])
def test_unwritable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """
    A folder that may not be written to is a DataFolderError that tells what to do, whoever runs the test.
    """

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, step, refuse)

    with pytest.raises(DataFolderError, match=r"cannot be written to \(Permission denied\). Name a folder") as caught:
        Store(tmp_path / "data")

    assert isinstance(caught.value.__cause__, PermissionError)


def test_newer_schema(tmp_path: Path) -> None:
    """
    A database of a newer server is a DataFolderError with both versions, and is left as it is.
    """
    Store(tmp_path).close()
    _execute(tmp_path, "PRAGMA user_version = 99")

    with pytest.raises(DataFolderError) as caught:
        Store(tmp_path)

    assert f"has schema 99, this server knows up to {SCHEMA.version}" == caught.value.problem
    assert 99 == _execute(tmp_path, "PRAGMA user_version")


def test_another_programs_database(tmp_path: Path) -> None:
    """
    A SQLite database of another program is a DataFolderError, and no table is added to it.
    """
    _execute(tmp_path, "CREATE TABLE theirs (x)")

    with pytest.raises(DataFolderError, match="another program's database"):
        Store(tmp_path)

    assert 1 == _execute(tmp_path, "SELECT count(*) FROM sqlite_master")


def test_no_database(tmp_path: Path) -> None:
    """
    A file that is no database is a DataFolderError, and is left as it is.
    """
    (tmp_path / "pictograph.db").write_bytes(b"something else entirely" * 100)

    with pytest.raises(DataFolderError, match="is not our database"):
        Store(tmp_path)

    assert (tmp_path / "pictograph.db").read_bytes().startswith(b"something else")


def test_folder_in_place_of_the_database(tmp_path: Path) -> None:
    """
    A folder named like the database is a DataFolderError.
    """
    (tmp_path / "pictograph.db").mkdir()

    with pytest.raises(DataFolderError, match="cannot be opened"):
        Store(tmp_path)


def test_error_pickles() -> None:
    """
    A DataFolderError pickles, and prints the same afterwards.
    """
    error = DataFolderError("/data", "is full", "Make room.")

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert ("/data is full. Make room.", "/data") == (str(again), again.path)


def test_first_start_of_several(tmp_path: Path) -> None:
    """
    Several processes that start on a new folder at once make one database.
    """
    script = "import sys; from pictograph_server import Store; print(Store(sys.argv[1]).signing_key.hex())"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "data")], stdout=subprocess.PIPE, env=environment, text=True
        )
        for _ in range(4)
    ]
    keys = [process.communicate(timeout=60)[0] for process in started]

    assert [0] * 4 == [process.returncode for process in started]
    assert 1 == len(set(keys))


def test_all_or_nothing(store: Store) -> None:
    """
    A writing block that ends with an exception has written nothing.
    """

    def break_off() -> None:
        with store.writing() as db:
            db.execute("INSERT INTO credits VALUES ('acme', 5)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()

    assert 0 == credit_balance(store, "acme")


def test_reading_sees_one_state(store: Store) -> None:
    """
    A reading block sees what was there when it first looked, whatever is written meanwhile.
    """
    with store.reading() as db:
        before = db.execute("SELECT count(*) FROM credits").fetchone()[0]
        set_credits(store, "acme", 5)
        after = db.execute("SELECT count(*) FROM credits").fetchone()[0]

    assert (0, 0, 5) == (before, after, credit_balance(store, "acme"))


def test_writers_wait_for_each_other(store: Store) -> None:
    """
    Writers on many threads wait for each other: nothing is lost.
    """

    def add() -> None:
        for _ in range(25):
            with store.writing() as db:
                left = db.execute("SELECT coalesce(max(balance), 0) FROM credits").fetchone()[0]
                db.execute("INSERT OR REPLACE INTO credits VALUES ('acme', ?)", (left + 1,))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 200 == credit_balance(store, "acme")


def test_foreign_keys(store: Store) -> None:
    """
    The database refuses an image of a dataset that is not there, and a balance below zero.
    """
    for statement in (
        "INSERT INTO exports VALUES (1, 'e', 'acme', 'no such dataset', 'exp', NULL, 0, 0, 0, 0, NULL)",
        "INSERT INTO credits VALUES ('acme', -1)",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            with store.writing() as db:
                db.execute(statement)


def test_trace(tmp_path: Path) -> None:
    """
    *trace* is told every statement, for tests that compare them.
    """
    seen: list[str] = []
    store = Store(tmp_path, trace=seen.append)
    credit_balance(store, "acme")
    store.close()

    assert "SELECT balance FROM credits WHERE tenant = 'acme'" in seen


def test_close_is_final_for_connections(store: Store) -> None:
    """
    A connection that is in use while the store closes is closed by its user, and none stays open.
    """
    with store.reading() as db:
        store.close()
        assert [0] == list(db.execute("SELECT count(*) FROM credits").fetchone())

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")


def test_half_written_file(store: Store) -> None:
    """
    A file that is not written to its end does not appear, neither under its name nor as a part.
    """

    def break_off() -> None:
        with store.folder.new_file() as (_, file):
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()

    assert [] == list(store.folder.files.iterdir())


def _execute(folder: Path, statement: str) -> object:
    """Execute *statement* on the database as another program would; return its first value."""
    db = sqlite3.connect(folder / "pictograph.db")
    with db:
        row = db.execute(statement).fetchone()
    db.close()
    return row[0] if row is not None else None
