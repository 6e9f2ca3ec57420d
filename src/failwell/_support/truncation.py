"""Truncation: how much of a body, a text or a structure an error keeps."""

from __future__ import annotations

import contextlib
import sys
from itertools import islice
from typing import Any

BODY = 8 * 1024
"""Bytes kept of a reply's body, unless the catalogue raises it."""
TEXT = 2 * 1024
"""UTF-8 bytes kept of one parsed string."""
ENTRIES = 100
"""Entries kept of a parsed list or map."""
STRUCTURE = 8 * 1024
"""Bytes of memory that one parsed list or map may take, with all its parts: many small values weigh far more than
their JSON, and a thousand errors must stay small whatever was sent."""
DEPTH = 20
"""Levels kept of a parsed structure; what is deeper becomes "…"."""

ELLIPSIS = "…"

# Roughly what CPython takes, beside the values themselves (a reply's keys are shared).
_LIST, _LIST_ENTRY = 64, 8
_MAP, _MAP_ENTRY, _ENTRIES_WITHIN = 200, 40, 5
_VALUE = 49  # an empty string; numbers take less beside their digits
_ENTRY = _MAP_ENTRY + _VALUE

_BACKSLASH = ord("\\")  # as a number: bytes are searched for one byte in half of the time that a text takes
_WITHIN = bytes({*range(256)} - {*b"{[,"})
"""All bytes but those that begin a part of a structure."""


def fits(text: bytes) -> bool:
    """Whether nothing in the JSON *text* can be over a limit: what was read from it need not be copied to be cut.

    Counts what may be there. A comma inside of a string counts too, so that a text can only seem too large.
    """
    length = len(text)
    if length > TEXT or not text.isascii() or (_BACKSLASH in text and b"\\u" in text):
        return False  # an escape may be half of a character
    # The text is walked once. What is left is short, so that counting in it is cheap, and nearly always not needed.
    parts = text.translate(None, _WITHIN)
    entries = len(parts)
    if entries <= DEPTH and length + entries * (_MAP + _ENTRY) <= STRUCTURE:
        return True
    maps, lists = parts.count(b"{"), parts.count(b"[")
    nested = maps + lists
    room = length + maps * _MAP + lists * _LIST + entries * _ENTRY
    return room <= STRUCTURE and nested <= DEPTH and entries <= ENTRIES


def replace_surrogates(value: str) -> str:
    """*value* with "�" for its lone surrogates, which UTF-8 cannot carry and a terminal cannot print."""
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text(value: str, limit: int = TEXT) -> str:
    """*value*, whole, cut with "…" to at most *limit* bytes of UTF-8. Cutting again changes nothing."""
    if len(value) <= limit and value.isascii():
        return value
    start = replace_surrogates(value[: limit + 1])
    encoded = start.encode()
    if len(encoded) <= limit:
        return start
    room = limit - len(ELLIPSIS.encode())
    return encoded[:room].decode("utf-8", "ignore") + ELLIPSIS


def structure(value: Any) -> Any:
    """A copy of the JSON *value* with at most `ENTRIES` entries a level and `STRUCTURE` bytes in all."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list | dict):
        return _Copy().of(value, DEPTH)
    return value


class _FullError(Exception):
    """There is no room for the next value."""


class _Copy:
    """Copies a structure until its room is used up. What was copied fits again, so copying twice changes nothing."""

    def __init__(self) -> None:
        self.room = STRUCTURE

    def of(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict | list):
            if depth:
                return self._map(value, depth) if isinstance(value, dict) else self._list(value, depth)
            value = ELLIPSIS
        kept = text(value) if isinstance(value, str) else value
        self._take(sys.getsizeof(kept))
        return kept

    def _take(self, size: int) -> None:
        if size > self.room:
            self.room = 0
            raise _FullError
        self.room -= size

    def _map(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        self._take(_MAP)
        kept: dict[str, Any] = {}
        with contextlib.suppress(_FullError):
            for key, entry in islice(value.items(), ENTRIES):
                name = text(str(key))
                self._take(len(name.encode()) + (_MAP_ENTRY if len(kept) >= _ENTRIES_WITHIN else 0))
                kept[name] = self.of(entry, depth - 1)
        return kept

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        self._take(_LIST)
        kept: list[Any] = []
        with contextlib.suppress(_FullError):
            for entry in islice(value, ENTRIES):
                self._take(_LIST_ENTRY)
                kept.append(self.of(entry, depth - 1))
        return kept
