"""What is found out about videos, and about what only looks like one."""

from __future__ import annotations

import contextlib
import io
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from scopix_server.engine.containers import BrokenContainerError, container_of
from scopix_server.engine.videos import METHOD, AnalysisError, Embedded, byte_statistics
from scopix_server.settings import Settings


def box(name: bytes, *content: bytes) -> bytes:
    """A box of MP4."""
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), name) + body


def mp4(brand: bytes = b"isom", *, seconds: int = 5, before: bytes = b"") -> bytes:
    """A video of *seconds*, 640 x 480, with sound."""
    tkhd = box(b"tkhd", bytes(76), struct.pack(">II", 640 << 16, 480 << 16))

    def media(kind: bytes, codec: bytes) -> bytes:
        hdlr = box(b"hdlr", bytes(8), kind, bytes(12))
        stsd = box(b"stsd", bytes(4), struct.pack(">I", 1), box(codec, bytes(8)))
        return box(b"mdia", hdlr, box(b"minf", box(b"stbl", stsd)))

    mvhd = box(b"mvhd", bytes(12), struct.pack(">II", 1000, 1000 * seconds), bytes(80))
    moov = box(b"moov", mvhd, box(b"trak", tkhd, media(b"vide", b"avc1")), box(b"trak", tkhd, media(b"soun", b"mp4a")))
    return box(b"ftyp", brand, bytes(4)) + before + moov


def element(name: str, *content: bytes) -> bytes:
    """An element of Matroska."""
    body = b"".join(content)
    return bytes.fromhex(name) + struct.pack(">Q", len(body) | 1 << 56) + body


def matroska(kind: bytes = b"matroska", *, size: bytes | None = None) -> bytes:
    """A video of 2.5 s, 320 x 240, with sound. *size* may say that nobody knows how long it is."""
    info = element("1549a966", element("2ad7b1", b"\x0f\x42\x40"), element("4489", struct.pack(">d", 2500.0)))
    picture = element("e0", element("b0", b"\x01\x40"), element("ba", b"\xf0"))
    tracks = element(
        "1654ae6b",
        element("ae", element("83", b"\1"), element("86", b"V_VP9"), picture),
        element("ae", element("83", b"\2"), element("86", b"A_OPUS")),
    )
    body = info + tracks + element("1f43b675", b"\xff" * 100)
    segment = element("18538067", body) if size is None else bytes.fromhex("18538067") + size + body
    return element("1a45dfa3", element("4282", kind)) + segment


def chunk(name: bytes, *content: bytes, inner: bytes = b"") -> bytes:
    """A chunk of RIFF; a list if it has an *inner* name."""
    body = inner + b"".join(content)
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def avi() -> bytes:
    """A video of 4 s, 160 x 120."""
    avih = chunk(b"avih", struct.pack("<10I", 40_000, 0, 0, 0, 100, 0, 1, 0, 160, 120), bytes(16))
    hdrl = chunk(b"LIST", avih, STREAM, inner=b"hdrl")
    return chunk(b"RIFF", hdrl, chunk(b"LIST", bytes(64), inner=b"movi"), inner=b"AVI ")


