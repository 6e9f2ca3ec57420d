"""What is piped into a command."""

from __future__ import annotations

import sys

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.errors import ContractError


class ClosedInputError(ExceptionFields, ContractError):
    """There is no standard input to read *what* from."""

    what: str
    template = "The standard input is closed, so there is no {what} in it. Pipe one into it, or name a file."


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
