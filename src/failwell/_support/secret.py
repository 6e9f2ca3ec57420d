"""Secrets: values that are never printed, logged or pickled."""

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
        return text.find(self._sent) >= 0 and self._sent != b""  # `in` would ask first whether it is a number

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
