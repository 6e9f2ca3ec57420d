"""A key that is never printed."""

from __future__ import annotations

from typing import NoReturn

MASK = "***"


class Secret:
    """Holds a credential; prints as `***`, and leaves only through `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The credential itself. Keep it out of local variables: tracebacks may print those."""
        return self._value

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
    for secret in secrets:
        if secret and (value := secret.reveal().encode()) in text:
            text = text.replace(value, MASK.encode())
    return text
