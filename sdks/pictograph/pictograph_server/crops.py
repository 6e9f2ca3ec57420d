"""Crops: the parts of pictures that annotations mark, and the numbers that a classifier learns from."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

Numbers = npt.NDArray[np.float64]

_SIDE = 16
_BINS = 8


class CropError(Exception):
    """An annotation marks nothing that can be cut out of its picture."""


def is_crop(annotation: Mapping[str, Any]) -> bool:
    """Whether *annotation* marks an area: lines and points do not."""
    return annotation["type"] in {"bbox", "polygon"}


def features(content: bytes, filename: str, annotations: Iterable[Mapping[str, Any]]) -> Iterator[Numbers]:
    """One vector per annotation: its crop scaled to 16 x 16, and the histogram of its colours.

    Raises: CropError, if one lies outside of the picture; OSError, if the picture is broken.
    """
    with Pillow.open(io.BytesIO(content)) as stored:
        picture = stored.convert("RGB")
    for annotation in annotations:
        yield _vector(_cut(picture, filename, annotation))


def _cut(picture: Pillow.Image, filename: str, annotation: Mapping[str, Any]) -> Pillow.Image:
    box = annotation["bounding_box"]
    left, top = max(0, math.floor(box["x"])), max(0, math.floor(box["y"]))
    right, bottom = math.ceil(box["x"] + box["w"]), math.ceil(box["y"] + box["h"])
    right, bottom = min(picture.width, right), min(picture.height, bottom)
    if left >= right or top >= bottom:
        place = f"x={box['x']:g}, y={box['y']:g}, w={box['w']:g}, h={box['h']:g}"
        raise CropError(
            f'An annotation "{annotation["name"]}" of {filename} ({place}) lies outside of the picture, '
            f"which has {picture.width} x {picture.height} pixels. Correct it, and export again."
        )
    return picture.crop((left, top, right, bottom))


def _vector(crop: Pillow.Image) -> Numbers:
    small = np.asarray(crop.resize((_SIDE, _SIDE)), dtype=np.float64) / 255.0
    # Pillow counts 256 values for each of three channels; neighbours are put together.
    counts = np.array(crop.histogram(), dtype=np.float64).reshape(3 * _BINS, -1).sum(axis=1)
    return np.concatenate([small.ravel(), counts / (crop.width * crop.height)])
