"""Masks secrets in what is shown and kept, however they are spelled."""

from __future__ import annotations

from typing import Any

from failwell._support.secret import MASK, Mask, Secret
from failwell._support.truncation import ELLIPSIS

DEPTH = 64
"""Levels of a value that are looked into."""
LONGEST_NUMBER = 1000
"""Bits of a number that is looked at for secrets: what has more is none, and takes its time to write."""
_BACKSLASH, _PERCENT, _AMPERSAND = b"\\%&"  # as numbers: a text takes six times as long to be searched for


def masked(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """*text* with every value of *secrets* replaced by `***`, however it is spelled.

    As it is, in UTF-16 and UTF-32, and with any of its characters escaped as JSON, JavaScript, URLs and HTML do.
    """
    if _BACKSLASH in text or _PERCENT in text or _AMPERSAND in text or 0 in text:
        from failwell._support.secret_spellings import masked_spellings

        return masked_spellings(text, secrets)
    if shown(text, secrets):
        # The longest first: a key that begins like another must not leave its tail behind.
        for value in sorted((secret.sent for secret in secrets), key=len, reverse=True):
            if value:
                text = text.replace(value, MASK.encode())
    return text


def masked_end(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """*text*, which was broken off, with `***` for the start of a secret that it ends with, in any of its spellings."""
    from failwell._support.secret_spellings import without_start_at_end

    return without_start_at_end(text, secrets)


def masked_text(text: str, mask: Mask) -> str:
    """*text* without the secrets that *mask* knows."""
    raw = text.encode("utf-8", "surrogatepass")
    found = mask(raw)
    return text if found is raw or found == raw else found.decode("utf-8", "replace")


def masked_value(value: Any, mask: Mask, depth: int = DEPTH) -> Any:
    """The JSON *value* without the secrets that *mask* knows, in texts, keys and numbers."""
    if isinstance(value, str):
        return masked_text(value, mask)
    if isinstance(value, dict | list) and not depth:
        return ELLIPSIS
    if isinstance(value, dict):
        return {masked_text(str(key), mask): masked_value(part, mask, depth - 1) for key, part in value.items()}
    if isinstance(value, list):
        return [masked_value(part, mask, depth - 1) for part in value]
    if value is None or isinstance(value, bool):
        return value
    digits = str(value) if isinstance(value, float) or value.bit_length() < LONGEST_NUMBER else ""
    return value if masked_text(digits, mask) is digits else MASK


def shown(text: bytes, secrets: tuple[Secret, ...]) -> bool:
    """Whether *text* has one of *secrets* in it, as it is."""
    for secret in secrets:  # noqa: SIM110 - asked of every error, where a generator takes longer than the search
        if secret.is_in(text):
            return True
    return False
