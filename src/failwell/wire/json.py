"""JSON that cannot fail: any Python value out, any bytes in."""

from __future__ import annotations

import functools
import math
import re
import sys
from collections.abc import Callable, Mapping, Set as AbstractSet
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from failwell._support import truncation

if TYPE_CHECKING:
    from json import JSONDecoder

LONGEST = 1024 * 1024
"""Bytes of an error body that are parsed; a longer one is kept, not read."""
KEPT = LONGEST + 64 * 1024
"""Bytes that a transport keeps of an error's body: a key across the end of what an error shows is seen whole."""
DIGITS = 400
WHITESPACE = " \t\n\r"
"""What may stand around a JSON value (RFC 8259, 2)."""
DEPTH = 64
UNKNOWN = "\ufffd"
_EIGHT_BITS = re.compile(r"iso-?8859-(?:[1-9]|1[013-6])|latin-?1|(?:windows-|cp)125[0-8]|koi8-[ru]")


class UnreadableError(ValueError):
    """Bytes that are not a JSON document."""


def dumps(value: Any) -> bytes:
    """*value* as compact UTF-8 JSON. What JSON does not have becomes what `plain` says."""
    return _writer()(plain(value)).encode()


def dumps_plain(value: Any) -> bytes:
    """The same of a *value* that consists of JSON types already, or nearly: nobody goes through it."""
    try:
        return _writer()(value).encode()
    except (TypeError, ValueError, RecursionError):
        return dumps(value)


# Declaring errors needs no JSON: what reads and writes it is made, once, for the first reply.
@functools.cache
def _writer() -> Callable[[Any], str]:
    from json import JSONEncoder

    return JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def plain(value: Any, depth: int = DEPTH, above: tuple[int, ...] = ()) -> Any:
    """*value* with JSON types only.

    NaN and infinities become null, bytes their text (UTF-8, "�" for what is not), members of an enum their value,
    moments their ISO 8601, tuples and sets lists, other keys their `str`, lone surrogates "�", integers of some 360
    digits and more their hexadecimal text, a structure inside itself (its id is in *above*) and values deeper than 64
    levels "…", anything else its `str`.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else truncation.replace_surrogates(value)
    if value is None or kind is bool:
        return value
    if kind is dict and depth and id(value) not in above:
        inside = (*above, id(value))
        return {
            key if type(key) is str and key.isascii() else truncation.replace_surrogates(_key(key)): (
                part if type(part) is str and part.isascii() else plain(part, depth - 1, inside)
            )
            for key, part in value.items()
        }
    if isinstance(value, Enum):
        return plain(value.value, depth - 1, above) if depth else "…"
    if isinstance(value, str):
        return truncation.replace_surrogates(str.__str__(value))  # an enum's own str() is its name
    if isinstance(value, int):
        return int(value) if value.bit_length() < DIGITS * 3 else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if not depth or id(value) in above:
        return "…"
    if isinstance(value, Mapping):
        inside = (*above, id(value))
        return {truncation.replace_surrogates(_key(key)): plain(part, depth - 1, inside) for key, part in value.items()}
    if isinstance(value, list | tuple | AbstractSet):
        inside = (*above, id(value))
        return [plain(part, depth - 1, inside) for part in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    return truncation.replace_surrogates(_spoken(value))


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, Enum):
        return _key(key.value)
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return _spoken(key)


def _spoken(value: Any) -> str:
    """*value* as text, moments as RFC 3339 has them; its type's name where even that fails: no error raises another."""
    # Whoever has a moment has loaded what makes them, which takes its time.
    moments = sys.modules.get("datetime")
    try:
        if moments is not None and isinstance(value, moments.datetime):
            return str(value.isoformat())
        return str(value)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"<{type(value).__name__}>"


def loads(body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> Any:
    """The value of *body*; integers of more than 400 digits stay text, NaN and Infinity are null.

    What is no UTF-8 is read in the old encoding of eight bits that *headers* name, if they do.

    Raises:
        UnreadableError: *body* is no JSON document, is longer than 1 MiB, or nests too deep to read.
    """
    length = len(body)
    if length > LONGEST:
        raise UnreadableError(f"{length} bytes of JSON, the most we read of an error is {LONGEST}")
    short = length <= DIGITS
    try:
        # Nearly all is UTF-8 that begins with the value; a text of any other kind cannot be read so to its end.
        text = body.decode()
        value, end = _SCANNERS[short](text, 0)
        if end == len(text):
            return value
    except (ValueError, RecursionError, StopIteration):
        pass
    try:
        text = _text(body, headers).strip(WHITESPACE)
        value, end = _decoder(short).raw_decode(text)
    except (ValueError, RecursionError) as problem:
        raise UnreadableError(f"{type(problem).__name__} while reading {len(body)} bytes of JSON") from None
    if end != len(text):
        raise UnreadableError(f"{len(text) - end} characters too many after {end} of JSON")
    return value


@functools.cache
def _decoder(short: bool) -> JSONDecoder:
    """Reads the value at the start of a text. No number in a *short* one has too many digits."""
    from json import JSONDecoder

    parse_int = int if short else _integer
    return JSONDecoder(parse_int=parse_int, parse_float=_number, parse_constant=_no_constant)


class _Scanners(dict[bool, "Callable[[str, int], tuple[Any, int]]"]):
    """What those decoders read with: the value at a place, and where it ends; `StopIteration` where there is none."""

    def __missing__(self, short: bool) -> Callable[[str, int], tuple[Any, int]]:
        from json.scanner import make_scanner

        context: Any = _decoder(short)  # not typed by typeshed
        self[short] = make_scanner(context)
        return self[short]


_SCANNERS = _Scanners()


def charset_of(headers: Mapping[str, str]) -> str:
    """The charset that *headers* name, "" where they name none."""
    found = re.search(r";\s*charset\s*=\s*\"?([\w.:+-]+)", headers.get("content-type", ""), re.IGNORECASE)
    return found[1].lower() if found else ""


def _text(body: bytes, headers: Mapping[str, str]) -> str:
    """*body* in the encoding that its first bytes show (RFC 8259 wants UTF-8, older servers may send UTF-16).

    Or in that of *headers*, or else with "�" for what is no UTF-8: one odd name must not hide the message around it.
    """
    if body.isascii() and 0 not in body[:4]:
        return body.decode("ascii")
    from json import detect_encoding

    try:
        return body.decode(detect_encoding(body), "surrogatepass")
    except ValueError:
        if _EIGHT_BITS.fullmatch(charset := charset_of(headers)):
            return body.decode(charset, "replace")
        text = body.decode("utf-8", "replace")
        if UNKNOWN * 2 in text:
            raise  # noise, or a language of which nothing would be left
        return text


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS else digits


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _no_constant(_name: str) -> None:
    """NaN, Infinity and -Infinity are not JSON; a field that holds one keeps its default."""
