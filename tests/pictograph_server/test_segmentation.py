from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from pictograph_server.segmentation import FARTHEST, Mask, Pixels, find_regions

from .job_data import BLUE, RED, drawn

WHITE = (255, 255, 255)


def painted(mask: Mask) -> Pixels:
    """White pixels, red where *mask* is set."""
    pixels = np.full((*mask.shape, 3), 255, dtype=np.uint8)
    pixels[mask] = RED
    return pixels


def flooded(mask: Mask) -> list[frozenset[tuple[int, int]]]:
    """The components of *mask* in the slow and obvious way: sets of (row, column)."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    found: list[frozenset[tuple[int, int]]] = []
    while left:
        component, border = set[tuple[int, int]](), [left.pop()]
        while border:
            row, column = border.pop()
            component.add((row, column))
            for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if place in left:
                    left.remove(place)
                    border.append(place)
        found.append(frozenset(component))
    return found


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_components(height: int, width: int, share: float, seed: int) -> None:
    """
    The regions of any picture are exactly its components: each pixel, each box, each area.
    """
    mask = np.random.default_rng(seed).random((height, width)) < share

    (regions,) = find_regions(painted(mask), None, [RED])

    found = {
        frozenset((int(row) + region.top, int(column) + region.left) for row, column in np.argwhere(region.mask))
        for region in regions
    }
    assert set(flooded(mask)) == found
    assert sorted((len(component) for component in found), reverse=True) == [region.area for region in regions]
    assert {1.0} >= {region.confidence for region in regions}


def test_shapes_to_the_pixel() -> None:
    """
    Drawn shapes are found with boxes that are exact to the pixel, the largest first.
    """
    image = drawn(
        ("ellipse", (8, 8, 31, 31), RED), ("rectangle", (40, 10, 79, 49), RED), ("rectangle", (0, 71, 9, 71), RED)
    )

    (regions,) = find_regions(np.asarray(image), None, [RED])

    boxes = [(region.left, region.top, region.right, region.bottom) for region in regions]
    assert [(40, 10, 80, 50), (8, 8, 32, 32), (0, 71, 10, 72)] == boxes


@pytest.mark.parametrize(("second", "count"), [((20, 10, 29, 19), 1), ((20, 20, 29, 29), 2), ((21, 10, 29, 19), 2)])
def test_touching(second: tuple[int, int, int, int], count: int) -> None:
    """
    Shapes of one colour that share an edge are one region; at a corner, and with a pixel between, they are two.
    """
    image = drawn(("rectangle", (10, 10, 19, 19), RED), ("rectangle", second, RED))

    (regions,) = find_regions(np.asarray(image), None, [RED])

    assert count == len(regions)


def test_touching_colours() -> None:
    """
    Shapes of two similar colours that touch are told apart: a pixel belongs to the nearest.
    """
    image = drawn(("rectangle", (10, 10, 19, 19), RED), ("rectangle", (20, 10, 39, 19), (255, 0, 0)))

    firebrick, red = find_regions(np.asarray(image), None, [RED, (255, 0, 0)])

    assert [(10, 20, 1.0)] == [(region.left, region.right, region.confidence) for region in firebrick]
    assert [(20, 40, 1.0)] == [(region.left, region.right, region.confidence) for region in red]


def test_same_colour_twice() -> None:
    """
    Of two classes of one colour each finds everything.
    """
    pixels = np.asarray(drawn(("rectangle", (10, 10, 19, 19), RED)))

    assert [1, 1] == [len(regions) for regions in find_regions(pixels, None, [RED, RED])]


def test_noise() -> None:
    """
    Specks that cover less than a 5,000th of the picture are no regions; one of that size is.
    """
    mask = np.zeros((100, 100), dtype=np.bool_)
    mask[::10, ::10] = True

    assert [[]] == list(find_regions(painted(mask), None, [RED]))
    mask[50, 51] = True
    assert [2] == [region.area for region in next(find_regions(painted(mask), None, [RED]))]


@pytest.mark.parametrize(("off", "confidence"), [(0, 1.0), (32, 0.75), (64, 0.5), (127, 0.0078), (128, None)])
def test_confidence(off: int, confidence: float | None) -> None:
    """
    The confidence is 1 for exactly the colour, falls evenly with the distance, and at 128 nothing is found.
    """
    pixels = np.full((5, 5, 3), (100 + off, 100, 100), dtype=np.uint8)

    (regions,) = find_regions(pixels, None, [(100, 100, 100)])

    assert ([confidence] if confidence is not None else []) == [region.confidence for region in regions]
    assert 128 == FARTHEST


def test_invisible() -> None:
    """
    What cannot be seen is not looked at.
    """
    pixels = painted(np.ones((4, 4), dtype=np.bool_))
    visible = np.zeros((4, 4), dtype=np.bool_)
    visible[1, 1:3] = True

    (regions,) = find_regions(pixels, visible, [RED])

    assert [(1, 1, 3, 2)] == [(region.left, region.top, region.right, region.bottom) for region in regions]


def spiral(side: int) -> Mask:
    """One line that winds from the border to the middle."""
    mask = np.zeros((side, side), dtype=np.bool_)
    low, high = 0, side - 1
    while high > low:
        mask[low, low : high + 1] = mask[low : high + 1, high] = mask[high, low : high + 1] = True
        mask[low + 2 : high + 1, low] = True
        # The step inwards, to where the next round begins.
        mask[low + 2, low : low + 3] = True
        low, high = low + 2, high - 2
    return mask


@pytest.mark.parametrize("share", [0.3, 0.5, 0.593, 0.7])
def test_time_of_noise(share: float) -> None:
    """
    A million pixels of noise take seconds, whatever the density; near 0.593 the components are the most tangled.
    """
    pixels = painted(np.random.default_rng(1).random((1000, 1000)) < share)
    begun = time.monotonic()

    list(find_regions(pixels, None, [RED, BLUE]))

    assert 10 > time.monotonic() - begun


def test_time_of_a_spiral() -> None:
    """
    One component that winds through a million pixels is one region, within seconds.
    """
    mask = spiral(1000)
    begun = time.monotonic()

    (regions,) = find_regions(painted(mask), None, [RED])

    assert [int(mask.sum())] == [region.area for region in regions]
    assert 10 > time.monotonic() - begun
