"""AVI: chunks of RIFF."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from scopix_server.engine.containers.parts import BrokenContainerError, Container, File, Part, text


def _chunks(file: File, begin: int, end: int) -> Iterator[Part]:
    """The chunks of RIFF; a list is called by what is in it."""
    while end - begin >= 8:
        name, size = file.read(begin, 4), int.from_bytes(file.read(begin + 4, 4), "little")
        start, after = begin + 8, begin + 8 + size
        if name in {b"LIST", b"RIFF"} and size >= 4:
            name, start = file.read(start, 4), start + 4
        yield file.part(name, start, after, end)
        begin = after + size % 2


def read_avi(file: File) -> Container:
    """What the chunks of *file* say. Raises: BrokenContainerError."""
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
        said["codec"] = text(header[4:8])
    return said


def _little(header: bytes, layout: str) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, header)
    except struct.error:
        raise BrokenContainerError("Its avih chunk is too short.") from None
