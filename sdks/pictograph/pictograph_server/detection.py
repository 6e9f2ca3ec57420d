"""What a batch auto-annotation sees in a picture: regions of the colours of its classes, as annotations."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from PIL import Image as Pillow
from pydantic import BaseModel

from pictograph_server.colours import Colour
from pictograph_server.outlines import outline
from pictograph_server.pictures import opened
from pictograph_server.segmentation import Mask, Pixels, Region, find_regions

OutputType = Literal["polygon", "bbox", "tag"]

_MOST_PIXELS = 1_000_000
_OPAQUE = 128


class Wanted(BaseModel):
    """A class to look for: by what colour, and as what it is marked."""

    name: str
    output_type: OutputType
    colour: Colour


class Search(BaseModel):
    """What to look for, and what of it is kept: at least *confidence_threshold*, the *top_k* largest of each class.

    Without *top_k*, and with 0, all are kept.
    """

    classes: list[Wanted]
    confidence_threshold: float
    top_k: int | None


def detect(content: bytes, search: Search, *, max_pixels: int) -> list[dict[str, Any]]:
    """The annotations of what *search* finds in the picture *content*, class by class, the largest first.

    More than a million pixels are scaled down by a whole number first; the edges are then exact to that number.
    Raises: ValidationError, if the picture is broken or larger than *max_pixels*.
    """
    with opened(content, max_pixels=max_pixels) as picture:
        size = picture.size
        scale = math.ceil(math.sqrt(picture.width * picture.height / _MOST_PIXELS))
        pixels, visible = _scaled(picture, scale)
    found = find_regions(pixels, visible, [wanted.colour for wanted in search.classes])
    annotations: list[dict[str, Any]] = []
    for wanted, regions in zip(search.classes, found, strict=True):
        sure = [region for region in regions if region.confidence >= search.confidence_threshold]
        annotations += _marked(wanted, sure[: search.top_k or None], size, scale)
    return annotations


def _scaled(picture: Pillow.Image, scale: int) -> tuple[Pixels, Mask | None]:
    """The colours of *picture* at 1 : *scale*, and what of it can be seen, if not all."""
    if picture.mode.startswith("I"):
        # 16 bits of grey, which Pillow would cut to 8 instead of scaling them.
        grey: Pixels = (np.clip(np.asarray(picture), 0, 65_535) // 256).astype(np.uint8)
        picture = Pillow.fromarray(grey)
    plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    array: Pixels = np.asarray(plain.reduce(scale) if scale > 1 else plain)
    return array[:, :, :3], array[:, :, 3] >= _OPAQUE if array.shape[2] > 3 else None


def _marked(wanted: Wanted, regions: list[Region], size: tuple[int, int], scale: int) -> list[dict[str, Any]]:
    if wanted.output_type == "polygon":
        return [_polygon(wanted.name, region, size, scale) for region in regions]
    if wanted.output_type == "bbox":
        return [_box(wanted.name, region, size, scale) for region in regions]
    if not regions:
        return []
    # No annotation is about a whole picture, but a box can be as large as one.
    width, height = size
    whole = {"x": 0, "y": 0, "w": width, "h": height}
    sureness = max(region.confidence for region in regions)
    tag = {"name": wanted.name, "type": "bbox", "bounding_box": whole, "confidence": sureness}
    return [tag | {"attributes": {"tag": True}}]


def _box(name: str, region: Region, size: tuple[int, int], scale: int) -> dict[str, Any]:
    left, top = region.left * scale, region.top * scale
    # The last column and row of a scaled picture stand for what was left over.
    right, bottom = min(region.right * scale, size[0]), min(region.bottom * scale, size[1])
    box = {"x": left, "y": top, "w": right - left, "h": bottom - top}
    return {"name": name, "type": "bbox", "bounding_box": box, "confidence": region.confidence}


def _polygon(name: str, region: Region, size: tuple[int, int], scale: int) -> dict[str, Any]:
    corner = np.array([region.left, region.top])
    points = np.minimum((outline(region.mask) + corner) * scale, size)
    return {"name": name, "type": "polygon", "polygon": points.tolist(), "confidence": region.confidence}
