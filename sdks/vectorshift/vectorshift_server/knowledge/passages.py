"""Passages: a text in pieces of one subject, as far as blank lines and sentences tell."""

from __future__ import annotations

import re

LONGEST = 800
"""Characters that a passage may have."""
MOST_PASSAGES = 50_000


class UnreadableError(Exception):
    """A file has no text that can be searched; the text of this says why."""


def passages_of(name: str, content: bytes) -> list[str]:
    """The passages of the file *name*. Raises: UnreadableError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        message = f'"{name}" is no text in UTF-8 at byte {problem.start:,}. Save it as text, and add it again.'
        raise UnreadableError(message) from None
    if "\0" in text:
        raise UnreadableError(f'"{name}" has bytes of zero, and is no text. Save it as text, and add it again.')
    found = [piece for part in re.split(r"\n\s*\n", text) for piece in _pieces(" ".join(part.split()))]
    if not found:
        raise UnreadableError(f'"{name}" has no words in it.')
    if len(found) > MOST_PASSAGES:
        raise UnreadableError(f'"{name}" has {len(found):,} passages, and may have {MOST_PASSAGES:,}. Split it.')
    return found


def _pieces(text: str) -> list[str]:
    """*text* in pieces of at most `LONGEST`, which end with sentences where they can, or else with words."""
    pieces: list[str] = []
    while len(text) > LONGEST:
        ends = [found.end() for found in re.finditer(r"[.!?] ", text[:LONGEST])]
        cut = ends[-1] if ends else text.rfind(" ", 0, LONGEST) + 1 or LONGEST
        pieces.append(text[:cut].rstrip())
        text = text[cut:]
    return [*pieces, text] if text else pieces
