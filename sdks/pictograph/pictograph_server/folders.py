"""Folders as sources of an import: walked and read without ever leaving the import root."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pictograph_server.entries import Entry, EntryError, SourceError, is_hidden

# Links are resolved and checked first; what becomes one in between is not followed. A pipe must not block.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_OUTSIDE = "It is a link that leads out of the import root, and is not followed. Copy the file instead"


def entries_of_folder(folder: Path, *, root: Path, most: int) -> list[Entry]:
    """The files below *folder* in the order of their names; what is hidden is left out.

    Raises: SourceError, for more than *most* of them.
    """
    found: list[Entry] = []

    def unreadable(problem: OSError) -> None:
        name = Path(problem.filename).relative_to(folder).as_posix()
        found.append(Entry(name, problem=f"The folder cannot be read ({problem.strerror}). Change its permissions"))

    for here, folders, files in os.walk(folder, onerror=unreadable):
        above = Path(here)
        folders[:] = [name for name in folders if not is_hidden(name)]
        links = [name for name in folders if (above / name).is_symlink()]
        found += [_link(above / name, folder) for name in links]
        found += [_entry(above / name, folder, root) for name in files if not is_hidden(name)]
        if len(found) > most:
            raise SourceError(f"It has more than {most} files, the most that an import takes. Split it")
    return sorted(found, key=lambda entry: entry.name)


def read_file(path: Path, *, root: Path, most: int) -> bytes:
    """The content of a file below *root*.

    Raises: EntryError, if it is none any more, lies elsewhere or is larger than *most* bytes.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            raise EntryError(_OUTSIDE)
        with open(os.open(real, _FLAGS), "rb") as file:  # noqa: PTH123 - a Path cannot open what is open already
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise EntryError("It is no file any more")
            content = file.read(most + 1)
    except (OSError, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or "a link to itself"
        raise EntryError(f"It cannot be read ({reason}). Import it again") from problem
    if len(content) > most:
        raise EntryError(f"It is larger than {most} bytes, the most we take. Scale it down")
    return content


def _link(path: Path, folder: Path) -> Entry:
    problem = "It is a link to a folder, and is not followed. Copy the folder instead"
    return Entry(path.relative_to(folder).as_posix(), problem=problem)


def _entry(path: Path, folder: Path, root: Path) -> Entry:
    name = path.relative_to(folder).as_posix()
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            return Entry(name, problem=_OUTSIDE)
        status = real.stat()
    except (OSError, RuntimeError):
        return Entry(name, problem="It is a link that leads nowhere. Copy the file instead")
    if not stat.S_ISREG(status.st_mode):
        return Entry(name, problem="It is no file. Remove it")
    return Entry(name, size=status.st_size)
