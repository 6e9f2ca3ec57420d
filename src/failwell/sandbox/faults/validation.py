"""Validation of fault steps and their values, from JSON and to it."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, cast, get_args, get_origin

from failwell.sandbox.errors import BadScriptError

HeaderPairs: TypeAlias = tuple[tuple[str, str], ...]

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def json_object(obj: object, key: str) -> dict[str, object]:
    """*obj*, which is a JSON object; *key* is what to call it if it is not. Raises: BadScriptError."""
    if not isinstance(obj, dict):
        raise BadScriptError(key, shown(obj), "a JSON object")
    return cast("dict[str, object]", obj)


def found_in(values: Mapping[str, object], key: str) -> str:
    """What *values* holds under *key*, for an error message."""
    return shown(values[key]) if key in values else "missing"


def shown(value: object) -> str:
    """*value* as Python writes it, cut after 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def to_json(value: object) -> object:
    """*value* of a step as JSON values; bytes that are not UTF-8 become {"base64": "..."}."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return [list(pair) for pair in cast(HeaderPairs, value)]
    return value


def from_json(key: str, value: object) -> object:
    """What JSON says about *key* of a step, as Python has it. Raises: BadScriptError."""
    if key == "headers":
        return _headers_from_json(value)
    if key in ("body", "data"):
        return _bytes_from_json(key, value)
    return value


def check_headers(headers: object) -> None:
    """Raise a BadScriptError unless *headers* can be sent as they are."""
    wanted = 'pairs of texts, such as [["Retry-After", "2"]]'
    if not isinstance(headers, tuple):
        raise BadScriptError("headers", shown(headers), wanted)
    for pair in cast("tuple[object, ...]", headers):
        _check_header(pair, wanted)


def check(key: str, hint: Any, value: object) -> None:
    """Raise a BadScriptError unless *value* is what the type *hint* of the field *key* says.

    A whole number has its bounds beside it, `Annotated[int, 200, 599]`; one that has none is not looked at.
    """
    if get_origin(hint) in (Union, UnionType):
        if value is None:
            return
        hint = get_args(hint)[0]
    if hint is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
        allowed = "seconds, 0 or more"
    elif hint in (bytes, bool):
        fits, allowed = isinstance(value, hint), "bytes" if hint is bytes else "true or false"
    elif get_origin(hint) is Literal:
        fits, allowed = isinstance(value, str) and value in get_args(hint), f"one of: {', '.join(get_args(hint))}"
    else:
        if hint == HeaderPairs:
            check_headers(value)
        elif get_origin(hint) is Annotated:
            check_whole(key, value, *hint.__metadata__)
        return
    if not fits:
        raise BadScriptError(key, shown(value), allowed)


def check_whole(key: str, value: object, least: int, most: int | None = None) -> None:
    """Raise a BadScriptError unless *value* is a whole number from *least* to *most*."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most):
        return
    allowed = f"a whole number from {least}" + ("" if most is None else f" to {most}")
    raise BadScriptError(key, shown(value), allowed)


def _bytes_from_json(key: str, value: object) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as problem:
            raise BadScriptError(key, "text with a lone surrogate", 'valid text or {"base64": "..."}') from problem
    wanted = 'text or {"base64": "..."}'
    if isinstance(value, dict):
        encoded = cast("dict[str, object]", value)
        text = encoded.get("base64")
        if isinstance(text, str) and len(encoded) == 1:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as problem:
                raise BadScriptError(f"{key}.base64", shown(text), "valid base64") from problem
        raise BadScriptError(key, shown(encoded), wanted)
    raise BadScriptError(key, shown(value), wanted)


def _headers_from_json(value: object) -> object:
    if isinstance(value, dict):
        return tuple(cast("dict[str, object]", value).items())
    if isinstance(value, list):
        pairs = cast("list[object]", value)
        return tuple(tuple(cast("list[object]", pair)) if isinstance(pair, list) else pair for pair in pairs)
    return value


def _check_header(pair: object, wanted: str) -> None:
    found = f"a list with {shown(pair)}"
    parts = cast("tuple[object, ...]", pair) if isinstance(pair, tuple) else ()
    if len(parts) != 2:
        raise BadScriptError("headers", found, wanted)
    name, value = parts
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise BadScriptError("headers", f"a list with the name {shown(name)}", "names of letters, digits and hyphens")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise BadScriptError(f"headers[{name!r}]", shown(value), "one line of Latin-1 text")
    if name.lower() == "transfer-encoding":
        raise BadScriptError(f"headers[{name!r}]", shown(value), "no such header: a length is announced; or use raw")
