"""Whether a value that arrived fits the type a field was declared with."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from errata.contract import caps

Fit = Callable[[Any], Any]


_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,400}\s*")
"""As many digits as `errata.wire.json` reads: beyond that Python takes its time, and from 4300 on refuses."""


class UnfitError(ValueError):
    """A value that arrived is not of the field's type; the field keeps its default."""


def fit(hint: Any) -> Fit:
    """A function which gives back its argument as *hint*, cut to what an error keeps, or raises `UnfitError`."""
    shaped = _shaped(hint)
    return lambda value: shaped(caps.structure(value))


def _shaped(hint: Any) -> Fit:
    """Like `fit`, for what has been cut already."""
    if hint is None or hint is type(None):
        return _none
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin = get_origin(hint)
    if origin is Literal:
        return _one_of(get_args(hint))
    if origin in (Union, types.UnionType):
        return _first([_shaped(choice) for choice in sorted(get_args(hint), key=_eagerness)])
    plain = origin or hint
    if isinstance(plain, type) and issubclass(plain, Mapping):
        return _map(*(_shaped(argument) for argument in get_args(hint)[1:]))
    if isinstance(plain, type) and issubclass(plain, Sequence):
        return _list(*(_shaped(argument) for argument in get_args(hint)[:1]))
    return _anything


def _anything(value: Any) -> Any:
    return value


def _eagerness(choice: Any) -> int:
    """Where a type of a union is tried: a number would also read "5", which a `str` beside it must keep."""
    return 0 if choice is type(None) else 1 if choice is str else 2


def _none(value: Any) -> None:
    if value is not None:
        raise UnfitError


def _int(value: Any) -> int:
    if isinstance(value, bool):
        raise UnfitError
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise UnfitError


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnfitError
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        raise UnfitError  # Python would read both, no other language does
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise UnfitError from None
    if not math.isfinite(number):
        raise UnfitError
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise UnfitError


def _str(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise UnfitError


_SIMPLE: dict[Any, Fit] = {int: _int, float: _float, bool: _bool, str: _str}


def _one_of(choices: tuple[Any, ...]) -> Fit:
    def pick(value: Any) -> Any:
        for choice in choices:
            if type(choice) is type(value) and choice == value:
                return choice
        raise UnfitError

    return pick


def _first(fits: list[Fit]) -> Fit:
    def pick(value: Any) -> Any:
        for candidate in fits:
            try:
                return candidate(value)
            except UnfitError:
                continue
        raise UnfitError

    return pick


def _fitting(entries: list[Any], entry_fit: Fit) -> list[Any]:
    """The *entries* that fit. One odd entry must not hide the others from the caller."""
    kept: list[Any] = []
    for entry in entries:
        try:
            kept.append(entry_fit(entry))
        except UnfitError:
            continue
    return kept


def _list(*entry: Fit) -> Fit:
    def copy(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise UnfitError
        kept: list[Any] = value
        return _fitting(kept, entry[0]) if entry else kept

    return copy


def _map(*entry: Fit) -> Fit:
    def copy(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise UnfitError
        kept: dict[str, Any] = value
        if not entry:
            return kept
        return {key: fitted for key, part in kept.items() for fitted in _fitting([part], entry[0])}

    return copy
