"""The data folder of a server: what lies where, written whole or not at all."""

from __future__ import annotations

import contextlib
import filecmp
import os
import time
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from failwell._support.exception_fields import ExceptionFields

ABANDONED = 24 * 3600.0
"""Seconds after which nobody writes to the part of a file any more that was not written to since."""


class DataFolderError(ExceptionFields, Exception):
    """The data folder cannot be used.

    `path` is what is in the way, `problem` what is wrong with it, `remedy` what to do.
    """

    path: str
    problem: str
    remedy: str
    template = "{path} {problem}. {remedy}"


class DataFolder:
    """One folder with the file *database*, other databases beside it, and files."""

    def __init__(self, path: Path | str, database: str) -> None:
        self.path = Path(path).absolute()
        self.database = self.path / database
        self.files = self.path / "files"

    def prepare(self) -> None:
        """Make the folder, try whether it can be written to, and remove what was never written to its end.

        Raises: DataFolderError.
        """
        if self.path.exists() and not self.path.is_dir():
            raise DataFolderError(str(self.path), "is a file, not a folder", "Move it away, or name another folder.")
        try:
            for folder in (self.path, self.files):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.files / f"{uuid.uuid4().hex}.part"
            probe.write_bytes(b"")
            probe.unlink()
            self._forget_parts()
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            remedy = "Name a folder that you may write to, or change its permissions."
            raise DataFolderError(str(self.path), f"cannot be written to ({reason})", remedy) from problem

    def _forget_parts(self) -> None:
        """Remove the parts that processes left behind which were killed; others may be writing theirs just now."""
        for part in self.files.glob("*.part"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > ABANDONED:
                    part.unlink()

    @contextlib.contextmanager
    def new_file(self, name: str | None = None) -> Generator[tuple[str, BinaryIO]]:
        """A name and an open file: under that name once the block ends well, nowhere if it does not.

        Without *name* it gets one that nothing has; a file of that name is replaced.
        """
        name = name or uuid.uuid4().hex
        part = self.files / f"{name}.part"
        try:
            with part.open("wb") as file:
                yield name, file
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.files / name)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def write(self, content: bytes, name: str | None = None) -> str:
        """Write *content* to a new file, or to the file *name*; return its name."""
        with self.new_file(name) as (written, file):
            file.write(content)
        return written

    def read(self, name: str) -> bytes:
        """The content of the file *name*. Raises: OSError."""
        return (self.files / name).read_bytes()

    def same(self, one: str, other: str) -> bool:
        """Whether two files have the same content. Raises: OSError."""
        return filecmp.cmp(self.files / one, self.files / other, shallow=False)

    def remove(self, name: str | None) -> None:
        """Remove the file *name*; one that is not there is as good as removed."""
        if name is not None:
            (self.files / name).unlink(missing_ok=True)
