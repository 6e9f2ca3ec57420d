"""Secrets that a text spells in another way: escaped as JSON, URLs or HTML do, or in UTF-16 and UTF-32."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right

from failwell._support.secret import MASK, Secret

LEVELS = 3
"""How often a text is unescaped: JSON in JSON in a URL is not rare."""

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[\"\\/]"
    rb"|%[0-9a-fA-F]{2}|&#[0-9]{1,7};|&#[xX][0-9a-fA-F]{1,6};|&[a-zA-Z]{2,8};"
)
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


def _masked_wide(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """*text*, whose characters may have two or four bytes each."""
    from json import detect_encoding

    encoding = detect_encoding(text)
    if encoding.startswith(("utf-16", "utf-32")):
        width = 2 if encoding.startswith("utf-16") else 4
        whole = text[: len(text) - len(text) % width]  # what was cut may end within a character
        try:
            plain = whole.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
        except ValueError:
            pass
        else:
            if (found := masked_spellings(plain, secrets)) != plain:
                return found.decode("utf-8", "replace").encode(encoding, "surrogatepass")
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