STREAM = chunk(b"LIST", chunk(b"strh", b"vids", b"MJPG", bytes(48)), inner=b"strl")
PICTURE = {"kind": "video", "codec": "avc1", "width": 640, "height": 480}
SOUND = {"kind": "audio", "codec": "mp4a"}
VP9 = {"kind": "video", "codec": "V_VP9", "width": 320, "height": 240}
MKV = ("matroska", 2.5, [VP9, {"kind": "audio", "codec": "A_OPUS"}])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (mp4(), ("mp4", 5.0, [PICTURE, SOUND])),
        (mp4(b"qt  "), ("quicktime", 5.0, [PICTURE, SOUND])),
        # The pictures before the headers, with a size of 64 bits.
        (mp4(before=struct.pack(">I4sQ", 1, b"mdat", 1016) + bytes(1000)), ("mp4", 5.0, [PICTURE, SOUND])),
        (matroska(), MKV),
        (matroska(b"webm"), ("webm", *MKV[1:])),
        (matroska(size=b"\x01" + b"\xff" * 7), MKV),
        # Without a main header nobody knows how large the picture is.
        (
            chunk(b"RIFF", chunk(b"LIST", STREAM, inner=b"hdrl"), inner=b"AVI "),
            ("avi", None, [{"kind": "video", "codec": "MJPG"}]),
        ),
        (avi(), ("avi", 4.0, [{"kind": "video", "codec": "MJPG", "width": 160, "height": 120}])),
    ],
)
def test_container(content: bytes, expected: tuple[str, float, list[Any]]) -> None:
    """
    Format, duration and tracks are what the headers say.
    """
    found = container_of(io.BytesIO(content))

    assert found is not None
    assert expected == (found.format, found.duration, found.tracks)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "UNKNOWN_VIDEO_FORMAT"),
        (b"not a video at all", "UNKNOWN_VIDEO_FORMAT"),
        (b"RIFF\x04\0\0\0WAVE", "UNKNOWN_VIDEO_FORMAT"),
        (box(b"ftyp", b"isom", bytes(4)), "BROKEN_VIDEO"),
        (mp4()[:-10], "BROKEN_VIDEO"),
        (matroska()[:60], "BROKEN_VIDEO"),
        (b"RIFF\x04\0\0\0AVI ", "BROKEN_VIDEO"),
        (chunk(b"RIFF", chunk(b"LIST", chunk(b"avih", b"short"), inner=b"hdrl"), inner=b"AVI "), "BROKEN_VIDEO"),
        (box(b"ftyp", b"isom", bytes(4)) + box(b"free") * 10_001, "BROKEN_VIDEO"),
    ],
)
def test_no_video(tmp_path: Path, content: bytes, code: str) -> None:
    """
    What is no video, or one that was cut off, says so in a code and in words.
    """
    (tmp_path / "video").write_bytes(content)

    with pytest.raises(AnalysisError) as caught:
        Embedded(Settings()).analyse(tmp_path / "video")

    assert code == caught.value.code


@given(st.sampled_from([mp4(), matroska(), avi()]), st.data())
def test_damaged(content: bytes, data: st.DataObject) -> None:
    """
    Bytes that are other than they were make another finding, or a broken container: no other error, no endless loop.
    """
    damaged = bytearray(content[: data.draw(st.integers(12, len(content)))])
    for place in data.draw(st.lists(st.integers(12, len(content) - 1), max_size=5)):
        if place < len(damaged):
            damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BrokenContainerError):
        assert container_of(io.BytesIO(damaged)) is not None


def test_embedded_says_what_it_did(tmp_path: Path) -> None:
    """
    The analysis says that nobody looked at the pictures, and what the bytes look like.
    """
    (tmp_path / "video").write_bytes(mp4() + box(b"free", bytes(range(256)) * 100))

    found = Embedded(Settings()).analyse(tmp_path / "video")

    assert METHOD == found["method"]
    assert ("mp4", 5.0) == (found["format"], found["duration"])
    assert 7.9 < found["bytes"]["entropy"] <= 8.0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (0, 0, 0.0, 0.0)),
        (bytes(1000), (1000, 1000, 0.0, 1.0)),
        (b"\0\1" * 500, (1000, 1000, 1.0, 0.5)),
        (bytes(10_000_000), (10_000_000, 4_194_304, 0.0, 1.0)),
    ],
)
def test_bytes(content: bytes, expected: tuple[int, int, float, float]) -> None:
    """
    Of a large file no more than 4 MiB are looked at.
    """
    found = byte_statistics(io.BytesIO(content))

    assert expected == (found["size"], found["sampled"], found["entropy"], found["zeros"])
