"""A key that is never printed."""

from __future__ import annotations

from typing import NoReturn

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
    """*text* with every value of *secrets* replaced by `***`."""
    if not shown(text, secrets):
        return text
    # The longest first: a key that begins like another must not leave its tail behind.
    for value in sorted(
        (secret.reveal().encode("utf-8", "surrogatepass") for secret in secrets), key=len, reverse=True
    ):
        if value:
            text = text.replace(value, MASK.encode())
    return text


def shown(text: bytes, secrets: tuple[Secret, ...]) -> bool:
    """Whether *text* has one of *secrets* in it."""
    for secret in secrets:  # noqa: SIM110 - asked of every reply, where a generator takes longer than the search
        if secret.is_in(text):
            return True
    return False
