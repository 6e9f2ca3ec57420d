"""Pictures: opened and decoded for real, because a header alone proves nothing."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import zlib
from collections.abc import Generator
from dataclasses import dataclass

from PIL import Image as Pillow

FORMATS = {
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
"""What is taken: Pillow's name, and the content type."""

# What Pillow's decoders raise about hostile bytes (NotImplementedError of a variant that they have not); reading
# from memory, no OSError is about a disk. A warning is one where the process is told to raise them.
_BROKEN = (
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
    zlib.error,
)

_TURNS = threading.BoundedSemaphore(2)
"""A decoded picture takes some bytes a pixel: however many threads there are, as many are decoded at once."""


class BrokenPictureError(Exception):
    """The bytes are no picture that can be looked at; the text says why."""


@dataclass(frozen=True)
class Picture:
    """What decoding told."""

    width: int
    height: int
    content_type: str


def decode(content: bytes, *, max_pixels: int) -> Picture:
    """Decode *content* whole, and tell what it is. Raises: BrokenPictureError."""
    with opened(content, max_pixels=max_pixels) as picture:
        return Picture(*picture.size, FORMATS[str(picture.format)])


@contextlib.contextmanager
def opened(content: bytes, *, max_pixels: int) -> Generator[Pillow.Image]:
    """The picture that *content* is, decoded whole.

    Raises:
        BrokenPictureError: it is broken, of a kind we do not take, or larger than *max_pixels*.
    """
    if not content:
        raise BrokenPictureError("The file is empty. Upload a whole picture.")
    try:
        with _TURNS, Pillow.open(io.BytesIO(content), formats=tuple(FORMATS)) as picture:
            width, height = picture.size
            if width * height > max_pixels:
                raise _too_large(f"{width * height:,}", max_pixels)
            picture.load()
            yield picture
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as problem:
        raise _too_large("far more", max_pixels) from problem
    except _BROKEN as problem:
        message = f"The {len(content):,} bytes cannot be decoded. Upload a whole {', '.join(FORMATS)} file."
        raise BrokenPictureError(message) from problem


def _too_large(pixels: str, most: int) -> BrokenPictureError:
    return BrokenPictureError(f"The picture has {pixels} pixels, the most we take is {most:,}. Scale it down.")
