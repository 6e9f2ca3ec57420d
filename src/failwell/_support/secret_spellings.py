"""Escaped secrets: found as JSON, URLs or HTML escape them, in UTF-16 and UTF-32, or cut off."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right

from failwell._support.secret import MASK, Mask, Secret

LEVELS = 3
"""How often a text is unescaped: JSON in JSON in a URL is not rare."""
LONGEST_SPELLING = 24
"""Bytes that one byte of a secret may become: "\\\\u002f" is a slash in JSON in JSON."""
SHORTEST_START = 8
"""Characters of a cut-off secret that are masked: fewer are the start of many a word."""

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[\"\\/]"
    rb"|%[0-9a-fA-F]{2}|&#[0-9]{1,7};|&#[xX][0-9a-fA-F]{1,6};|&[a-zA-Z]{2,8};"
)
_UNFINISHED = re.compile(rb"(?:\\(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?|%[0-9a-fA-F]?|&#?[0-9a-zA-Z]{0,8})\Z")
"""The start of an escape at the end of a text."""
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")

Spans = list[tuple[int, int]]


def masked_spellings(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """*text* with `***` for every one of *secrets*, as it is, escaped, or in a wide encoding."""
    if b"\0" in text:
        text = _masked_wide(text, secrets)
    kept, end = bytearray(), 0
    for start, stop in sorted(_spelled(text, secrets, LEVELS), key=_longest_first):
        if start >= end:
            kept += text[end:start] + MASK.encode()
        end = max(end, stop)
    return bytes(kept + text[end:]) if end else text


def without_start_at_end(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """*text*, which was broken off, with `***` for the start of a secret at its very end, in any of its spellings."""
    if (
        b"\0" in text
        and (found := _masked_as_utf8(text, lambda plain: without_start_at_end(plain, secrets))) is not None
    ):
        return found
    values = [secret.sent for secret in secrets]
    head = max(0, len(text) - LONGEST_SPELLING * max(map(len, values), default=0))
    tail = text[head:]
    place = _broken_off(tail, values, LEVELS)
    return text if place == len(tail) else text[: head + place] + MASK.encode()


def _broken_off(text: bytes, values: list[bytes], levels: int) -> int:
    """Where the start of one of *values* is that *text* ends with, also once it is unescaped; else its length."""
    length = len(text)
    places = [_start_at_end(text, value) for value in values]
    if (unfinished := _UNFINISHED.search(text)) is not None:
        whole = text[: unfinished.start()]
        found = [_start_at_end(whole, value) for value in values]
        places += [place for place in found if place < len(whole)]
    plain = _ESCAPE.sub(lambda escape: _meant(escape[0]), text) if levels else text
    if plain != text and (place := _broken_off(plain, values, levels - 1)) < len(plain):
        places += [start for start, _ in _places(text, [(place, len(plain))])]
    return min(places, default=length)


def _start_at_end(text: bytes, value: bytes) -> int:
    """Where the start of *value* is that *text* ends with, if it is long enough; else its length."""
    start = value[:SHORTEST_START]
    place = text.find(start, max(0, len(text) - len(value))) if len(start) == SHORTEST_START else -1
    while place >= 0 and not value.startswith(text[place:]):
        place = text.find(start, place + 1)
    return len(text) if place < 0 else place


def _masked_as_utf8(text: bytes, mask: Mask) -> bytes | None:
    """*text*, which is UTF-16 or UTF-32, with what *mask* takes out of it as UTF-8; None where that is nothing."""
    from json import detect_encoding

    encoding = detect_encoding(text)
    if not encoding.startswith(("utf-16", "utf-32")):
        return None
    width = 2 if encoding.startswith("utf-16") else 4
    whole = text[: len(text) - len(text) % width]  # what was cut may end within a character
    try:
        plain = whole.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    except ValueError:
        return None
    found = mask(plain)
    return None if found == plain else found.decode("utf-8", "replace").encode(encoding, "surrogatepass")


def _masked_wide(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """*text*, whose characters may have two or four bytes each."""
    if (found := _masked_as_utf8(text, lambda plain: masked_spellings(plain, secrets))) is not None:
        return found
    for secret in sorted(secrets, key=lambda secret: len(secret.sent), reverse=True):
        for wide in _WIDE if secret else ():
            value = secret.reveal().encode(wide, "surrogatepass")
            if value in text:
                text = text.replace(value, MASK.encode(wide))
    return text


def _spelled(text: bytes, secrets: tuple[Secret, ...], levels: int) -> Spans:
    """Where *text* has one of *secrets*, as it is, or once it is unescaped up to *levels* times."""
    found: Spans = []
    for secret in secrets:
        value, place = secret.sent, 0
        while value and (place := text.find(value, place)) >= 0:
            found.append((place, place + len(value)))
            place += len(value)
    if levels:
        plain = _ESCAPE.sub(lambda escape: _meant(escape[0]), text)
        if plain != text and (escaped := _spelled(plain, secrets, levels - 1)):
            found += _places(text, escaped)
    return found


def _longest_first(span: tuple[int, int]) -> tuple[int, int]:
    """The order in which spans are taken out: a key that begins like another must not leave its tail behind."""
    return span[0], -span[1]


def _places(text: bytes, found: Spans) -> Spans:
    """The spans *found* in what *text* means, as spans of *text*."""
    before, starts, ends, shift = [0], [0], [0], 0
    for escape in _ESCAPE.finditer(text):
        meant = len(_meant(escape[0]))
        # From here on the escape, and then what is behind it.
        before += [escape.start() - shift, escape.start() - shift + meant]
        starts += [escape.start(), escape.end()]
        ends += [escape.end(), escape.end()]
        shift += escape.end() - escape.start() - meant
    spans: Spans = []
    for start, stop in found:
        first, last = bisect_right(before, start) - 1, bisect_right(before, stop - 1) - 1
        is_escape = (first % 2 == 1, last % 2 == 1)
        spans.append((
            starts[first] if is_escape[0] else starts[first] + start - before[first],
            ends[last] if is_escape[1] else starts[last] + stop - before[last],
        ))  # fmt: skip
    return spans


@functools.lru_cache(maxsize=1024)
def _meant(said: bytes) -> bytes:
    """The character that an escape stands for; the escape itself where it stands for none."""
    if said[:1] == b"%":
        return bytes((int(said[1:], 16),))
    if said[:1] == b"&":
        from html import unescape

        return unescape(said.decode()).encode("utf-8", "surrogatepass")
    if said[1:2] == b"u":
        units = bytes.fromhex(said.replace(b"\\u", b"").decode())
        return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
    return bytes.fromhex(said[2:].decode()) if said[1:2] == b"x" else said[1:]
