"""Arithmetic in a sentence: found, read by Python's own grammar, and worked out in exact fractions; nothing is run."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

MOST_BITS = 10_000
"""Bits that a number may have on the way: 9 ** 9 ** 9 is refused, not worked on for a week."""
MOST_DIGITS = 1000
"""Digits that a number can be rounded to: so many zeros and no more are written down on the way."""
LONGEST = 500
"""Characters that a calculation may have."""

_WORDS = (
    (r"(\d)\s*%\s*of\b", r"\1 / 100 *"),
    (r"\bplus\b", "+"),
    (r"\bminus\b|\u2212", "-"),
    (r"\bmultiplied by\b|\btimes\b|\u00d7", "*"),
    (r"\bdivided by\b|\u00f7", "/"),
    (r"\bto the power of\b|\^", "**"),
)
_ASKED = re.compile(r"\b(?:calculate|compute|evaluate|solve|work out|what is|what's|how much|sum|result|add)\b|=")
_TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?|[a-z_]+|\*\*|//|\S)")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "ln": math.log,
    "log": math.log10,
    "max": max,
    "min": min,
    "round": lambda value, digits=0: _rounded(value, digits),
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
_CONSTANTS = {"pi": Fraction(math.pi), "e": Fraction(math.e)}
_SIGNS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_PARTS = frozenset({"+", "-", "*", "/", "//", "%", "**", "(", ")", ",", *_FUNCTIONS, *_CONSTANTS})


class CalculationError(Exception):
    """It is arithmetic, and has no result; the text says why."""


def calculations(sentence: str) -> list[tuple[str, Fraction]]:
    """The calculations in *sentence*, each with its result; none where nothing asks for one.

    Raises:
        CalculationError: one cannot be worked out.
    """
    text = sentence.lower()
    for pattern, sign in _WORDS:
        text = re.sub(pattern, sign, text)
    if not re.search(r"[a-z]\s*\(", text):
        text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)  # no arguments, so it parts thousands
    # "1939-1945" in a question about kings is no calculation.
    if not _ASKED.search(text) and re.search(r"[a-z]{3}", text):
        return []
    return [(run, _value(tree)) for run in _runs(text) if (tree := _calculation_in(run)) is not None]


def shown(value: Fraction) -> str:
    """*value* for people: whole, or with 12 digits."""
    try:
        return str(value.numerator) if value.denominator == 1 else format(float(value), ".12g")
    except OverflowError:
        return str(value)


def number(value: Fraction) -> int | float | str:
    """*value* for JSON; a text if it is a fraction that no float can hold."""
    text = shown(value)
    return value.numerator if value.denominator == 1 else text if "/" in text else float(text)


def _runs(text: str) -> list[str]:
    """The stretches of *text* that may be arithmetic."""
    runs: list[list[str]] = [[]]
    depth = 0
    for part in _TOKEN.findall(text):
        known = part[0].isdecimal() or part in _PARTS
        depth = max(0, depth + (part == "(") - (part == ")")) if known else 0
        if not known or (part == "," and not depth):
            runs.append([])
        else:
            runs[-1].append(part)
    joined = (re.sub(r"(?<=[a-z(]) (?=\()|(?<=\() | (?=[),])", "", " ".join(run)) for run in runs)
    return [run.rstrip(" +-*/%") for run in joined]


def _calculation_in(run: str) -> ast.AST | None:
    """*run* as it is to be worked out; None if it is only a number with a sign, or nothing that makes sense."""
    if len(run) > LONGEST:
        raise CalculationError(f"it has more than {LONGEST} characters")
    try:
        whole = tree = ast.parse(run.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    while isinstance(tree, ast.UnaryOp):
        tree = tree.operand
    called = isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)
    return whole if called or isinstance(tree, ast.BinOp) else None


def _value(tree: ast.AST) -> Fraction:
    """What *tree* comes to; only numbers, signs and the functions above are in it."""
    try:
        if isinstance(tree, ast.Constant):
            value = Fraction(repr(tree.value))
        elif isinstance(tree, ast.Name) and tree.id in _CONSTANTS:
            value = _CONSTANTS[tree.id]
        elif isinstance(tree, ast.UnaryOp):
            value = _SIGNS[type(tree.op)](_value(tree.operand))
        elif isinstance(tree, ast.BinOp):
            value = _combined(tree.op, _value(tree.left), _value(tree.right))
        elif isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
            value = Fraction(_FUNCTIONS[tree.func.id](*map(_value, tree.args)))
        else:
            raise CalculationError("it is not arithmetic")
    except ZeroDivisionError as problem:
        raise CalculationError("division by zero") from problem
    except (ArithmeticError, KeyError, TypeError, ValueError) as problem:
        raise CalculationError("a function of it has no value there") from problem
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise CalculationError("the number is too large")
    return value


def _rounded(value: Fraction, digits: Fraction | int) -> Fraction:
    if not -MOST_DIGITS <= digits <= MOST_DIGITS:
        raise CalculationError(f"a number is rounded to {MOST_DIGITS} digits at most")
    return Fraction(round(value, int(digits)))


def _combined(sign: ast.AST, left: Fraction, right: Fraction) -> Fraction:
    if not isinstance(sign, ast.Pow):
        return Fraction(_SIGNS[type(sign)](left, right))
    if right.denominator != 1:
        return Fraction(math.pow(left, right))
    if max(left.numerator.bit_length(), left.denominator.bit_length()) * abs(right) > MOST_BITS:
        raise CalculationError("the number is too large")
    return Fraction(left**right.numerator)
