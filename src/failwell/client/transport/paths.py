"""URL paths and queries of requests: how a value of any type is encoded."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from datetime import date, time
from enum import Enum
from urllib.parse import quote, urlencode

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""What stands for itself in a URL (RFC 3986, 2.3): most ids are nothing else."""
_ELSEWHERE = frozenset({"", ".", "..", "None"})
"""What stands for itself, and yet leads a path to another place or is an id that somebody forgot."""
# Servers and proxies in front of them may decode a path before they look where it leads.
_LEAVES = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\]|$)")


class BadPartError(ValueError):
    """An id or a name that would lead a path to another place."""


def path(root: str, *parts: str) -> str:
    """`path("/v1", "training", "run 1")` is "/v1/training/run%201".

    Raises:
        TypeError: a part is no text.
        BadPartError: a part is empty, or has "." or ".." between slashes, which would lead to another place.
    """
    spelled = [root]
    for part in parts:
        plain = type(part) is str and UNRESERVED.issuperset(part) and part not in _ELSEWHERE  # as nearly always
        spelled.append(part if plain else _spelled(part))
    return "/".join(spelled)


def _spelled(part: object) -> str:
    if not isinstance(part, str):
        raise TypeError(f"{part!r} cannot be part of a path. Pass the id or the name of what you mean, as text.")
    if not part or _LEAVES.search(part):
        raise BadPartError(f"{part!r} cannot be part of a path. Pass the id or the name of what you mean.")
    try:
        # The text "None" in a path is refused, as an id that was forgotten: a thing of that name has another spelling.
        return "%4Eone" if part == "None" else quote(part, safe="")
    except UnicodeEncodeError as problem:
        raise BadPartError(f"{part!r} has characters that no URL can carry. Pass an id or a name.") from problem


def query(operation: str, params: Mapping[str, object]) -> str:
    """*params* of *operation* as the query of a URL: a list repeats its name, and None is left out.

    Booleans are "true" and "false", dates and times ISO 8601, members of an enum their value.

    Raises:
        TypeError, ValueError: a query has nothing for a value: a dict, NaN, a lone surrogate.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if isinstance(value, str) and not isinstance(value, Enum):
            pairs.append((name, value))
        elif isinstance(value, list | tuple):
            pairs += [(name, _value(operation, name, each)) for each in value]
        elif value is not None:
            pairs.append((name, _value(operation, name, value)))
    try:
        return urlencode(pairs)
    except UnicodeEncodeError as problem:
        raise ValueError(f"An argument of {operation} cannot be sent in a query: {problem}.") from problem


def _value(operation: str, name: str, value: object) -> str:
    """*value* as text."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"An argument of {operation} cannot be sent in a query: {name} is {value}.")
    if isinstance(value, str | int | float) or _is_of(value, "decimal", "Decimal") or _is_of(value, "uuid", "UUID"):
        return str(value)
    kind = type(value).__name__
    raise TypeError(f"An argument of {operation} cannot be sent in a query: {name} has a value of type {kind}.")


def _is_of(value: object, module: str, name: str) -> bool:
    """Whether *value* is of a class whose *module* is not loaded for asking: who has one has loaded it."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name))
