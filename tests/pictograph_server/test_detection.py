from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from pictograph.exceptions import ValidationError
from pictograph_server.annotation_rules import check_annotations
from pictograph_server.detection import Search, detect

from .api import picture
from .job_data import BLUE, RED, drawn, saved

CIRCLE = ("ellipse", (8, 8, 31, 31), RED)
SQUARE = ("rectangle", (40, 10, 63, 33), BLUE)
LARGE = ("rectangle", (10, 40, 49, 69), BLUE)


def search(*classes: tuple[str, str, tuple[int, int, int]], threshold: float = 0.5, top_k: int | None = None) -> Search:
    """A search for *classes*: name, output type and colour of each."""
    wanted = [{"name": name, "output_type": kind, "colour": colour} for name, kind, colour in classes]
    return Search.model_validate({"classes": wanted, "confidence_threshold": threshold, "top_k": top_k})


def boxes(content: bytes, *, colour: tuple[int, int, int] = RED, **more: Any) -> list[tuple[float, ...]]:
    """The boxes around what is of *colour*: x, y, w and h of each."""
    found = detect(content, search(("c", "bbox", colour), **more), max_pixels=50_000_000)
    return [tuple(annotation["bounding_box"].values()) for annotation in found]


def test_boxes_and_polygons() -> None:
    """
    Each class is marked as asked, in the order of the classes, and all of it is valid as annotations.
    """
    wanted = search(("square", "bbox", BLUE), ("circle", "polygon", RED), ("square", "polygon", BLUE))

    found = detect(saved(drawn(CIRCLE, SQUARE)), wanted, max_pixels=10_000)

    assert [("square", "bbox", 1.0), ("circle", "polygon", 1.0), ("square", "polygon", 1.0)] == [
        (entry["name"], entry["type"], entry["confidence"]) for entry in found
    ]
    assert {"x": 40, "y": 10, "w": 24, "h": 24} == found[0]["bounding_box"]
    assert [[40.0, 10.0], [64.0, 10.0], [64.0, 34.0], [40.0, 34.0]] == found[2]["polygon"]
    kept, problems = check_annotations(found, most=10)
    assert [] == problems
    assert {"x": 8.0, "y": 8.0, "w": 24.0, "h": 24.0} == kept[1]["bounding_box"]


def test_tag() -> None:
    """
    A tag is one box as large as the picture, with the highest confidence, and only where something was found.
    """
    wanted = search(("circle", "tag", RED), ("square", "tag", BLUE), ("gold", "tag", (255, 215, 0)))
    near = ("rectangle", (70, 50, 89, 69), (178, 34, 66))

    found = detect(saved(drawn(CIRCLE, SQUARE, LARGE, near)), wanted, max_pixels=10_000)

    whole = {"type": "bbox", "bounding_box": {"x": 0, "y": 0, "w": 96, "h": 72}, "attributes": {"tag": True}}
    assert [whole | {"name": name, "confidence": 1.0} for name in ("circle", "square")] == found
    assert ([], 2) == (check_annotations(found, most=10)[1], len(check_annotations(found, most=10)[0]))


@pytest.mark.parametrize(("top_k", "count"), [(None, 2), (0, 2), (1, 1), (2, 2), (3, 2)])
def test_top_k(top_k: int | None, count: int) -> None:
    """
    `top_k` keeps the largest of each class; without it, and with 0, all are kept.
    """
    found = boxes(saved(drawn(SQUARE, LARGE)), colour=BLUE, top_k=top_k)

    assert [(10, 40, 40, 30), (40, 10, 24, 24)][:count] == found


@pytest.mark.parametrize(("threshold", "count"), [(0.0, 2), (0.75, 2), (0.76, 1), (1.0, 1)])
def test_threshold(threshold: float, count: int) -> None:
    """
    What is less certain than the threshold is left out, before the largest are chosen.
    """
    near = ("rectangle", (10, 40, 49, 69), (70, 130, 212))

    found = boxes(saved(drawn(SQUARE, near)), colour=BLUE, threshold=threshold, top_k=2)

    assert [(10, 40, 40, 30), (40, 10, 24, 24)][-count:] == found


