"""Which colour is meant by a class: the dataset says so, or the class's own name does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PIL import ImageColor

from pictograph_server.datasets import DatasetClass

Colour = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""


def colour_of(name: str, classes: Iterable[DatasetClass]) -> Colour | None:
    """The colour of the class *name*: its `color` in *classes*, else the CSS colour in its name; None without either.

    Of several colour words the longest that can be put together counts: "dark red car" is darkred.
    """
    known = next((entry.color for entry in classes if entry.name == name and entry.color is not None), None)
    written = known or _colour_word(name)
    if written is None:
        return None
    red, green, blue, *_ = ImageColor.getrgb(written)
    return red, green, blue


def _colour_word(name: str) -> str | None:
    words = re.findall(r"[a-z]+", name.lower())
    runs = ["".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
    return max((run for run in runs if run in ImageColor.colormap), key=len, default=None)
