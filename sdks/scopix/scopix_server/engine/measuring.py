"""The provider that comes with the server: it measures a picture, and says that it has recognised nothing.

A file whose name begins with "provider-down" or "provider-slow" meets the failure of that name.
"""

from __future__ import annotations

from itertools import starmap

from PIL import Image as Pillow, ImageFilter, ImageStat

from scopix_server.engine.pictures import opened
from scopix_server.engine.provider import ProviderDownError, ProviderSlowError
from scopix_server.settings import Settings

COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "red": (220, 30, 30),
    "orange": (240, 140, 20),
    "yellow": (240, 220, 40),
    "green": (30, 150, 50),
    "cyan": (40, 200, 210),
    "blue": (30, 60, 210),
    "purple": (130, 40, 160),
    "pink": (250, 150, 190),
    "brown": (120, 75, 40),
}
"""The names that colours get: each that of its nearest neighbour here."""

SMALL = 128
"""Colours and edges are measured on a copy with so many pixels along its longer side."""

SHARP, SOFT = 12.0, 4.0
"""The deviation of the edges from which on a picture is called sharp, or soft; below it is blurred, or plain."""

LEAST_SHARE = 0.1
"""The share of the pixels from which on a colour is told."""


class Measuring:
    """The provider with *settings*."""

    def __init__(self, settings: Settings) -> None:
        self._state = settings.vision_state
        self._max_pixels = settings.max_image_pixels

    def describe(self, content: bytes, filename: str) -> str:
        """What can be measured. Raises: ProviderDownError, ProviderSlowError, BrokenPictureError."""
        if self._state == "down" or filename.startswith("provider-down"):
            raise ProviderDownError("The vision provider is down. Try again in a few minutes.")
        if self._state == "slow" or filename.startswith("provider-slow"):
            raise ProviderSlowError("The vision provider did not answer in time. Try again with a smaller picture.")
        with opened(content, max_pixels=self._max_pixels) as picture:
            width, height = picture.size
            small = picture.convert("RGB")
        small.thumbnail((SMALL, SMALL))
        colours = ", ".join(starmap("{0} ({1:.0%})".format, dominant_colours(small)))
        return (
            f"Measured, not recognised: {width} x {height} pixels ({_shape(width, height)}); "
            f"mostly {colours}; {_sharpness(small)}."
        )


def dominant_colours(picture: Pillow.Image) -> list[tuple[str, float]]:
    """The colours of *picture* by name, each with its share of the pixels, the largest first."""
    shares: dict[str, float] = {}
    reduced = picture.quantize(16)
    palette = reduced.getpalette() or []
    pixels = picture.width * picture.height
    for count, index in reduced.getcolors(256) or []:
        if isinstance(index, int):
            name = _name(palette[3 * index : 3 * index + 3])
            shares[name] = shares.get(name, 0.0) + count / pixels
    ordered = sorted(shares.items(), key=lambda share: -share[1])
    return [share for share in ordered if share[1] >= LEAST_SHARE] or ordered[:1]


def _name(colour: list[int]) -> str:
    def distance(name: str) -> int:
        return sum((one - other) ** 2 for one, other in zip(colour, COLOURS[name], strict=True))

    return min(COLOURS, key=distance)


def _shape(width: int, height: int) -> str:
    return "square" if width == height else "landscape" if width > height else "portrait"


def _sharpness(picture: Pillow.Image) -> str:
    edges = picture.convert("L").filter(ImageFilter.FIND_EDGES)
    # The filter leaves the outermost pixels as they are, which are no edges.
    inner = edges.crop((1, 1, edges.width - 1, edges.height - 1)) if min(edges.size) > 2 else None
    deviation = ImageStat.Stat(inner).stddev[0] if inner is not None else 0.0
    word = "sharp" if deviation >= SHARP else "soft" if deviation >= SOFT else "blurred or plain"
    return f"{word} (edges deviate by {deviation:.1f})"
