"""Pictures: opened and decoded for real, because a header alone proves nothing."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Generator
from dataclasses import dataclass

from PIL import Image as Pillow

from pictograph_server.rejections import invalid_field

CONTENT_TYPES = {
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/tiff": "TIFF",
    "image/webp": "WEBP",
}
_FORMATS = tuple(CONTENT_TYPES.values())
_NAMES = {kind: content_type for content_type, kind in CONTENT_TYPES.items()}

# What Pillow's decoders raise about hostile bytes (NotImplementedError of a variant that they have not); reading
# from memory, no OSError is about a disk.
_BROKEN = (
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Picture:
    """What decoding told."""

    width: int
    height: int
    content_type: str


def decode(content: bytes, *, max_pixels: int) -> Picture:
    """Decode *content* whole, and tell what it is.

    Raises: ValidationError, if it is broken, of a kind we do not take, or larger than *max_pixels*.
    """
    with opened(content, max_pixels=max_pixels) as picture:
        width, height = picture.size
        return Picture(width, height, _NAMES[str(picture.format)])


@contextlib.contextmanager
def opened(content: bytes, *, max_pixels: int) -> Generator[Pillow.Image]:
    """The picture that *content* is, decoded whole.

    Raises: ValidationError, like `decode`; also if the block comes upon what cannot be converted.
    """
    try:
        with Pillow.open(io.BytesIO(content), formats=_FORMATS) as picture:
            width, height = picture.size
            if width * height > max_pixels:
                raise _too_large(width * height, max_pixels)
            picture.load()
            yield picture
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as problem:
        raise _too_large(None, max_pixels) from problem
    except _BROKEN as problem:
        msg = f"The {len(content)} bytes are not a picture that can be decoded. Upload a whole {', '.join(_FORMATS)}"
        raise invalid_field(["body", "filename"], msg, "image_broken") from problem


def _too_large(pixels: int | None, max_pixels: int) -> Exception:
    size = f"{pixels}" if pixels is not None else "far more"
    msg = f"The picture has {size} pixels, the most we take is {max_pixels}. Scale it down"
    return invalid_field(["body", "filename"], msg, "image_too_large")