@pytest.mark.parametrize(("kind", "how"), [("BMP", {}), ("GIF", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_formats(kind: str, how: dict[str, Any]) -> None:
    """
    Every format gives the same box; a palette does not matter.
    """
    assert [(8, 8, 24, 24)] == boxes(saved(drawn(CIRCLE), kind, **how))


def test_jpeg() -> None:
    """
    What JPEG does to the edges moves a box by a pixel at most, and splits nothing.
    """
    (found,) = boxes(saved(drawn(CIRCLE), "JPEG", quality=75))

    assert all(abs(given - expected) <= 2 for given, expected in zip(found, (8, 8, 24, 24), strict=True))


def test_palette() -> None:
    """
    A picture with a palette is looked at in its colours.
    """
    assert [(8, 8, 24, 24)] == boxes(saved(drawn(CIRCLE).quantize(4)))


def test_transparent() -> None:
    """
    Pixels that can hardly be seen are not there, whatever colour they would have.
    """
    image = drawn(CIRCLE).convert("RGBA")
    image.putalpha(127)
    image.paste((*RED, 128), (60, 20, 70, 26))

    assert [(60, 20, 10, 6)] == boxes(saved(image))


def test_transparent_palette() -> None:
    """
    The colour that a GIF declares transparent is not there.
    """
    image = drawn(CIRCLE, SQUARE).quantize(4)
    red = image.getpixel((20, 20))

    content = saved(image, "GIF", transparency=red)

    assert ([], [(40, 10, 24, 24)]) == (boxes(content), boxes(content, colour=BLUE))


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16"])
def test_greyscale(mode: str) -> None:
    """
    Black is found in pictures of greys: of one bit, of 8 and of 16, with and without transparency.
    """
    image = drawn(("rectangle", (40, 10, 63, 33), "black")).convert("L")
    if mode == "I;16":
        image = Pillow.fromarray(np.asarray(image).astype(np.uint16) * 257)

    assert [(40, 10, 24, 24)] == boxes(saved(image if mode == "I;16" else image.convert(mode)), colour=(0, 0, 0))


def test_16_bit_grey() -> None:
    """
    Middle grey of 16 bits is middle grey, not white.
    """
    image = Pillow.fromarray(np.full((8, 8), 128 * 256, dtype=np.uint16))

    assert [(0, 0, 8, 8)] == boxes(saved(image), colour=(128, 128, 128), threshold=1.0)


@pytest.mark.parametrize(("colour", "found"), [("#b22222", 2), ("white", 0)])
def test_one_pixel(colour: str, found: int) -> None:
    """
    A picture of one pixel has one region or none, which is valid as a box and as a polygon.
    """
    wanted = search(("c", "bbox", RED), ("c", "polygon", RED))

    annotations = detect(picture(colour, (1, 1)), wanted, max_pixels=10)

    kept, problems = check_annotations(annotations, most=10)
    assert ([], [{"x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0}] * found) == (
        problems,
        [entry["bounding_box"] for entry in kept],
    )


def test_nothing() -> None:
    """
    A picture without the colour has no annotations.
    """
    assert [] == boxes(picture("white"))


def test_large_picture() -> None:
    """
    40 million pixels take seconds; boxes are exact to the number by which it was scaled down, here 7.
    """
    image = Pillow.new("RGB", (8000, 5000), "white")
    for x, y in ((700, 1400), (4003, 3001), (7990, 4990)):
        image.paste(RED, (x, y, x + 1000, y + 700))
    content = saved(image, compress_level=1)
    begun = time.monotonic()

    found = boxes(content)

    expected = [(700, 1400, 1000, 700), (4003, 3001, 1000, 700)]
    assert len(expected) == len(found)
    for given, exact in zip(sorted(found), expected, strict=True):
        assert all(abs(one - other) <= 14 for one, other in zip(given, exact, strict=True))
    assert 20 > time.monotonic() - begun


def test_edge_of_a_large_picture() -> None:
    """
    What reaches the edge of a scaled picture ends at the edge, not beyond it.
    """
    image = Pillow.new("RGB", (1501, 1003), RED)

    found = detect(saved(image), search(("c", "bbox", RED), ("c", "polygon", RED)), max_pixels=2_000_000)

    assert {"x": 0, "y": 0, "w": 1501, "h": 1003} == found[0]["bounding_box"]
    assert [[0.0, 0.0], [1501.0, 0.0], [1501.0, 1003.0], [0.0, 1003.0]] == found[1]["polygon"]


@pytest.mark.parametrize("size", [(3_000_000, 1), (1, 3_000_000)])
def test_narrow_picture(size: tuple[int, int]) -> None:
    """
    A picture of one row or one column is found whole, however long.
    """
    assert [(0, 0, *size)] == boxes(saved(Pillow.new("RGB", size, RED)))


@pytest.mark.parametrize("content", [b"", b"broken", picture()[:-40]])
def test_broken(content: bytes) -> None:
    """
    A broken picture is a ValidationError.
    """
    with pytest.raises(ValidationError):
        boxes(content)


def test_too_many_pixels() -> None:
    """
    A picture with more pixels than allowed is a ValidationError.
    """
    with pytest.raises(ValidationError, match="most we take is 100"):
        detect(picture(), search(("c", "bbox", RED)), max_pixels=100)
