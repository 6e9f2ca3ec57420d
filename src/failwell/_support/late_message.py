"""Late messages: the sentence that an exception says, made when somebody first reads it, and not before.

Most exceptions are caught by their class. Half of the time that a refused payload takes would go into a sentence about
its fields that nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

LATE: Final = "_late_message"
"""The attribute with what makes the message of an exception, and the name of its field for it, until it is read."""
ARGS: Any = BaseException.__dict__["args"]
"""The `args` that every exception has in C."""


class LateMessage:
    """The field for the message, as one finds it in the class of an exception that has not made its own yet."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, problem: Any, cls: type[Any]) -> Any:
        if problem is None:
            return self
        if not make_message(problem):
            raise AttributeError(f"{cls.__name__} has no {self.name!r}", name=self.name, obj=problem)
        return problem.__dict__[self.name]


def let_be_late(cls: type[Any], name: str) -> bool:
    """Let the message of a *cls*, in the field *name*, be made late; False where the class has a default for it."""
    if not hasattr(cls, name):
        setattr(cls, name, LateMessage(name))
    return isinstance(getattr(cls, name), LateMessage)


def put_off(problem: Any, name: str, make: Callable[[], str]) -> None:
    """Let *problem* have what *make* gives as its message, in the field *name* and in `args`, once it is read."""
    problem.__dict__[LATE] = name, make


def is_late(problem: Any) -> bool:
    """Whether nobody has read the message of *problem* yet, so that it is not made."""
    return LATE in problem.__dict__


def make_message(problem: Any) -> bool:
    """Make the message of *problem* where nobody has read it yet; whether that was so."""
    held = problem.__dict__
    late: tuple[str, Callable[[], str]] | None = held.get(LATE)
    if late is None:
        return False
    name, make = late
    message = make()
    held.setdefault(name, message)
    ARGS.__set__(problem, (message,))
    held.pop(LATE, None)  # last: another thread that reads it meanwhile makes the same
    return True
