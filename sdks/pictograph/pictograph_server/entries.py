"""Entries: the files of a folder or an archive that is imported, each with its place in the dataset."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from failwell.server import shorten
from pictograph_server.names import Directory, Filename

_DIRECTORY: TypeAdapter[str] = TypeAdapter(Directory)
_FILENAME: TypeAdapter[str] = TypeAdapter(Filename)


class EntryError(Exception):
    """An entry cannot become an image; the text says why, and what to do."""


class SourceError(Exception):
    """A folder or an archive cannot be imported at all; the text says why, and what to do."""


@dataclass(frozen=True)
class Packed:
    """Where in an archive an entry lies, and what the archive's directory announces of it."""

    offset: int
    deflated: bool
    packed_size: int
    size: int
    checksum: int


@dataclass(frozen=True)
class Entry:
    """A file by its name, with slashes between its folders; *problem* says why it cannot become an image."""

    name: str
    size: int = 0
    packed: Packed | None = None
    problem: str | None = None


def place_of(name: str) -> tuple[str, str]:
    """The folder and the file name of the image that an entry becomes.

    Raises: EntryError, for a name that leads elsewhere or that no image may have.
    """
    if name.startswith("/"):
        raise EntryError("The name is absolute. Name it relative to the folder or archive")
    directory, _, filename = name.rpartition("/")
    try:
        return _DIRECTORY.validate_python(directory), _FILENAME.validate_python(filename)
    except ValidationError as problem:
        reason = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise EntryError(f"The name cannot be that of an image: {reason}. Rename it") from problem


def is_hidden(name: str) -> bool:
    """Whether an entry is not meant to be seen: ".DS_Store", ".git/config", what macOS adds to archives."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or any(part.startswith(".") and part not in {".", ".."} for part in parts)


def refuse_too_many(entries: list[Entry], *, most: int, most_bytes: int) -> None:
    """Raise SourceError for more than *most* entries, or more than *most_bytes* of them."""
    if len(entries) > most:
        raise SourceError(f"The import has {len(entries)} files so far, it takes at most {most}. Split it")
    size = sum(entry.size for entry in entries)
    if size > most_bytes:
        raise SourceError(f"The import has {size} bytes unpacked so far, it takes at most {most_bytes}. Split it")


def shown(name: str) -> str:
    """*name* fit to be kept and shown, whatever bytes a file system or an archive put into it."""
    return shorten("".join(c if c.isprintable() else "?" for c in name))
