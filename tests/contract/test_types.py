from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Optional, Union

import pytest
from hypothesis import given, strategies as st

from failwell.contract.coercion import UnfitError, fit
from tests.contract.samples.strategies import JSON, of_type

FITS: list[tuple[Any, Any, Any]] = [
    (int, 5, 5),
    (int, "5", 5),
    (int, "+5", 5),
    (int, " -5\n", -5),
    (int, "9" * 400, int("9" * 400)),
    (int, 5.0, 5),
    (float, 5, 5.0),
    (float, "1.5", 1.5),
    (float, "1e3", 1000.0),
    (bool, "TRUE", True),
    (bool, "false", False),
    (str, "5", "5"),
    (int | str, "5", "5"),
    (int | str, 5, 5),
    (float | str | None, "1.5", "1.5"),
    (bool | str, "true", "true"),
    (int | None, None, None),
    (Optional[int], "5", 5),  # noqa: UP045 - the older form
    (Union[int, bool], True, True),  # noqa: UP007 - the older form
    (Literal["a", 1], 1, 1),
    (list[int], [1, "2", "x", None], [1, 2]),
    (Sequence[str], ["a", 1], ["a"]),
    (list, [1, "x"], [1, "x"]),
    (dict[str, int], {"a": "1", "b": []}, {"a": 1}),
    (Mapping[str, Any], {"a": [1]}, {"a": [1]}),
    (Any, {"a": None}, {"a": None}),
    (object, "x", "x"),
]

UNFITS: list[tuple[Any, Any]] = [
    (int, True),
    (int, 5.5),
    (int, "5.0"),
    (int, "+-5"),
    (int, "--5"),
    (int, "- 5"),
    (int, ""),
    (int, "+"),
    (int, "1_0"),
    (int, "٣"),
    (int, "²"),
    (int, "9" * 401),
    (int, "9" * 6000),
    (int, None),
    (int, [5]),
    (int, 1e400),
    (int, float("nan")),
    (float, True),
    (float, "nan"),
    (float, "-inf"),
    (float, "1_0"),
    (float, "٣"),
    (float, 10**400),
    (float, "9" * 6000),
    (float, ""),
    (bool, 1),
    (bool, "1"),
    (str, 5),
    (str, None),
    (int | None, "x"),
    (Literal["a", 1], True),
    (Literal["a", 1], "1"),
    (list[int], {"0": 1}),
    (list[int], "12"),
    (dict[str, int], [1]),
    (type(None), 0),
]


@pytest.mark.parametrize(("hint", "value", "expected"), FITS, ids=map(str, range(len(FITS))))
def test_what_fits(hint: Any, value: Any, expected: Any) -> None:
    """
    A value that can mean only one thing is read as the type of its field; odd entries do not hide the others.
    """
    found = fit(hint)(value)

    assert (expected, type(expected)) == (found, type(found))


@pytest.mark.parametrize(("hint", "value"), UNFITS, ids=map(str, range(len(UNFITS))))
def test_what_does_not(hint: Any, value: Any) -> None:
    """
    Any other value is `UnfitError`, and no other exception.
    """
    with pytest.raises(UnfitError):
        fit(hint)(value)


HINTS = [row[0] for row in FITS] + [bytes, tuple[int, ...], set[str], Mapping, Sequence]


@given(st.sampled_from(HINTS), JSON | st.floats() | st.text("+-0123456789_. eE"))
def test_anything_fits_or_not(hint: Any, value: Any) -> None:
    """
    Whatever arrives fits or is `UnfitError`.
    """
    with contextlib.suppress(UnfitError):
        fit(hint)(value)


@given(st.data())
def test_what_fits_stays(data: st.DataObject) -> None:
    """
    A value of the declared type is not changed by fitting it.
    """
    hint = data.draw(st.sampled_from([int, float, bool, str, int | str, str | None, list[str], dict[str, bool], Any]))
    value = data.draw(of_type(hint))

    assert value == fit(hint)(value)
