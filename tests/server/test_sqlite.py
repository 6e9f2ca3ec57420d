"""The files that the server keeps for itself: which are ours."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from failwell.server import KeyStore, NotOurFileError, Record, SqliteStore, StoreDownError
from failwell.server.storage.store_file import store_schema

STORES: list[Callable[[Path], Any]] = [KeyStore, SqliteStore]

APPLICATION_ID = store_schema("").application_id


def execute(path: Path, script: str) -> None:
    """Run the statements of *script* on the file at *path*."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)


def ask(path: Path, question: str) -> Any:
    """The first value of the answer to *question*."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(question).fetchone()[0]


@pytest.mark.parametrize("store", STORES)
def test_new_file_is_marked(tmp_path: Path, store: Callable[[Path], Any]) -> None:
    """
    A new file is marked as ours, and so is an empty one that was there; it is opened again.
    """
    (tmp_path / "empty").touch()
    for name in ("new", "empty", "new"):
        store(tmp_path / name).close()

    assert [APPLICATION_ID] * 2 == [ask(tmp_path / name, "PRAGMA application_id") for name in ("new", "empty")]


def test_one_file_for_both(tmp_path: Path) -> None:
    """
    Keys and answers may share a file.
    """
    path = tmp_path / "failwell.sqlite"
    for _ in range(2):
        with closing(KeyStore(path)) as keys, closing(SqliteStore(path)) as store:
            key = keys.create("a", "member")
            store.claim(Record("a", "POST", "/", "k"), b"", "me", lease=9, kept=9)
            found = keys.find(key)

        assert found is not None

    assert (2, 1) == (ask(path, "SELECT count(*) FROM api_keys"), ask(path, "SELECT count(*) FROM idempotency"))


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE theirs (x);",
        "CREATE TABLE api_keys (secret); CREATE TABLE idempotency (x);",
        "PRAGMA application_id = 7;",
        "CREATE TABLE theirs (x); PRAGMA application_id = 7;",
    ],
)
def test_file_of_another_program_is_left_as_it_is(tmp_path: Path, store: Callable[[Path], Any], script: str) -> None:
    """
    S12. A database of another program is refused with a sentence, and not a byte of it is changed.
    """
    path = tmp_path / "theirs.db"
    execute(path, script)
    before = path.read_bytes()
    with pytest.raises(NotOurFileError) as caught:
        store(path)

    said = f"{str(path)!r} is another program's database. Move it away, or name another file for the store."
    assert (said, str(path)) == (str(caught.value), caught.value.path)
    assert isinstance(caught.value, StoreDownError)
    assert (before, [path]) == (path.read_bytes(), list(tmp_path.iterdir()))


@pytest.mark.parametrize("store", STORES)
def test_file_of_a_newer_version_is_left_as_it_is(tmp_path: Path, store: Callable[[Path], Any]) -> None:
    """
    S12. A file that a newer version has written is refused with both versions, and not a byte of it is changed.
    """
    path = tmp_path / "newer.db"
    store(path).close()
    execute(path, "PRAGMA user_version = 99;")
    before = path.read_bytes()
    with pytest.raises(NotOurFileError) as caught:
        store(path)

    told = "has schema 99, this server knows up to 1. Upgrade failwell, or name another file for the store."
    assert (f"{str(path)!r} {told}", before) == (str(caught.value), path.read_bytes())


@pytest.mark.parametrize("store", STORES)
def test_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, store: Callable[[Path], Any]) -> None:
    """
    S12. A file that is no database is refused with a sentence, and left as it is.
    """
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    with pytest.raises(NotOurFileError, match=r"notes.txt' is not a database. Move it away, or name another file"):
        store(path)

    assert ("These are my notes. " * 100, [path]) == (path.read_text(), list(tmp_path.iterdir()))


@pytest.mark.parametrize("store", STORES)
def test_path_where_no_file_can_be(tmp_path: Path, store: Callable[[Path], Any]) -> None:
    """
    S12. A folder, and a path below one that is not there, are a `StoreDownError` which names them.
    """
    for path in (tmp_path, tmp_path / "missing" / "keys.sqlite"):
        with pytest.raises(StoreDownError, match=f"The store '{path}' failed: "):
            store(path)


def test_start_of_several_at_once(tmp_path: Path) -> None:
    """
    S12. Workers that start on a new folder in the same moment all open its files.
    """
    program = textwrap.dedent(
        """
        import sys
        from failwell.server import KeyStore, SqliteStore

        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(6):
            KeyStore(f"{sys.argv[1]}/keys-{number}").close()
            SqliteStore(f"{sys.argv[1]}/answers-{number}").close()
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for worker in workers:
        assert worker.stdout is not None
        assert "ready\n" == worker.stdout.readline()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=60)

    assert [0] * 4 == [worker.returncode for worker in workers]
