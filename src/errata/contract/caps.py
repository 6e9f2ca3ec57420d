"""How much an error keeps of what it was told, so that a thousand of them stay small."""

from __future__ import annotations

from typing import Any

BODY = 8 * 1024
"""Bytes kept of a reply's body, unless the catalogue raises it."""
TEXT = 2 * 1024
"""UTF-8 bytes kept of one parsed string."""
ENTRIES = 100
"""Entries kept of a parsed list or map."""
STRUCTURE = 8 * 1024
"""UTF-8 bytes kept of one parsed list or map, all its strings together."""
DEPTH = 20
"""Levels kept of a parsed structure; what is deeper becomes "…"."""

ELLIPSIS = "…"


def text(value: str, limit: int = TEXT) -> str:
    """*value*, cut with "…" to at most *limit* bytes of UTF-8. Cutting again changes nothing."""
    if len(value) * 4 <= limit:
        return value
    encoded = value.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return value
    room = limit - len(ELLIPSIS.encode())
    return encoded[:room].decode("utf-8", "ignore") + ELLIPSIS


def structure(value: Any) -> Any:
    """A copy of the JSON *value* with at most `ENTRIES` entries a level and `STRUCTURE` bytes in all."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list | dict):
        return _Copy().of(value, DEPTH)
    return value


class _Copy:
    """Copies a structure until its room is used up."""

    def __init__(self) -> None:
        self.room = STRUCTURE

    def of(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            kept = text(value)
            self.room -= len(kept.encode("utf-8", "replace")) + 2
            return kept
        if isinstance(value, dict):
            return self._map(value, depth) if depth else self.of(ELLIPSIS, 0)
        if isinstance(value, list):
            return self._list(value, depth) if depth else self.of(ELLIPSIS, 0)
        self.room -= len(repr(value))
        return value

    def _map(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, entry in value.items():
            before = self.room
            name, copied = self.of(str(key), depth - 1), self.of(entry, depth - 1)
            if self.room < 0 or len(kept) == ENTRIES:
                self.room = min(before, 0)
                break
            kept[name] = copied
        return kept

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        kept: list[Any] = []
        for entry in value:
            copied = self.of(entry, depth - 1)
            if self.room < 0 or len(kept) == ENTRIES:
                break
            kept.append(copied)
        return kept
