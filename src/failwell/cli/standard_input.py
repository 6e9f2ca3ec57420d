"""What is piped into a command."""

from __future__ import annotations

import sys

from failwell.contract.errors import ContractError


class ClosedInputError(ContractError):
    """There is no standard input to read *what* from."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"The standard input is closed, so there is no {self.what} in it. Pipe one into it, or name a file."


def standard_input(what: str, most: int = -1) -> bytes:
    """The bytes of *what* in the standard input: all, or *most* of them.

    Raises:
        ClosedInputError: it was closed before the program began.
    """
    # The type checkers do not know that a closed one is None.
    stream: object = sys.stdin
    if stream is None:
        raise ClosedInputError(what)
    return sys.stdin.buffer.read(most)
