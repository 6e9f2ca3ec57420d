"""A key that is never printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

Mask = Callable[[bytes], bytes]
"""Takes the secrets out of a text; gives back the very same bytes where there are none."""

MASK = "***"


class Secret:
    """Holds a credential; prints as `***`, and leaves only through `reveal()`."""

    __slots__ = ("_sent", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._sent = value.encode("utf-8", "surrogatepass")

    def reveal(self) -> str:
        """The credential itself. Keep it out of local variables: tracebacks may print those."""
        return self._value

    @property
    def sent(self) -> bytes:
        """The credential as bytes. The same holds for it as for what `reveal` gives."""
        return self._sent

    def is_in(self, text: bytes) -> bool:
        """Whether *text* shows it."""
        return bool(self._sent) and self._sent in text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret is not pickled: its bytes would hold the credential. Read it from its source again.")


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
