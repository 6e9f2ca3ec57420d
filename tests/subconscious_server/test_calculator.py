"""Arithmetic in sentences."""

from __future__ import annotations

from fractions import Fraction

import pytest

from subconscious_server.calculator import CalculationError, calculations, number, shown


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("What is 2 + 3 * 4?", ["14"]),
        ("What is (2 + 3) * 4?", ["20"]),
        ("12*12", ["144"]),
        ("Calculate 2 ** 10 and 7 // 2 and 7 % 4", ["1024", "3", "3"]),
        ("what is -2 ** 2", ["-4"]),
        ("What is 0.1 + 0.2?", ["0.3"]),
        ("What is 1/3?", ["0.333333333333"]),
        ("What is 15% of 80?", ["12"]),
        ("Add 1,234,567 + 1", ["1234568"]),
        ("What is 6 times 7 minus 2?", ["40"]),
        ("What is 6 \u00d7 7 \u2212 2 \u00f7 2?", ["41"]),
        ("Compute sqrt(16) + max(1, 2 + 3, 4)", ["9"]),
        ("Compute round(pi, 2)", ["3.14"]),
        ("What is 2 ^ -1?", ["0.5"]),
        ("What is 1e3 * 2 -", ["2000"]),
    ],
)
def test_result(sentence: str, expected: list[str]) -> None:
    """
    A calculation is found in its sentence, and worked out exactly.
    """
    assert expected == [shown(value) for _, value in calculations(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Who was king in 1939-1945?",
        "What is 2 apples + 3 apples?",
        "What is the answer -5?",
        "What is __import__('os')?",
        "What is (1).real?",
        "What is " + "(" * 100 + "1",
        "Add salt",
        "",
    ],
)
def test_no_calculation(sentence: str) -> None:
    """
    What only looks like a calculation is none; nothing that stands in a sentence is run.
    """
    assert [] == calculations(sentence)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("What is 1 / 0?", "division by zero"),
        ("What is 1 % (2 - 2)?", "division by zero"),
        ("What is 0 ** -1?", "division by zero"),
        ("9 ** 9 ** 9", "the number is too large"),
        ("What is 2 ** 1e9?", "the number is too large"),
        ("What is 1e300 * 1e300 ** 99?", "the number is too large"),
        ("What is sqrt(0 - 1)?", "a function of it has no value there"),
        ("What is (0 - 8) ** 0.5?", "a function of it has no value there"),
        ("What is exp(9999)?", "a function of it has no value there"),
        ("What is max() + 1?", "a function of it has no value there"),
        ("What is 1" + " + 1" * 300, "it has more than 500 characters"),
    ],
)
def test_no_result(sentence: str, why: str) -> None:
    """
    A calculation without a result says why, at once: no number grows without end.
    """
    with pytest.raises(CalculationError, match=why.replace("(", r"\(")):
        calculations(sentence)


def test_deepest() -> None:
    """
    The deepest nesting that fits is no problem.
    """
    assert [Fraction(2)] == [value for _, value in calculations("What is " + "-" * 240 + "1 + 1?")]


def test_json() -> None:
    """
    A whole number is an int, another one a float; one that no float can hold is a text.
    """
    huge = Fraction(10**400, 3)

    assert [4, 0.25, str(huge)] == [number(Fraction(4)), number(Fraction(1, 4)), number(huge)]
    assert isinstance(number(Fraction(4)), int)
