"""A temporary folder that goes with its process: if that was killed, with the next one that makes such a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # pragma: no cover - without them nobody can tell a folder in use from one that was left
    fcntl = None  # type: ignore[assignment]

PREFIX = "failwell-sandbox-"
LOCK = "in-use.lock"


class TemporaryFolder:
    """A new folder at *path*, for this user only. Folders whose processes were killed are removed first."""

    def __init__(self) -> None:
        sweep()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = _locked(self.path)

    def cleanup(self) -> None:
        """Remove it, with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def sweep() -> None:
    """Remove the folders of this user that no process holds any more."""
    if fcntl is None:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # It is in use, or somebody else removes it at this moment.
        with contextlib.suppress(OSError):
            if _is_own(folder):
                with (folder / LOCK).open("rb") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)


def _locked(folder: Path) -> IO[bytes]:
    """The lock of *folder*. The system lets go of it when the process ends, however that happens."""
    # Locked before it gets its name: whoever finds it by that name cannot come first.
    draft = folder / f"{LOCK}.part"
    lock = draft.open("wb")
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX)
    draft.rename(folder / LOCK)
    return lock


def _is_own(folder: Path) -> bool:
    """Whether *folder* is one that this user has made, and no link that somebody else has put there."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
