"""What a folder on this machine holds, and where each picture of it goes."""

from __future__ import annotations

import mimetypes
import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that looks like an image, and the folder of the dataset that it goes to."""

    path: Path
    directory_path: str

    @property
    def place(self) -> tuple[str, str]:
        """The folder and the name that it has in a dataset."""
        return self.directory_path, self.path.name


@dataclass(slots=True)
class Found:
    """What was found: pictures, what is none of our business, and folders that may not be read."""

    pictures: list[Picture] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)
    unreadable: dict[Path, OSError] = field(default_factory=dict)


def look_into(folder: Path, directory_path: str, *, recursive: bool) -> Found:
    """The pictures of *folder* by name, sub-folders after files; *directory_path* is where those at its top go.

    Links to files are followed. Links to folders are not, because they may lead round in circles: they are ignored.

    Raises:
        OSError: *folder* is not there, is no folder, or may not be read.
    """
    os.scandir(folder).close()
    found = Found()

    def unreadable(problem: OSError) -> None:
        found.unreadable[Path(problem.filename)] = problem

    for name, folders, files in os.walk(folder, onerror=unreadable):
        here = Path(name)
        goes_to = in_dataset(f"{directory_path}/{here.relative_to(folder).as_posix()}")
        for file in sorted(files):
            if (mimetypes.guess_type(file)[0] or "").startswith("image/"):
                found.pictures.append(Picture(here / file, goes_to))
            else:
                found.ignored.append(here / file)
        folders.sort()
        found.ignored += [here / each for each in folders if (here / each).is_symlink()]
        if not recursive:
            break
    return found


def in_dataset(directory_path: str | None) -> str:
    """*directory_path* as datasets have it: "/" or "/cats/black"."""
    return "/" + "/".join(part for part in (directory_path or "").split("/") if part not in ("", "."))
