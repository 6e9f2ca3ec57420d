"""Outlines: around the pixels of a region, with as few points as it takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pictograph_server.segmentation import Mask

Points = npt.NDArray[np.float64]

# Just under half a pixel's diagonal: stairs become lines, and the four corners of a single pixel stay.
_TOLERANCE = 0.7
_MOST_POINTS = 1000
_MOST_CORNERS = 20_000

_EAST = 0


def outline(mask: Mask) -> Points:
    """The outer edge of the one region in *mask* as rows of x and y, clockwise, without the last point again.

    Straight lines are kept to 0.7 pixels, less exactly where it takes more than 1,000 points. Holes are left out.
    """
    corners = _trace(mask)
    # A ragged edge of that length is noise; what it is simplified to hardly depends on each of its corners.
    corners = corners[:: len(corners) // _MOST_CORNERS + 1]
    tolerance = _TOLERANCE
    while len(kept := _simplified(corners, tolerance)) > _MOST_POINTS:
        corners, tolerance = kept, 2 * tolerance
    return kept if len(kept) > 2 else _box(mask)


def _trace(mask: Mask) -> Points:
    """Where the edge turns. It is followed with the region on the right hand."""
    cells = np.pad(mask, 1).tobytes()
    across = mask.shape[1] + 2
    # Seen from a corner that is named after the pixel below and to the right of it.
    ahead = (1, across, -1, -across)
    left = (-across, 0, -1, -across - 1)
    right = (0, -1, -across - 1, -across)
    start = place = across + 1 + int(np.argmax(mask[0]))
    heading, turns = _EAST, [start]
    while True:
        place += ahead[heading]
        if not cells[place + right[heading]]:
            heading = (heading + 1) % 4
        elif cells[place + left[heading]]:
            heading = (heading - 1) % 4
        else:
            continue
        if place == start and heading == _EAST:
            break
        turns.append(place)
    down, along = np.divmod(np.array(turns), across)
    return np.column_stack([along - 1, down - 1]).astype(np.float64)


def _simplified(ring: Points, tolerance: float) -> Points:
    """*ring* without the points that lie within *tolerance* of what is left (Douglas and Peucker)."""
    closed = np.vstack([ring, ring[:1]])
    far = int(np.argmax(np.hypot(*(ring - ring[0]).T)))
    keep = np.zeros(len(closed), dtype=np.bool_)
    keep[[0, far]] = True
    left = [(0, far), (far, len(ring))]
    while left:
        first, last = left.pop()
        if last - first < 2:
            continue
        along = closed[last] - closed[first]
        offsets = closed[first + 1 : last] - closed[first]
        length = float(np.hypot(*along))
        # From a line, or from the one point if both ends are the same.
        crossed = np.abs(along[0] * offsets[:, 1] - along[1] * offsets[:, 0])
        distances = crossed / length if length else np.hypot(*offsets.T)
        worst = int(np.argmax(distances))
        if distances[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            left += [(first, middle), (middle, last)]
    return ring[keep[:-1]]


def _box(mask: Mask) -> Points:
    height, width = mask.shape
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
