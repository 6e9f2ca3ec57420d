"""Matroska and WebM: elements of EBML (RFC 8794, RFC 9559)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from scopix_server.engine.containers.parts import BrokenContainerError, Container, File, Part, text

_SEGMENT, _INFO, _TRACKS, _TRACK = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\xae"
_HEADER, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x1f\x43\xb6\x75"


def _elements(file: File, part: Part) -> Iterator[Part]:
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


def _vint_width(file: File, begin: int, most: int) -> int:
    width = 9 - file.read(begin, 1)[0].bit_length()
    if width > most:
        raise BrokenContainerError(f"There is no element at byte {begin:,}.")
    return width


def read_matroska(file: File) -> Container:
    """What the elements of *file* say. Raises: BrokenContainerError."""
    found = Container("matroska")
    whole = Part(b"", 0, file.size)
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


def _matroska_track(file: File, track: Part) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "other"}
    for one in _elements(file, track):
        match one.name:
            case b"\x83":
                said["kind"] = {1: "video", 2: "audio"}.get(int.from_bytes(file.body(one, 8), "big"), "other")
            case b"\x86":
                said["codec"] = text(file.body(one, 64))
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
