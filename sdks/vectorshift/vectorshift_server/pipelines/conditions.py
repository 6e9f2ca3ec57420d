"""Conditions: groups of clauses, of which the first that holds decides the path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from vectorshift_server.pipelines.kinds import ELSE, path_of
from vectorshift_server.pipelines.wires import NodeError, as_text

_NUMBER = re.compile(r"\s*-?\d{1,300}(\.\d{1,300})?\s*")


def _numbers(one: Any, other: Any) -> tuple[float, float]:
    for value in (one, other):
        if isinstance(value, bool) or not (isinstance(value, int | float) or _NUMBER.fullmatch(str(value))):
            raise NodeError(f'"{as_text(value)[:100]}" is no number, and is compared with one.')
    try:
        return float(one), float(other)
    except OverflowError:
        raise NodeError("A number is too large to be compared.") from None


def _equal(one: Any, other: Any) -> bool:
    return as_text(one).strip() == as_text(other).strip()


def _true(one: Any) -> bool:
    return one is True or as_text(one).strip().lower() == "true"


_ALONE: Mapping[str, Callable[[Any], bool]] = {
    "IsEmpty": lambda one: not one and not isinstance(one, int | float),
    "IsNotEmpty": lambda one: bool(one) or isinstance(one, int | float),
    "IsTrue": _true,
    "IsFalse": lambda one: not _true(one),
}
_PAIRS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equal": _equal,
    "NotEqual": lambda one, other: not _equal(one, other),
    "GreaterThan": lambda one, other: (pair := _numbers(one, other))[0] > pair[1],
    "LessThan": lambda one, other: (pair := _numbers(one, other))[0] < pair[1],
    "GreaterThanEqual": lambda one, other: (pair := _numbers(one, other))[0] >= pair[1],
    "LessThanEqual": lambda one, other: (pair := _numbers(one, other))[0] <= pair[1],
    "TextContains": lambda one, other: as_text(other) in as_text(one),
    "TextDoesNotContains": lambda one, other: as_text(other) not in as_text(one),
    "TextStartsWith": lambda one, other: as_text(one).startswith(as_text(other)),
    "TextDoesNotStartWith": lambda one, other: not as_text(one).startswith(as_text(other)),
    "TextEndsWith": lambda one, other: as_text(one).endswith(as_text(other)),
    "TextDoesNotEndWith": lambda one, other: not as_text(one).endswith(as_text(other)),
    "TextGreaterThanNCharacters": lambda one, other: (pair := _numbers(len(as_text(one)), other))[0] > pair[1],
    "TextLessThanNCharacters": lambda one, other: (pair := _numbers(len(as_text(one)), other))[0] < pair[1],
    "VecContainsItem": lambda one, other: isinstance(one, list) and other in one,
    "VecDoesNotContainsItem": lambda one, other: isinstance(one, list) and other not in one,
    "MapContainsKey": lambda one, other: isinstance(one, dict) and as_text(other) in one,
}


def condition_problem(conditions: Any) -> str | None:
    """Why *conditions* cannot be judged; None if they can."""
    if not isinstance(conditions, list) or not conditions:
        return "they are no list of groups."
    for group in conditions:
        terms = group.get("terms") if isinstance(group, dict) else None
        if not isinstance(terms, list) or not terms or not all(isinstance(term, dict) for term in terms):
            return 'a group has no "terms".'
        joined = group.get("operators", [])
        if (
            not isinstance(joined, list)
            or len(joined) not in (0, len(terms) - 1)
            or {*map(str, joined)} - {"AND", "OR"}
        ):
            return f'the {len(terms)} terms of a group are joined by {len(terms) - 1} "operators", each AND or OR.'
        for term in terms:
            name = str(term.get("operator"))
            if name not in _ALONE and name not in _PAIRS:
                return f'the operator "{name[:64]}" is not known. There are: {", ".join([*_ALONE, *_PAIRS])}.'
            for operand in ("operand1", *(["operand2"] if name in _PAIRS else [])):
                if operand not in term:
                    return f'a term with the operator "{name}" has no "{operand}".'
    return None


def path_taken(conditions: list[dict[str, Any]]) -> str:
    """The path of the first of *conditions* that holds. Raises: NodeError, for what cannot be compared."""
    return next((path_of(number) for number, group in enumerate(conditions) if _holds(group)), ELSE)


def _holds(group: Mapping[str, Any]) -> bool:
    """Whether the terms of *group* hold, joined from the left to the right."""
    first, *terms = group["terms"]
    held = _term(first)
    joined = group.get("operators") or ["AND"] * len(terms)
    for operator, term in zip(joined, terms, strict=True):
        if (operator == "AND") == held:
            held = _term(term)
    return held


def _term(term: Mapping[str, Any]) -> bool:
    name, one = term["operator"], term["operand1"]
    return _ALONE[name](one) if name in _ALONE else _PAIRS[name](one, term["operand2"])
