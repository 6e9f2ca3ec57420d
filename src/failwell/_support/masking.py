"""Take secrets out of what is shown and kept, however they are spelled."""

from __future__ import annotations

from failwell._support.secret import MASK, Mask, Secret


def masked(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """*text* with every value of *secrets* replaced by `***`, however it is spelled.

    As it is, in UTF-16 and UTF-32, and with any of its characters escaped as JSON, JavaScript, URLs and HTML do.
    """
    if b"\\" in text or b"%" in text or b"&" in text or b"\0" in text:
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


def shown(text: bytes, secrets: tuple[Secret, ...]) -> bool:
    """Whether *text* has one of *secrets* in it, as it is."""
    for secret in secrets:  # noqa: SIM110 - asked of every error, where a generator takes longer than the search
        if secret.is_in(text):
            return True
    return False
