"""Inputs that are more than text: images, sounds and files, from the disk, from memory or from elsewhere.

Each makes a block for `input["content"]`: `{"content": [Text("What is it?"), Image.from_path("cat.png")]}`.
"""

from __future__ import annotations

import base64
import mimetypes
import os
from pathlib import Path
from typing import Any, ClassVar

from subconscious.exceptions import ValidationError

Block = dict[str, Any]

IMAGES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
"""The images that the API takes, each with the bytes that it begins with."""


def Text(text: str) -> Block:  # noqa: N802 - a block like the others
    """Text."""
    return {"type": "text", "text": text}


class _Blocks:
    """The ways to make blocks of one kind."""

    kind: ClassVar[str]

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], *, mime: str | None = None) -> Block:
        """A block with the content of the file *path*.

        Raises:
            OSError: the file cannot be read.
            ValidationError: it is of a kind that the API does not take.
        """
        return cls._of(Path(path).read_bytes(), mime or mimetypes.guess_type(os.fspath(path))[0], Path(path).name)

    @classmethod
    def from_bytes(cls, data: bytes, *, mime: str | None = None, name: str | None = None) -> Block:
        """A block with *data*; an image says by itself of which *mime* type it is.

        Raises:
            ValidationError: it is of a kind that the API does not take.
        """
        return cls._of(data, mime, name)

    @classmethod
    def from_url(cls, url: str, *, mime: str | None = None) -> Block:
        """A block that names where the server finds the content."""
        return {"type": cls.kind, "source": {"kind": "url", "url": url, **({"mime": mime} if mime else {})}}

    @classmethod
    def from_blob(cls, blob_key: str, *, mime: str) -> Block:
        """A block that names content which the server has already."""
        return {"type": cls.kind, "source": {"kind": "blob_ref", "blob_key": blob_key, "mime": mime}}

    @classmethod
    def _of(cls, data: bytes, mime: str | None, name: str | None) -> Block:
        source = {"kind": "base64", "data": base64.b64encode(data).decode(), "mime": cls._checked(data, mime, name)}
        return {"type": cls.kind, "source": source}

    @classmethod
    def _checked(cls, data: bytes, mime: str | None, name: str | None) -> str:
        """The type of *data*: *mime*, or what it looks like."""
        if mime is None or not data:
            what = f"{name!r} has no known type" if data else f"{name or 'The content'!r} is empty"
            raise ValidationError(f"{what}. Pass mime=, or another {cls.kind}.").received(None)
        return mime


class Image(_Blocks):
    """Images: PNG, JPEG, GIF and WebP."""

    kind = "image"

    @classmethod
    def _checked(cls, data: bytes, mime: str | None, name: str | None) -> str:
        found = next((known for known, begins in IMAGES.items() if data.startswith(begins)), None)
        if found == "image/webp" and data[8:12] != b"WEBP":
            found = None
        if found is None:
            what = repr(name) if name else f"The image ({len(data)} bytes)"
            refused = f"{what} is no image that the API takes. Send a PNG, JPEG, GIF or WebP."
            raise ValidationError(refused).received(None)
        return found


class Audio(_Blocks):
    """Sounds."""

    kind = "audio"


class File(_Blocks):
    """Files of any type; their name goes along."""

    kind = "file"

    @classmethod
    def _of(cls, data: bytes, mime: str | None, name: str | None) -> Block:
        block = super()._of(data, mime or "application/octet-stream", name)
        return {**block, "filename": name} if name else block
