from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image as Pillow, ImageDraw

from pictograph_server.outlines import Points, outline
from pictograph_server.segmentation import Mask, find_regions

from .job_data import RED


def mask_of(*rows: str) -> Mask:
    """A mask drawn with "#"."""
    return np.array([[cell == "#" for cell in row] for row in rows])


def area(points: Points) -> float:
    """What a polygon encloses; more than 0 if it runs clockwise on a picture."""
    x, y = points.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def filled(mask: Mask) -> Mask:
    """*mask* without its holes: what cannot be reached from outside, not even across a corner."""
    inside = np.ones((mask.shape[0] + 2, mask.shape[1] + 2), dtype=np.bool_)
    border = [(0, 0)]
    while border:
        row, column = border.pop()
        inside[row, column] = False
        around = [(row + down, column + along) for down in (-1, 0, 1) for along in (-1, 0, 1)]
        for place in around:
            free = 0 <= min(place) and place[0] < inside.shape[0] and place[1] < inside.shape[1]
            if free and inside[place] and not np.pad(mask, 1)[place]:
                inside[place] = False
                border.append(place)
    return inside[1:-1, 1:-1]


def edge_length(mask: Mask) -> int:
    """How many sides of pixels lie between what is in *mask* and what is not."""
    padded = np.pad(mask, 1)
    return int((padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum())


@pytest.mark.parametrize(
    ("rows", "corners"),
    [
        (["#"], [(0, 0), (1, 0), (1, 1), (0, 1)]),
        (["###"], [(0, 0), (3, 0), (3, 1), (0, 1)]),
        (["#", "#"], [(0, 0), (1, 0), (1, 2), (0, 2)]),
        (["####", "####"], [(0, 0), (4, 0), (4, 2), (0, 2)]),
        (["#...", "#...", "####", "####"], [(0, 0), (1, 0), (1, 2), (4, 2), (4, 4), (0, 4)]),
        (["..##", "..##", "####", "####"], [(2, 0), (4, 0), (4, 4), (0, 4), (0, 2), (2, 2)]),
        (["####", "#..#", "####"], [(0, 0), (4, 0), (4, 3), (0, 3)]),
    ],
)
def test_corners(rows: list[str], corners: list[tuple[int, int]]) -> None:
    """
    Shapes with right angles keep exactly their corners, clockwise; holes are left out.
    """
    assert corners == [tuple(point) for point in outline(mask_of(*rows))]


@pytest.mark.parametrize("side", [5, 24, 100, 301])
def test_circles(side: int) -> None:
    """
    The outline of a drawn circle takes few points, and encloses nearly what the circle does.
    """
    image = Pillow.new("1", (side, side))
    ImageDraw.Draw(image).ellipse((0, 0, side - 1, side - 1), fill=1)
    mask = np.asarray(image)

    points = outline(mask)

    assert 4 * side >= len(points)
    assert 0.1 > abs(area(points) / mask.sum() - 1)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 16), st.integers(1, 16), st.floats(0.3, 1), st.integers(0, 2**32 - 1))
def test_any_component(height: int, width: int, share: float, seed: int) -> None:
    """
    The outline of any component is a polygon with an area, within the component's box, and never far from its edge.
    """
    mask = np.random.default_rng(seed).random((height, width)) < share
    pixels = np.where(mask[:, :, None], np.array(RED, dtype=np.uint8), np.uint8(255)).astype(np.uint8)

    for region in next(find_regions(pixels, None, [RED])):
        points = outline(region.mask)

        assert len(points) > 2
        assert (0, 0) <= tuple(points.min(axis=0))
        assert all(points.max(axis=0) <= region.mask.shape[::-1])
        assert all(points.max(axis=0) > points.min(axis=0))
        whole = filled(region.mask)
        assert abs(area(points) - whole.sum()) <= 0.7 * edge_length(whole)


def test_ragged_outline() -> None:
    """
    A component with a hundred thousand corners gets at most 1,000 points, within seconds.
    """
    mask = np.random.default_rng(2).random((1000, 1000)) < 0.62
    pixels = np.where(mask[:, :, None], np.array(RED, dtype=np.uint8), np.uint8(255)).astype(np.uint8)
    region = next(find_regions(pixels, None, [RED]))[0]
    begun = time.monotonic()

    points = outline(region.mask)

    assert 3 <= len(points) <= 1000
    assert 20 > time.monotonic() - begun


def test_comb() -> None:
    """
    Where so much must be left out that nothing would be left, the box stands for it.
    """
    mask = np.zeros((2, 9001), dtype=np.bool_)
    mask[1] = mask[0, ::2] = True

    points = outline(mask)

    assert 3 <= len(points) <= 1000
    assert (0, 0, 9001, 2) == (*points.min(axis=0), *points.max(axis=0))
