"""What `upload_batch` is given, as a list of files: paths, bytes, folders, many of them, the rest of an earlier one."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from failwell.client import files_in, is_image
from failwell.policy import Remaining

FileLike = str | os.PathLike[str] | bytes | tuple[str, bytes]
"""A file, a folder, or the bytes of a file, perhaps with its name."""
Uploads = FileLike | Iterable[FileLike | Remaining]


class Source(NamedTuple):
    """One file: what it is called there, and where it is, or its bytes."""

    filename: str
    content: Path | bytes

    @property
    def content_type(self) -> str:
        """What its name says that it is."""
        return mimetypes.guess_type(self.filename)[0] or "application/octet-stream"

    def __repr__(self) -> str:
        return f"Source({self.filename!r})"


class Sources(NamedTuple):
    """The files of one call: each a `Source`, or one with the key of its last try.

    *alone* is whether it was one file, whose error is the call's. *ignored* is what of a folder is no image,
    *unreadable* has the folders that may not be read.
    """

    files: list[Source | Remaining]
    alone: bool
    ignored: tuple[Path, ...]
    unreadable: Mapping[Path, OSError]


def look(given: Any, *, recursive: bool) -> Sources:
    """The files that *given* stands for. Of folders only names are looked at, and nothing is opened.

    Raises:
        TypeError: it is nothing that can be uploaded.
    """
    files: list[Source | Remaining] = []
    ignored: list[Path] = []
    unreadable: dict[Path, OSError] = {}

    def add(one: Any) -> bool:
        """Take *one*; whether it is a single file."""
        if isinstance(one, Source | Remaining):
            files.append(one)
        elif isinstance(one, bytes | bytearray | memoryview):
            files.append(Source(f"file-{len(files) + 1}", bytes(one)))
        elif _is_named(one):
            files.append(Source(one[0], one[1]))
        elif not isinstance(one, str | os.PathLike):
            raise _no_file(one)
        elif not _is_folder(path := Path(one)):
            files.append(Source(path.name, path))
        else:
            try:
                found = files_in(path, recursive=recursive, wanted=is_image)
            except OSError as problem:
                unreadable[path] = problem
                return False
            files.extend(Source(each.relative_to(path).as_posix(), each) for each in found.files)
            ignored.extend(found.ignored)
            unreadable.update(found.unreadable)
            return False
        return True

    alone = False
    if isinstance(given, str | os.PathLike | bytes | bytearray | memoryview | Source | Remaining) or _is_named(given):
        alone = add(given)
    elif isinstance(given, Iterable) and not isinstance(given, Mapping):
        for one in given:
            add(one)
    else:
        raise _no_file(given)
    return Sources(files, alone, tuple(ignored), unreadable)


def _is_folder(path: Path) -> bool:
    """Whether *path* is a folder. What cannot even be looked at is told as a file that cannot be read."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _no_file(one: object) -> TypeError:
    return TypeError(f"A file of type {type(one).__name__} cannot be uploaded. Pass a path, or its bytes.")


def _is_named(one: object) -> bool:
    """Whether *one* is the bytes of a file with its name: a pair, and no list of two files."""
    return isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str) and isinstance(one[1], bytes)
