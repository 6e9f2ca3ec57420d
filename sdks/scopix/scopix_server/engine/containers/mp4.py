"""MP4 and QuickTime: boxes (ISO 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from scopix_server.engine.containers.parts import BrokenContainerError, Container, File, Part, text


def _boxes(file: File, begin: int, end: int) -> Iterator[Part]:
    """The boxes of ISO 14496-12, 4.2."""
    while end - begin >= 8:
        size, name, start = file.number(begin, 4), file.read(begin + 4, 4), begin + 8
        if size == 1:
            size, start = file.number(start, 8), start + 8
        after = begin + size if size else end  # 0: to the end
        yield file.part(name, start, after, end)
        begin = after


def _inside(file: File, part: Part, *names: bytes) -> Iterator[Part]:
    """The boxes at the path *names* below *part*."""
    for box in _boxes(file, part.begin, part.end):
        if box.name == names[0]:
            if len(names) == 1:
                yield box
            else:
                yield from _inside(file, box, *names[1:])


def read_mp4(file: File) -> Container:
    """What the boxes of *file* say. Raises: BrokenContainerError."""
    found = Container("mp4")
    whole = Part(b"", 0, file.size)
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


def _mp4_track(file: File, track: Part) -> dict[str, Any]:
    kinds = {b"vide": "video", b"soun": "audio"}
    said: dict[str, Any] = {"kind": "other"}
    for handler in _inside(file, track, b"mdia", b"hdlr"):
        said["kind"] = kinds.get(file.body(handler, 12)[8:12], "other")
    for entry in _inside(file, track, b"mdia", b"minf", b"stbl", b"stsd"):
        said["codec"] = text(file.body(entry, 16)[12:16])
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
