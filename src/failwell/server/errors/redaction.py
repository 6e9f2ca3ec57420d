"""Redaction of validation errors (422): field, message and kind, never the value that was sent (S9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

MOST_FIELD_ERRORS = 100
"""Field errors that a reply lists at most."""

LONGEST_KEY = 64
LONGEST_MESSAGE = 300

NOT_ACCEPTED = "This value is not accepted"
"""In place of words that repeat what was sent."""

_WORDS_OF_APPS = frozenset({"value_error", "assertion_error"})
_MOST_PARTS = 1000
_MOST_TEXT = 8192
_SHORTEST_PART = 6
"""Letters of a text inside of what was sent that its author may use by chance: "name"."""
_WINDOW = 12
"""Letters in a row that are nobody's chance: words that repeat the beginning of what was sent."""


def redacted_field_error(problem: Mapping[str, Any]) -> dict[str, Any]:
    """The field error *problem* of pydantic or FastAPI, in words that are fit for a client."""
    kind = str(problem["type"])
    # A key of `loc` may be the caller's text, of any length.
    loc = [part if isinstance(part, int) else shorten(str(part), LONGEST_KEY) for part in problem["loc"]]
    said = shorten(
        str(problem["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, "), LONGEST_MESSAGE
    )
    if kind == "json_invalid" and len(loc) > 1 and isinstance(loc[-1], int):
        # FastAPI puts the place in the text behind the field.
        loc, said = loc[:-1], f"The body is not valid JSON at character {loc[-1]}"
    elif kind == "union_tag_invalid":
        said = _of_tag(problem.get("ctx") or {})
    elif kind == "uuid_parsing":
        said = "Input should be a valid UUID"  # pydantic names the first letter that it does not like
    elif kind in _WORDS_OF_APPS or kind not in _pydantics():
        said = NOT_ACCEPTED if _repeats(said, problem.get("input")) else said
    return {"loc": loc, "msg": said, "type": shorten(kind, LONGEST_KEY)}


def shorten(text: str, most: int = LONGEST_KEY) -> str:
    """*text* in *most* characters, and without what UTF-8 cannot carry."""
    if len(text) <= most and text.isascii():
        return text
    text = text[: most + 1].encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _of_tag(ctx: Mapping[str, Any]) -> str:
    discriminator, expected = ctx.get("discriminator", "its tag"), ctx.get("expected_tags")
    known = shorten(f": {expected}", LONGEST_MESSAGE) if expected else ""
    return f"The tag found using {discriminator} does not match any of the expected tags{known}"


@cache
def _pydantics() -> frozenset[str]:
    """The kinds of errors whose words are pydantic's own: none but the above repeats what was sent."""
    try:
        from pydantic_core.core_schema import ErrorType
    except ImportError:
        return frozenset()
    return frozenset(get_args(ErrorType))


def _repeats(said: str, given: Any) -> bool:
    """Whether *said* repeats a part of what was *given*."""
    parts = list(_texts(given))
    if not isinstance(given, list | dict) and parts:
        [whole] = parts
        quoted = re.escape(whole[:_MOST_TEXT])
        form = rf"['\"`]{quoted}['\"`]" if len(whole) < 4 else rf"(?<!\w){quoted}(?!\w)"
        if whole and re.search(form, said):
            return True
    if any(len(part) >= _SHORTEST_PART and part in said for part in parts):
        return True
    text = "\n".join(parts)[:_MOST_TEXT]
    return any(said[at : at + _WINDOW] in text for at in range(len(said) - _WINDOW + 1))


def _texts(given: Any) -> Iterator[str]:
    """What *given* holds, as text; its names are the contract's, not the caller's."""
    left, seen = [given], 0
    while left and seen < _MOST_PARTS:
        part = left.pop()
        seen += 1
        if isinstance(part, dict):
            left += list(part.values())[:_MOST_PARTS]
        elif isinstance(part, list | tuple):
            left += part[:_MOST_PARTS]
        elif part is not None and not isinstance(part, bool):
            yield str(part) if isinstance(part, str | int | float) and not _huge(part) else ""


def _huge(part: object) -> bool:
    return isinstance(part, int) and part.bit_length() > 1024
