"""Exceptions without what they drag along: the request with its credentials, and the frames of the transport."""

from __future__ import annotations

from types import TracebackType

from failwell.contract import caps
from failwell.contract.secret import Secret, masked


def detached(problem: BaseException, secrets: tuple[Secret, ...] = ()) -> Exception:
    """A copy of *problem*: the same type and text (secrets masked), nothing else."""
    said = str(problem) or (str(problem.__cause__) if problem.__cause__ else "")
    text = caps.text(masked(said.encode("utf-8", "replace"), secrets).decode())
    cls = type(problem)
    if not isinstance(problem, Exception) or not issubclass(cls, Exception):
        return Exception(text)
    copy = cls.__new__(cls, text)
    copy.args = (text,)
    if str(copy) != text:
        copy = Exception(f"{cls.__name__}: {text}")
    return copy


class ContentError(Exception):
    """The caller's own body failed with *problem* while it was read; *tail* is the caller's half of the traceback.

    The other half, of the transport, has local variables with credentials.
    """

    def __init__(self, problem: Exception, tail: TracebackType | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.tail = tail
