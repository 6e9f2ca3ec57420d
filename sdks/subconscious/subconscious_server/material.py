"""What a run brings along: texts to search, pictures to look at, and what of it cannot be read here."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field

from PIL import Image

from subconscious_server.outside import Fetch, OutsideError
from subconscious_server.search import Document
from subconscious_server.wire import Attachment, Base64Source, RunInput, Text, UrlSource

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


@dataclass(frozen=True)
class Picture:
    """What is known of a picture without looking at what it shows."""

    name: str
    format: str
    width: int
    height: int
    size: int

    def __str__(self) -> str:
        return f"{self.name} is a {self.format} of {self.width} x {self.height} pixels in {self.size:,} bytes."


@dataclass
class Material:
    """Documents, pictures, and *unread*: sentences about what could not be used."""

    documents: list[Document] = field(default_factory=list[Document])
    pictures: list[Picture] = field(default_factory=list[Picture])
    unread: list[str] = field(default_factory=list[str])


def material_of(given: RunInput, fetch: Fetch) -> Material:
    """All that *given* has of texts and pictures. *fetch* brings what lies at a URL."""
    found = Material([Document(f"resource {number}", text) for number, text in enumerate(given.resources, start=1)])
    for number, block in enumerate(given.content, start=1):
        if isinstance(block, Text):
            found.documents.append(Document(f"text {number}", block.text))
            continue
        name = block.filename or f"{block.type} {number}"
        try:
            _take(found, block, name, _content(block, fetch))
        except OutsideError as problem:
            found.unread.append(f"{name} was not read: {problem}")
    return found


def _content(block: Attachment, fetch: Fetch) -> bytes:
    if isinstance(block.source, Base64Source):
        return base64.b64decode(block.source.data)
    if isinstance(block.source, UrlSource):
        return fetch("GET", block.source.url)
    raise OutsideError("this server keeps no blobs. Send the bytes as base64.")


def _take(found: Material, block: Attachment, name: str, content: bytes) -> None:
    if block.type == "image":
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                picture = Picture(name, str(image.format), image.width, image.height, len(content))
        except (OSError, ValueError, Image.DecompressionBombError):
            found.unread.append(f"{name} was not read: it is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
        else:
            found.pictures.append(picture)
        return
    try:
        found.documents.append(Document(name, content.decode()))
    except UnicodeDecodeError:
        found.unread.append(f"{name} was not read: it is no text in UTF-8.")
