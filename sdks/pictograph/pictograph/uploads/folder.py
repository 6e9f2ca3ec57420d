"""What a folder on this machine holds, and where each picture of it goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from failwell.client import files_in, is_image


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

    pictures: list[Picture]
    ignored: list[Path]
    unreadable: dict[Path, OSError]


def look_into(folder: Path, directory_path: str, *, recursive: bool) -> Found:
    """The pictures of *folder* by name, sub-folders after files; *directory_path* is where those at its top go.

    Links to files are followed. Links to folders are not, because they may lead round in circles: they are ignored.

    Raises:
        OSError: *folder* is not there, is no folder, or may not be read.
    """
    inside = files_in(folder, recursive=recursive, wanted=is_image)
    pictures = [
        Picture(path, in_dataset(f"{directory_path}/{path.parent.relative_to(folder).as_posix()}"))
        for path in inside.files
    ]
    return Found(pictures, inside.ignored, inside.unreadable)


def in_dataset(directory_path: str | None) -> str:
    """*directory_path* as datasets have it: "/" or "/cats/black"."""
    return "/" + "/".join(part for part in (directory_path or "").split("/") if part not in ("", "."))
