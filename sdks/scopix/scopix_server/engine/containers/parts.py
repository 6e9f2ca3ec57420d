"""Containers as parts in one another, read without ever holding more than one part's header."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO

MOST_PARTS = 10_000
"""Boxes, elements or chunks that are looked at."""

_MOST_READ = 64 * 1024


class BrokenContainerError(Exception):
    """The container contradicts itself, or ends too early; the text says where."""


@dataclass
class Container:
    """What is said of a video; what is not said is left out of the *tracks*."""

    format: str
    duration: float | None = None
    tracks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(frozen=True)
class Part:
    """A box, an element or a chunk: what is between *begin* and *end*."""

    name: bytes
    begin: int
    end: int


class File:
    """A file that is looked into, part by part: never more of it is held than one part's header."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._seen = 0

    def read(self, begin: int, length: int) -> bytes:
        """*length* bytes from *begin*. Raises: BrokenContainerError, if they are not there."""
        self._file.seek(begin)
        found = self._file.read(min(length, _MOST_READ))
        if len(found) < min(length, _MOST_READ):
            raise BrokenContainerError(f"It ends at byte {self.size:,}, in the middle of a part.")
        return found

    def number(self, begin: int, length: int) -> int:
        """The number that *length* bytes from *begin* are, the greatest first. Raises: as `read`."""
        return int.from_bytes(self.read(begin, length), "big")

    def body(self, part: Part, length: int = _MOST_READ) -> bytes:
        """What is in *part*, *length* bytes of it at most. Raises: as `read`."""
        return self.read(part.begin, min(length, part.end - part.begin))

    def part(self, name: bytes, begin: int, end: int, outer: int) -> Part:
        """The next part. Raises: BrokenContainerError, for one that is larger than what it is in, and for too many."""
        self._seen += 1
        if self._seen > MOST_PARTS:
            raise BrokenContainerError(f"It has more than {MOST_PARTS:,} parts.")
        if not begin <= end <= outer:
            shown = name.decode("latin-1") if name.isalnum() else name.hex()
            raise BrokenContainerError(f'The part "{shown}" before byte {begin:,} is larger than what it is in.')
        return Part(name, begin, end)


def text(name: bytes) -> str:
    """The letters of a codec's name."""
    return "".join(chr(byte) for byte in name if 32 <= byte < 127).strip()
