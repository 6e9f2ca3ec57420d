from __future__ import annotations

import pytest

from pictograph_server.colours import colour_of
from pictograph_server.datasets import DatasetClass

KNOWN = [DatasetClass(name="circle", color="#B22222"), DatasetClass(name="red car"), DatasetClass(name="red sky")]


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("circle", (178, 34, 34)),
        ("red car", (255, 0, 0)),
        ("steelblue", (70, 130, 180)),
        ("Steel Blue", (70, 130, 180)),
        ("dark red car", (139, 0, 0)),
        ("light-goldenrod_yellow", (250, 250, 210)),
        ("car, RED", (255, 0, 0)),
        ("Circle", None),
        ("credit", None),
        ("", None),
        ("日本", None),
    ],
)
def test_colour(name: str, colour: tuple[int, int, int] | None) -> None:
    """
    A class has the colour that the dataset gives it, else the CSS colour whose words stand in its name.
    """
    assert colour == colour_of(name, KNOWN)


def test_dataset_before_name() -> None:
    """
    What the dataset says counts more than the name.
    """
    assert (0, 0, 255) == colour_of("red", [DatasetClass(name="red", color="#0000ff")])
