"""Exceptions of scripted replies, which are assertions: a test that meets one has failed.

RepliesError
├── NoClientError        what is to be answered is no client made with Failwell
├── BadReplyError        what was given as a reply is none
├── UnansweredError      a request came, and no reply was left
├── NoMessageError       a session waits for a message, and none is left
└── UnusedRepliesError   the block ended, and replies were left
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.exception_fields import ExceptionFields

if TYPE_CHECKING:
    from failwell.testing.asked import Asked


class RepliesError(AssertionError):
    """Replies and requests do not fit together."""


class NoClientError(ExceptionFields, RepliesError):
    """What was given as a client, of type *found*, has no engine that could be answered."""

    found: str
    template = "A {found} cannot be answered. Pass a client made with Failwell, a resource of one, or its core."


class BadReplyError(ExceptionFields, RepliesError):
    """*found* was given as a reply, or for *place*; *allowed* says what can be."""

    place: str
    found: str
    allowed: str
    template = "{place} is {found}. Give {allowed}."


class UnansweredError(ExceptionFields, RepliesError):
    """Request *number* of a block, *asked*, came when all *given* replies were used; *repeats* a call that failed."""

    number: int
    asked: Asked
    given: int
    repeats: bool = False
    over: bool = False

    def __str__(self) -> str:
        what = f"Request {self.number}, {self.asked.method} {self.asked.path},"
        if self.over:
            return f"{what} came after the block of its replies was left. Wait for the call inside of the block."
        left = f"{what} has no reply: {_counted(self.given)} given, none is left."
        remedy = "Give one more, or pass then= for all that follow."
        if not self.repeats:
            return f"{left} {remedy}"
        return f"{left} It repeats a call that failed: {remedy[0].lower()}{remedy[1:-1]}, or set max_retries=0."


class NoMessageError(ExceptionFields, RepliesError):
    """In the session that is *place* a message is waited for, when all *given* items of its script were used.

    Or the next item waits for the client's own: *waits_for_client*.
    """

    place: str
    given: int
    waits_for_client: bool = False

    def __str__(self) -> str:
        if self.waits_for_client:
            return (
                f"The session of {self.place} waits for a message of the server, whose script waits for one of the "
                "client. Let the client send first, or give TimeoutError for a wait in which nothing comes."
            )
        return (
            f"The session of {self.place} waits for a message, and the {self.given} of its script were given. Give one "
            "more, close= for an end, or TimeoutError for silence."
        )


class UnusedRepliesError(ExceptionFields, RepliesError):
    """The *unused* of the *given* replies were not asked for by the *requests* of the block."""

    unused: tuple[str, ...]
    given: int
    requests: tuple[Asked, ...]

    def __str__(self) -> str:
        sent = ", ".join(f"{asked.method} {asked.path}" for asked in self.requests[-3:]) or "nothing"
        return (
            f"{len(self.unused)} of {self.given} replies not used: {', '.join(self.unused[:3])}. "
            f"{len(self.requests)} sent, last {sent}. Leave out what no call asks for, or pass it as then=."
        )


def _counted(given: int) -> str:
    return f"{given} reply was" if given == 1 else f"{given} replies were"
