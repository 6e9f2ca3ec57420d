"""What a video's container says of it: MP4 and QuickTime boxes, Matroska and WebM elements, AVI headers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MOST_PARTS = 10_000
"""Boxes, elements or chunks that are looked at."""

_DEEPEST = 8
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
class _Part:
    """A box, an element or a chunk: what is between *begin* and *end*."""

    name: bytes
    begin: int
    end: int


class _File:
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
        return int.from_bytes(self.read(begin, length), "big")

    def body(self, part: _Part, length: int = _MOST_READ) -> bytes:
        return self.read(part.begin, min(length, part.end - part.begin))

    def part(self, name: bytes, begin: int, end: int, outer: int) -> _Part:
        """The next part. Raises: BrokenContainerError, for one that is larger than what it is in, and for too many."""
        self._seen += 1
        if self._seen > MOST_PARTS:
            raise BrokenContainerError(f"It has more than {MOST_PARTS:,} parts.")
        if not begin <= end <= outer:
            shown = name.decode("latin-1") if name.isalnum() else name.hex()
            raise BrokenContainerError(f'The part "{shown}" before byte {begin:,} is larger than what it is in.')
        return _Part(name, begin, end)


def container_of(file: BinaryIO) -> Container | None:
    """What the container in *file* says; None if it is none that is known here.

    Raises:
        BrokenContainerError: it is one, and cannot be read.
    """
    head = file.read(12)
    read: Callable[[_File], Container] | None = None
    if head[4:8] in (b"ftyp", b"moov"):
        read = _mp4
    elif head[:4] == b"\x1a\x45\xdf\xa3":
        read = _matroska
    elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        read = _avi
    return read(_File(file)) if read is not None else None


def _boxes(file: _File, begin: int, end: int) -> Iterator[_Part]:
    """The boxes of ISO 14496-12, 4.2."""
    while end - begin >= 8:
        size, name, start = file.number(begin, 4), file.read(begin + 4, 4), begin + 8
        if size == 1:
            size, start = file.number(start, 8), start + 8
        after = begin + size if size else end  # 0: to the end
        yield file.part(name, start, after, end)
        begin = after


def _inside(file: _File, part: _Part, *names: bytes) -> Iterator[_Part]:
    """The boxes at the path *names* below *part*."""
    for box in _boxes(file, part.begin, part.end):
        if box.name == names[0]:
            if len(names) == 1:
                yield box
            else:
                yield from _inside(file, box, *names[1:])


def _mp4(file: _File) -> Container:
    found = Container("mp4")
    whole = _Part(b"", 0, file.size)
    for box in _boxes(file, 0, file.size):
        if box.name == b"ftyp" and file.body(box, 4) == b"qt  ":
            found.format = "quicktime"
    movie = next(_inside(file, whole, b"moov"), None)
    if movie is None:
        raise BrokenContainerError("It has no moov box, so it cannot be played. Was its recording interrupted?")
    for header in _inside(file, movie, b"mvhd"):
        found.duration = _scaled(file.body(header, 32))
    for track in _inside(file, movie, b"trak"):
        found.tracks.append(_mp4_track(file, track))
    return found


def _mp4_track(file: _File, track: _Part) -> dict[str, Any]:
    kinds = {b"vide": "video", b"soun": "audio"}
    said: dict[str, Any] = {"kind": "other"}
    for handler in _inside(file, track, b"mdia", b"hdlr"):
        said["kind"] = kinds.get(file.body(handler, 12)[8:12], "other")
    for entry in _inside(file, track, b"mdia", b"minf", b"stbl", b"stsd"):
        said["codec"] = _text(file.body(entry, 16)[12:16])
    for header in _inside(file, track, b"tkhd"):
        size = file.body(header)[-8:]
        if said["kind"] == "video" and len(size) == 8:
            width, height = struct.unpack(">II", size)
            said |= {"width": width >> 16, "height": height >> 16}  # 16.16 fixed point
    return said


def _scaled(header: bytes) -> float | None:
    """The seconds of an mvhd box, whose version says how wide its numbers are."""
    wide = header[:1] == b"\1"
    try:
        scale, length = struct.unpack_from(">IQ" if wide else ">II", header, 20 if wide else 12)
    except struct.error:
        raise BrokenContainerError("Its mvhd box is too short.") from None
    return length / scale if scale and length < (1 << (64 if wide else 32)) - 1 else None


_SEGMENT, _INFO, _TRACKS, _TRACK = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\xae"
_HEADER, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x1f\x43\xb6\x75"


def _elements(file: _File, part: _Part) -> Iterator[_Part]:
    """The elements of RFC 8794 in *part*."""
    begin = part.begin
    while begin < part.end:
        width = _vint_width(file, begin, 4)
        name = file.read(begin, width)
        begin += width
        width = _vint_width(file, begin, 8)
        ones = (1 << (7 * width)) - 1
        size = file.number(begin, width) & ones
        begin += width
        after = part.end if size == ones else begin + size  # all ones: nobody knew
        yield file.part(name, begin, after, part.end)
        if name == _CLUSTER:
            return  # the pictures; what is said of them stands before
        begin = after


def _vint_width(file: _File, begin: int, most: int) -> int:
    width = 9 - file.read(begin, 1)[0].bit_length()
    if width > most:
        raise BrokenContainerError(f"There is no element at byte {begin:,}.")
    return width


def _matroska(file: _File) -> Container:
    found = Container("matroska")
    whole = _Part(b"", 0, file.size)
    for outer in _elements(file, whole):
        if outer.name == _HEADER:
            kinds = {one.name: file.body(one) for one in _elements(file, outer)}
            found.format = "webm" if kinds.get(b"\x42\x82", b"").rstrip(b"\0") == b"webm" else "matroska"
        elif outer.name == _SEGMENT:
            for inner in _elements(file, outer):
                values = {one.name: file.body(one) for one in _elements(file, inner)} if inner.name == _INFO else {}
                if b"\x44\x89" in values:
                    scale = int.from_bytes(values.get(b"\x2a\xd7\xb1", b"\x0f\x42\x40"), "big")
                    found.duration = _float(values[b"\x44\x89"]) * scale / 1e9
                if inner.name == _TRACKS:
                    tracks = [one for one in _elements(file, inner) if one.name == _TRACK]
                    found.tracks += [_matroska_track(file, one) for one in tracks]
    return found


def _matroska_track(file: _File, track: _Part) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "other"}
    for one in _elements(file, track):
        match one.name:
            case b"\x83":
                said["kind"] = {1: "video", 2: "audio"}.get(int.from_bytes(file.body(one, 8), "big"), "other")
            case b"\x86":
                said["codec"] = _text(file.body(one, 64))
            case b"\xe0":
                inner = {part.name: int.from_bytes(file.body(part, 8), "big") for part in _elements(file, one)}
                said |= {"width": inner.get(b"\xb0", 0), "height": inner.get(b"\xba", 0)}
            case _:
                pass
    return said


def _float(value: bytes) -> float:
    if len(value) not in {4, 8}:
        raise BrokenContainerError(f"A floating-point number has {len(value)} bytes.")
    return float(struct.unpack(">f" if len(value) == 4 else ">d", value)[0])


def _chunks(file: _File, begin: int, end: int) -> Iterator[_Part]:
    """The chunks of RIFF; a list is called by what is in it."""
    while end - begin >= 8:
        name, size = file.read(begin, 4), int.from_bytes(file.read(begin + 4, 4), "little")
        start, after = begin + 8, begin + 8 + size
        if name in {b"LIST", b"RIFF"} and size >= 4:
            name, start = file.read(start, 4), start + 4
        yield file.part(name, start, after, end)
        begin = after + size % 2


def _avi(file: _File) -> Container:
    found = Container("avi")
    size: dict[str, int] = {}
    # Recorders that were interrupted, and files of more than 4 GiB, say less than there is: what is there counts.
    for chunk in _chunks(file, 12, file.size):
        if chunk.name != b"hdrl":
            continue
        for part in _chunks(file, chunk.begin, chunk.end):
            if part.name == b"avih":
                per_frame, _, _, _, frames = _little(file.body(part, 20), "<5I")
                found.duration = per_frame * frames / 1e6
                size = dict(zip(("width", "height"), _little(file.body(part, 40)[32:], "<2I"), strict=True))
            elif part.name == b"strl":
                for header in _chunks(file, part.begin, part.end):
                    if header.name == b"strh":
                        found.tracks.append(_avi_track(file.body(header, 8)))
        for track in found.tracks:
            if track["kind"] == "video":
                track.update(size)
        return found
    raise BrokenContainerError("It has no hdrl list, so it cannot be played.")


def _avi_track(header: bytes) -> dict[str, Any]:
    kinds = {b"vids": "video", b"auds": "audio"}
    said: dict[str, Any] = {"kind": kinds.get(header[:4], "other")}
    if header[4:8].strip(b"\0 "):
        said["codec"] = _text(header[4:8])
    return said


def _little(header: bytes, layout: str) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, header)
    except struct.error:
        raise BrokenContainerError("Its avih chunk is too short.") from None


def _text(name: bytes) -> str:
    return "".join(chr(byte) for byte in name if 32 <= byte < 127).strip()
