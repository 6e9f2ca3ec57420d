"""What is a picture, and what only says so."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from scopix_server import Settings
from scopix_server.engine.measuring import Measuring
from scopix_server.engine.pictures import FORMATS, BrokenPictureError, Picture, decode
from tests.dice import dice

from .api import picture


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format(kind: str) -> None:
    """
    Each format that is taken is decoded, and told by its content, not by its name.
    """
    assert Picture(32, 24, FORMATS[kind]) == decode(picture(kind=kind), max_pixels=32 * 24)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode(mode: str) -> None:
    """
    Pictures of other modes than RGB are pictures.
    """
    file = io.BytesIO()
    Image.new(mode, (5, 4)).save(file, "PNG")

    assert Picture(5, 4, "image/png") == decode(file.getvalue(), max_pixels=100)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is large."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


WHOLE = picture()

BROKEN = {
    "empty": (b"", "The file is empty"),
    "text": (b"hello", "cannot be decoded"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "cannot be decoded"),
    "signature only": (WHOLE[:8], "cannot be decoded"),
    "head only": (WHOLE[:33], "cannot be decoded"),
    "cut in the middle": (WHOLE[: len(WHOLE) // 2], "cannot be decoded"),
    "one bit": (WHOLE[:50] + bytes([WHOLE[50] ^ 1]) + WHOLE[51:], "cannot be decoded"),
    "a JPEG cut short": (picture(kind="JPEG")[:200], "cannot be decoded"),
    "a GIF of nothing": (b"GIF89a" + bytes(7), "cannot be decoded"),
    "large": (picture(size=(101, 100)), "has 10,100 pixels, the most we take is 10,000"),
    "a bomb": (bomb(20_000, 20_000), "has 400,000,000 pixels|far more pixels"),
    "the largest bomb": (bomb(2**31 - 1, 2**31 - 1), "pixels, the most|cannot be decoded"),
    "no pixel": (bomb(0, 10), "cannot be decoded"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_picture(name: str) -> None:
    """
    What cannot be decoded whole, or would take too much memory, is refused with the reason.
    """
    content, reason = BROKEN[name]

    with pytest.raises(BrokenPictureError, match=reason):
        decode(content, max_pixels=10_000)


def test_cut_anywhere() -> None:
    """
    A picture that is cut at any byte is decoded or refused; nothing else is ever raised.
    """
    content, seen = picture(kind="GIF"), set[bool]()
    for end in range(len(content)):
        try:
            decode(content[:end], max_pixels=10_000)
        except BrokenPictureError:
            seen.add(False)
        else:
            seen.add(True)

    assert False in seen


@pytest.mark.parametrize("kind", FORMATS)
def test_hostile_bytes(kind: str) -> None:
    """
    A picture with wrong bytes anywhere is refused, or is one that can be measured; nothing else is ever raised.
    """
    chance, whole = dice(f"hostile {kind}"), picture(kind=kind)
    provider, broken = Measuring(Settings(max_image_pixels=10_000)), 0
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 2, 8])):
            content[chance.randrange(min(len(content), chance.choice([60, 10**6])))] = chance.randrange(256)
        try:
            decode(bytes(content), max_pixels=10_000)
        except BrokenPictureError:
            broken += 1
        else:
            assert "Measured" in provider.describe(bytes(content), "x")

    assert broken > 0
