"""Whether a value that arrived fits the type a field was declared with."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from failwell.contract import caps

Fit = Callable[[Any], Any]


DIGITS = 400
"""Digits of an integer in text, as many as `failwell.wire.json` reads: beyond that Python takes its time, and from 4300
on refuses."""


class UnfitError(ValueError):
    """A value that arrived is not of the field's type; the field keeps its default."""


def fit(hint: Any) -> Fit:
    """A function which gives back its argument as *hint*, cut to what an error keeps, or raises `UnfitError`."""
    shaped = shape(hint)
    return lambda value: shaped(caps.structure(value))


def shape(hint: Any) -> Fit:
    """Like `fit`, for what is small already."""
    if hint is None or hint is type(None):
        return _none
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin = get_origin(hint)
    if origin is Literal:
        return _one_of(get_args(hint))
    if origin in (Union, types.UnionType):
        fits = [shape(choice) for choice in sorted(get_args(hint), key=_eagerness)]
        return _or_none(fits[1]) if len(fits) == 2 and fits[0] is _none else _first(fits)
    plain = origin or hint
    if isinstance(plain, type) and issubclass(plain, Mapping):
        return _map(*[shape(argument) for argument in get_args(hint)[1:]] or [_anything])
    if isinstance(plain, type) and issubclass(plain, Sequence):
        return _list(*[shape(argument) for argument in get_args(hint)[:1]] or [_anything])
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
    if isinstance(value, str) and _is_integer(value):
        return int(value)
    raise UnfitError


def _is_integer(text: str) -> bool:
    stripped = text.strip()
    digits = stripped[1:] if stripped[:1] in ("+", "-") else stripped
    return digits.isascii() and digits.isdigit() and len(digits) <= DIGITS


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


def _or_none(fit: Fit) -> Fit:
    return lambda value: None if value is None else fit(value)


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


def _any_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UnfitError
    return value


def _any_map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnfitError
    return value


_PLAIN: dict[Fit, type] = {_any_list: list, _any_map: dict}
"""What a value must be to fit, and no more than that."""


def _list(entry: Fit) -> Fit:
    if entry is _anything:
        return _any_list
    if (kind := _PLAIN.get(entry)) is not None:
        return _list_of(kind)
    return lambda value: _fitting(_any_list(value), entry)


def _list_of(kind: type) -> Fit:
    def pick(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise UnfitError
        for part in value:
            if not isinstance(part, kind):
                return [part for part in value if isinstance(part, kind)]
        return value

    return pick


def _map(entry: Fit) -> Fit:
    if entry is _anything:
        return _any_map

    def copy(value: Any) -> dict[str, Any]:
        return {key: fitted for key, part in _any_map(value).items() for fitted in _fitting([part], entry)}

    return copy
