"""The files of a folder, for uploads and batches: in order, with what is ignored and what may not be read."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class FolderFiles:
    """What is in a folder: *files* that were asked for, *ignored* others, and folders that are *unreadable*."""

    files: list[Path] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    unreadable: dict[Path, OSError] = field(default_factory=dict)


def is_image(name: str) -> bool:
    """Whether *name* is that of an image, by its ending."""
    return (mimetypes.guess_type(name)[0] or "").startswith("image/")


def files_in(
    folder: Path, *, recursive: bool = True, wanted: Callable[[str], bool] = lambda _name: True
) -> FolderFiles:
    """The files of *folder* whose names are *wanted*, by name, sub-folders after files.

    Links to files are followed. Links to folders are not, because they may lead round in circles: they are ignored.

    Raises:
        OSError: *folder* is not there, is no folder, or may not be read.
    """
    os.scandir(folder).close()
    found = FolderFiles()

    def unreadable(problem: OSError) -> None:
        found.unreadable[Path(problem.filename)] = problem

    for name, folders, files in os.walk(folder, onerror=unreadable):
        here = Path(name)
        for file in sorted(files):
            (found.files if wanted(file) else found.ignored).append(here / file)
        folders.sort()
        found.ignored += [here / each for each in folders if (here / each).is_symlink()]
        if not recursive:
            break
    return found
