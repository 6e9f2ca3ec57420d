"""From a value to text that a terminal can be shown and a line can hold."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any


def cell(value: object, *, local: bool = False) -> str:
    """*value* in one line: nothing for None, JSON for lists and maps; moments in the user's time zone if *local*."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M}" if local else value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict | list):
        return document(value)
    return printable(str(value))


def printable(text: str) -> str:
    r"""*text* with everything that a terminal would obey, or that would end a line or a cell, spelled as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def sentence(text: str) -> str:
    """*text* in one line: its line breaks and indents are blanks."""
    return printable(" ".join(text.split()))


def document(value: object, *, indent: int | None = None) -> str:
    """*value* as JSON of ASCII characters, none of which a terminal obeys; NaN and infinities are null."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(_finite(value), indent=indent, separators=separators, allow_nan=False)
    # The one control character that JSON leaves as it is; it can only stand in a string.
    return text.replace("\x7f", "\\u007f")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
