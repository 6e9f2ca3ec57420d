from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from failwell.sandbox import temporary
from failwell.sandbox.temporary import LOCK, PREFIX, TemporaryFolder

HOLDER = """
import sys
from failwell.sandbox.temporary import TemporaryFolder
folder = TemporaryFolder()
(folder.path / "keys.sqlite").write_bytes(b"keys")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary files, here and in programs that are started."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def holder() -> tuple[subprocess.Popen[str], Path]:
    """A process that has such a folder, and the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_swept_after_a_kill(place: Path) -> None:
    """
    The folder of a process that was killed, keys and all, is gone with the next start; that of a living one stays.
    """
    living, used = holder()
    killed, left = holder()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert (True, True) == ((left / "keys.sqlite").is_file(), (used / "keys.sqlite").is_file())

    folder = TemporaryFolder()

    assert sorted([folder.path, used]) == sorted(place.iterdir())
    assert (used / "keys.sqlite").is_file()
    folder.cleanup()
    living.communicate()
    temporary.sweep()
    assert [] == list(place.iterdir())


def test_what_is_not_ours_stays(place: Path) -> None:
    """
    A link by such a name, a folder that nobody has locked yet, a file, and folders of other names are left alone.
    """
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (place / f"{PREFIX}link").symlink_to(elsewhere)
    (place / f"{PREFIX}begun").mkdir()
    (place / f"{PREFIX}file").touch()
    (place / "failwell-other").mkdir()
    (place / "failwell-other" / LOCK).touch()
    before = sorted(place.rglob("*"))

    temporary.sweep()

    assert before == sorted(place.rglob("*"))


def test_another_users(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The folders of another user are left alone.
    """
    folder = place / f"{PREFIX}x"
    folder.mkdir()
    (folder / LOCK).touch()
    monkeypatch.setattr(os, "getuid", lambda: 4711)

    temporary.sweep()

    assert folder.is_dir()


def test_only_for_this_user() -> None:
    """
    It is for this user only, and gone after `cleanup`, however often that is called.
    """
    folder = TemporaryFolder()

    assert "0o700" == oct(folder.path.stat().st_mode & 0o777)
    folder.cleanup()
    folder.cleanup()
    assert not folder.path.exists()
