"""Regions of one colour: pixels close to it, gathered into connected components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pictograph_server.colours import Colour

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_Ints = npt.NDArray[np.int64]

FARTHEST = 128
"""How far from a colour in RGB a pixel may be and still be of it: a confidence of 0."""

SMALLEST_SHARE = 1 / 5000
"""What covers less of a picture is noise."""


@dataclass(frozen=True)
class Region:
    """A connected part of a picture. *right* and *bottom* are the first column and row outside of it.

    *confidence* is 1.0 where every pixel has exactly the colour, and falls with their mean distance to 0.0 at
    `FARTHEST`. *mask* tells which pixels of the box belong to it.
    """

    left: int
    top: int
    right: int
    bottom: int
    area: int
    confidence: float
    mask: Mask


def find_regions(pixels: Pixels, visible: Mask | None, colours: Sequence[Colour]) -> Iterator[list[Region]]:
    """For each of *colours* its regions in *pixels* (height x width x RGB), the largest first.

    A pixel belongs to the nearest of *colours*, to several if they are equally near, and to none where it is not
    *visible*. Pixels belong together where they share an edge; touching at a corner is not enough.
    """
    nearest = _squares(pixels, colours[0])
    for colour in colours[1:]:
        np.minimum(nearest, _squares(pixels, colour), out=nearest)
    close = nearest < FARTHEST**2
    if visible is not None:
        close &= visible
    for colour in colours:
        # The squares are whole numbers, so equal means equal.
        yield _regions(close & (_squares(pixels, colour) == nearest), nearest)


def _squares(pixels: Pixels, colour: Colour) -> npt.NDArray[np.int32]:
    """The square of each pixel's distance to *colour*."""
    total = np.zeros(pixels.shape[:2], dtype=np.int32)
    for channel, value in enumerate(colour):
        difference = pixels[:, :, channel].astype(np.int32) - value
        total += difference * difference
    return total


def _regions(mask: Mask, squares: npt.NDArray[np.int32]) -> list[Region]:
    rows, starts, ends = _runs(mask)
    if not len(rows):
        return []
    width = mask.shape[1]
    labels = _joined(len(rows), *_overlaps(rows, starts, ends, width))
    order = np.argsort(labels, kind="stable")
    rows, starts, ends = rows[order], starts[order], ends[order]
    firsts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    areas = np.add.reduceat(ends - starts, firsts)
    # A run's sum is the difference of two running totals.
    totals = np.concatenate([[0.0], np.cumsum(np.sqrt(squares, dtype=np.float64) * mask)])
    distances = np.add.reduceat(totals[rows * width + ends] - totals[rows * width + starts], firsts)
    found: list[Region] = []
    lasts = np.append(firsts[1:], len(rows))
    # Largest first; of two that are equal, the upper one.
    for index in np.argsort(-areas, kind="stable"):
        area = int(areas[index])
        if area < mask.size * SMALLEST_SHARE:
            break
        part = slice(firsts[index], lasts[index])
        found.append(_region(rows[part], starts[part], ends[part], area, float(distances[index]) / area))
    return found


def _region(rows: _Ints, starts: _Ints, ends: _Ints, area: int, distance: float) -> Region:
    left, right = int(starts.min()), int(ends.max())
    top, bottom = int(rows.min()), int(rows.max()) + 1
    # +1 where a run begins, -1 behind its end: their running sum is the mask.
    steps = np.zeros((bottom - top, right - left + 1), dtype=np.int8)
    steps[rows - top, starts - left] = 1
    steps[rows - top, ends - left] = -1
    mask: Mask = np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1].astype(np.bool_)
    confidence = round(max(0.0, 1 - distance / FARTHEST), 4)
    return Region(left, top, right, bottom, area, confidence, mask)


def _runs(mask: Mask) -> tuple[_Ints, _Ints, _Ints]:
    """The runs of set pixels, row by row: the row of each, where it starts, and where it has ended."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return rows.astype(np.int64), starts.astype(np.int64), np.nonzero(edges == -1)[1].astype(np.int64)


def _overlaps(rows: _Ints, starts: _Ints, ends: _Ints, width: int) -> tuple[_Ints, _Ints]:
    """All pairs of runs of which one lies above the other."""
    above = (rows - 1) * (width + 1)
    first = np.searchsorted(rows * (width + 1) + ends, above + starts, side="right")
    behind = np.searchsorted(rows * (width + 1) + starts, above + ends, side="left")
    counts = np.maximum(behind - first, 0)
    lower = np.repeat(np.arange(len(rows)), counts)
    # 0, 1, 2, ... anew for each run, counted from the first run above it.
    nth = np.arange(len(lower)) - np.repeat(np.cumsum(counts) - counts, counts)
    return lower, np.repeat(first, counts) + nth


def _joined(count: int, ones: _Ints, others: _Ints) -> _Ints:
    """For each of *count* runs the smallest run that it hangs together with.

    In each round every group that touches a smaller one joins it, so the groups that are left at least halve.
    """
    labels: _Ints = np.arange(count)
    while len(ones):
        low, high = np.minimum(labels[ones], labels[others]), np.maximum(labels[ones], labels[others])
        np.minimum.at(labels, high, low)
        while not np.array_equal(shorter := labels[labels], labels):
            labels = shorter
        apart = labels[ones] != labels[others]
        ones, others = ones[apart], others[apart]
    return labels
