"""Exceptions without what they drag along: the request with its credentials, and the frames of the transport."""

from __future__ import annotations

from types import TracebackType

from failwell.contract import caps
from failwell.contract.error import Error
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


def show_context(error: Error) -> None:
    """Let *error* show what the caller was handling when he made the call, as an error of his own code would."""
    cause, met = error.__cause__, error.__context__
    if cause is None:
        error.__suppress_context__ = False
    elif cause.__context__ is None and met is not cause:
        cause.__context__ = met  # of an error with a cause only the cause's is shown


class ContentError(Exception):
    """The caller's own body failed with *problem* while it was read; *tail* is the caller's half of the traceback.

    The other half, of the transport, has local variables with credentials.
    """

    def __init__(self, problem: Exception, tail: TracebackType | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.tail = tail
