"""JSON values that came from outside: finite numbers, text that UTF-8 can carry, no bottomless nesting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from failwell.server import shorten

_DEEPEST = 32
_LONGEST_TEXT = 500
_LARGEST_NUMBER = 1_000_000_000


class Problems:
    """What is wrong with a body, each with its place; `at` leads one step inwards."""

    def __init__(self, loc: list[str | int], found: list[dict[str, Any]] | None = None) -> None:
        self.loc = loc
        self.found: list[dict[str, Any]] = [] if found is None else found

    def at(self, step: str | int) -> Problems:
        """The same list of problems, for what lies under *step*."""
        return Problems([*self.loc, step], self.found)

    def add(self, msg: str, kind: str) -> None:
        """Note that what lies here is wrong."""
        self.found.append({"loc": self.loc, "msg": msg, "type": kind})

    def refuse_other_keys(self, given: Mapping[str, object], known: set[str]) -> None:
        """Note each key of *given* that is not *known*."""
        for key in given:
            if key not in known:
                self.at(shorten(str(key))).add("This field is not known; remove it", "extra_forbidden")


def as_number(value: object, problems: Problems) -> float | None:
    """*value* as a float of a size that pictures have, or None with the reason in *problems*."""
    # A bool is an int to Python, and never a coordinate.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        problems.add("Must be a number", "float_type")
        return None
    # Compared before it is converted: an int of 400 digits fits no float. NaN is in no range.
    if not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:
        problems.add(f"Must be a number between -{_LARGEST_NUMBER} and {_LARGEST_NUMBER}", "finite_number")
        return None
    return float(value)


def check_text(value: object, problems: Problems) -> str:
    """*value* if it is text that is not blank, else "" with the reason in *problems*."""
    if not isinstance(value, str):
        problems.add("Must be text", "string_type")
        return ""
    if not value.strip():
        problems.add("Must not be blank", "string_too_short")
    elif len(value) > _LONGEST_TEXT:
        problems.add(f"Must have at most {_LONGEST_TEXT} characters", "string_too_long")
    elif _has_surrogate(value):
        problems.add("Must not contain lone surrogates", "string_unicode")
    return value


def check_json(value: object, problems: Problems) -> None:
    """Note what in *value* could not be sent back as JSON."""
    # A list of what is left to look at, because recursion could be sent over its limit.
    left: list[tuple[object, int]] = [(value, 1)]
    while left:
        item, depth = left.pop()
        if depth > _DEEPEST:
            problems.add(f"Must not be nested deeper than {_DEEPEST} levels", "too_deep")
            return
        if isinstance(item, float) and not math.isfinite(item):
            problems.add("Must hold finite numbers only", "finite_number")
            return
        if isinstance(item, str) and _has_surrogate(item):
            problems.add("Must not contain lone surrogates", "string_unicode")
            return
        if isinstance(item, dict):
            for key, inner in cast("dict[str, object]", item).items():
                left += [(key, depth + 1), (inner, depth + 1)]
        elif isinstance(item, list):
            left += [(inner, depth + 1) for inner in cast("list[object]", item)]


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
