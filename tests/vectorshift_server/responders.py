"""Model providers that misbehave."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any


class Silent:
    """One that never answers."""

    def __init__(self, settings: object) -> None:
        pass

    def answer(self, question: object) -> Iterator[str]:
        del question
        time.sleep(600)
        yield "too late"


class Broken(Silent):
    """One that raises what nobody expects, with a secret."""

    def answer(self, question: object) -> Iterator[str]:
        raise LookupError("the password is swordfish")


class Odd(Silent):
    """One that answers in numbers."""

    def answer(self, question: object) -> Iterator[Any]:
        yield "one"
        yield 2
