"""Upload sources: a path, an opened file, a stream that is read once."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from failwell.contract.error import Error
from failwell.policy.upload import UploadSource
from failwell.wire.messages import Content

BLOCK = 64 * 1024

Uploadable = str | os.PathLike[str] | IO[bytes] | Iterable[bytes]
"""A path, a file that was opened for reading bytes, or pieces of bytes that are read once."""

SourceChanged = Callable[[str | None, Mapping[str, Any], Mapping[str, Any]], Error]
"""Makes the error for a source of a name that was one thing and is another."""


def source_of(what: Uploadable, changed: SourceChanged) -> UploadSource:
    """*what* as a source; a file from where it stands.

    Raises:
        OSError: there is no such file, it is no regular one, or it may not be read.
        TypeError: it is nothing that can be uploaded.
    """
    if isinstance(what, str | os.PathLike):
        return PathSource(Path(what), changed)
    given: Any = what
    if isinstance(given, io.TextIOBase):
        raise TypeError(f"A source of type {type(what).__name__} gives text. Open the file for bytes, with mode 'rb'.")
    readable = hasattr(given, "read")
    if readable and getattr(given, "seekable", bool)():
        return FileSource(given, changed)
    if isinstance(given, bytes | bytearray) or not (readable or isinstance(given, Iterable)):
        raise TypeError(f"A source of type {type(what).__name__} cannot be uploaded. Pass a path or a file.")
    return StreamSource(what)


class PathSource:
    """A regular file. It must keep its size and the time of its last change."""

    def __init__(self, path: Path, changed: SourceChanged) -> None:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EINVAL
            raise OSError(kind, "Only a regular file can be uploaded", str(path))
        # Opened before anything is sent: what may not be read must leave nothing half-done.
        path.open("rb").close()
        self.name = str(path.absolute())
        self.size = found.st_size
        self._path = path.absolute()
        self._changed = changed
        self.identity: Mapping[str, Any] = _identity(found)
        """Its size and the time of its last change."""

    def content(self, offset: int, length: int) -> Content:
        """Opens it anew for every try."""

        def blocks() -> Iterator[bytes]:
            left = length
            with self._path.open("rb") as file:
                file.seek(offset)
                while left:
                    block = file.read(min(BLOCK, left))
                    now = _identity(os.fstat(file.fileno()))
                    if now != self.identity or not block:
                        raise self._changed(self.name, self.identity, now)
                    left -= len(block)
                    yield block

        return blocks


class FileSource:
    """An open file, or bytes in memory, from where it stands.

    It must keep its size, and the time of its last change; what is in memory its hash, which is looked at when the
    upload begins and whenever it is taken up again.
    """

    def __init__(self, file: IO[bytes], changed: SourceChanged) -> None:
        name: object = getattr(file, "name", None)
        self.name = _whole(name) if isinstance(name, str) else None
        self._file = file
        self._changed = changed
        self._start = file.tell()
        self.identity: Mapping[str, Any] = self._look()
        """Its size, and the time of its last change or its hash."""
        self._next = 0
        self.size: int = self.identity["size"]

    def content(self, offset: int, length: int) -> Content:
        """Reads it from *offset* for every try."""
        again, self._next = offset != self._next, offset + length

        def blocks() -> Iterator[bytes]:
            left, at = length, self._start + offset
            if again and (now := self._look()) != self.identity:
                raise self._changed(self.name, self.identity, now)
            while left:
                self._file.seek(at)
                block = self._file.read(min(BLOCK, left))
                times = self._times()
                if not block or (times is not None and times != self.identity):
                    raise self._changed(self.name, self.identity, self._look())
                left -= len(block)
                at += len(block)
                yield block

        return blocks

    def _look(self) -> dict[str, Any]:
        times = self._times()
        if times is not None:
            return times
        from hashlib import sha256

        digest, size = sha256(), 0
        self._file.seek(self._start)
        while block := self._file.read(BLOCK):
            digest.update(block)
            size += len(block)
        return {"size": size, "sha256": digest.hexdigest()}

    def _times(self) -> dict[str, Any] | None:
        """The size and the time of the last change of a file on a disk."""
        try:
            found = os.fstat(self._file.fileno())
        except (AttributeError, OSError):
            return None
        return {**_identity(found), "size": found.st_size - self._start}


class StreamSource:
    """Bytes that can be read once: they are sent in one piece, and cannot be taken up again."""

    name = None
    size = None

    def __init__(self, what: Any) -> None:
        self._what = what
        self.identity: Mapping[str, Any] = {}

    def content(self, offset: int, length: int) -> Content:
        """All of it, once."""
        read = getattr(self._what, "read", None)
        content: Content = self._what if read is None else iter(lambda: read(BLOCK), b"")
        return content


def _whole(name: str) -> str:
    """*name* as it leads to the file from any folder, where it leads to one: who goes on with it may be elsewhere."""
    path = Path(name)
    return str(path.absolute()) if path.is_file() else name


def _identity(found: os.stat_result) -> dict[str, Any]:
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns}
