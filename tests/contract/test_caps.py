from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell._support import truncation
from tests.contract.samples.strategies import bytes_of_text

LARGE_TEXT = st.builds(
    lambda text, times: text * times, st.text(st.characters(), min_size=1, max_size=8), st.integers(1, 900)
)
LARGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | LARGE_TEXT,
    lambda parts: st.lists(parts, max_size=150) | st.dictionaries(LARGE_TEXT, parts, max_size=150),
    max_leaves=150,
)


@given(LARGE_TEXT, st.integers(3, 5000))
def test_text_is_cut_once(text: str, limit: int) -> None:
    """
    A text is cut to so many bytes of UTF-8, is printable then, and cutting it again changes nothing.
    """
    cut = truncation.text(text, limit)

    assert len(cut.encode()) <= limit
    assert cut == truncation.text(cut, limit)
    assert cut == text or cut.endswith("…") or "\ufffd" in cut


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 2048, "x" * 2048),
        ("x" * 2049, "x" * 2045 + "…"),
        ("é" * 1024, "é" * 1024),
        ("é" * 1025, "é" * 1022 + "…"),
        ("😀" * 512, "😀" * 512),
        ("😀" * 513, "😀" * 511 + "…"),
        ("", ""),
        ("a\ud800", "a�"),
    ],
    ids=[
        "fits",
        "one over",
        "fits in 2 bytes",
        "one over in 2",
        "fits in 4",
        "one over in 4",
        "empty",
        "lone surrogate",
    ],
)
def test_where_text_is_cut(text: str, expected: str) -> None:
    """
    2 KiB are kept, between letters; a lone surrogate becomes "�".
    """
    assert expected == truncation.text(text)


@given(LARGE)
def test_structures_are_cut_once(value: Any) -> None:
    """
    Of a list or map 100 entries a level and 8 KiB are kept; cutting it again changes nothing.
    """
    cut = truncation.structure(value)

    assert cut == truncation.structure(cut)
    assert type(value) is type(cut)
    if isinstance(cut, list | dict):
        assert len(cut) <= truncation.ENTRIES
        assert bytes_of_text(cut) <= truncation.STRUCTURE


def test_a_long_part_does_not_take_its_neighbours_along() -> None:
    """
    Of a map whose first entry is a long list, the start of that list is kept; what came before stays.
    """
    cut = truncation.structure({"first": 1, "long": ["x" * 100] * 90, "last": 1})

    assert 1 == cut["first"]
    assert 40 < len(cut["long"]) < 60
    assert "last" not in cut


def test_a_copy_is_a_copy() -> None:
    """
    A kept structure shares no list or map with what it was made from.
    """
    inner: list[int] = []
    cut = truncation.structure({"inner": inner})
    cut["inner"].append(1)

    assert [] == inner


@pytest.mark.parametrize("levels", [19, 20, 21, 900])
def test_levels(levels: int) -> None:
    """
    20 levels are kept; what is deeper is "…".
    """
    value: Any = "deep"
    for _ in range(levels):
        value = [value]
    cut, depth = truncation.structure(value), 0
    while isinstance(cut, list):
        cut, depth = cut[0], depth + 1

    assert (min(levels, 20), "deep" if levels <= 20 else "…") == (depth, cut)


SMALL = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda parts: st.lists(parts, max_size=12) | st.dictionaries(st.text(max_size=12), parts, max_size=12),
    max_leaves=60,
)


@pytest.mark.slow
@given(LARGE | SMALL, st.booleans())
def test_what_is_within_the_limits_is_not_cut(value: Any, escaped: bool) -> None:
    """
    A text that is said to be within the limits holds nothing that would be cut: a copy is what was read from it.
    """
    text = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    read = json.loads(text)

    assert not truncation.fits(text) or truncation.structure(read) == read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]}', True),
        (b'"' + b"x" * 2046 + b'"', True),
        (b'"' + b"x" * 2047 + b'"', False),
        (b"[" * 20 + b"]" * 20, True),
        (b"[" * 21 + b"]" * 21, False),
        (b"[" + b"1," * 85 + b"1]", True),
        (b"[" + b"1," * 100 + b"1]", False),
        (b'"\\ud800"', False),
        ('"ü"'.encode(), False),
    ],
)
def test_what_is_within_the_limits(text: bytes, expected: bool) -> None:
    """
    Most error bodies are within the limits; a long, deep or wide one is not, nor one with characters beyond ASCII.
    """
    assert expected == truncation.fits(text)
