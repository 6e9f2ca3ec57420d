"""Reply script: replies handed out one by one, to any thread or task."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from failwell.testing.answers import Answers, Brought, ScriptedAnswer
from failwell.testing.asked import Asked
from failwell.testing.errors import UnansweredError
from failwell.wire.messages import Failure

NOTHING = object()
"""There is no reply for what comes after the last one."""


class ReplyScript:
    """*given* replies, each for one request, and *then* for all that follow."""

    def __init__(self, answers: Answers, given: Sequence[ScriptedAnswer], then: ScriptedAnswer) -> None:
        self._answers = answers
        self._then = then
        self._given = len(given)
        self._left = deque(enumerate(given, 1))
        self._lock = threading.Lock()
        self._requests: list[Asked] = []
        self._failed: set[tuple[str | None, str, str]] = set()
        self._over = False
        self.unanswered: UnansweredError | None = None
        """The first request that found no reply: what is under test may have swallowed the exception."""

    def answer(self, asked: Asked) -> Brought:
        """What the transport brings back for *asked*.

        Raises:
            UnansweredError: no reply is left.
            BadReplyError: a function returned what is none.
        """
        call = (asked.idempotency_key, asked.method, asked.path)
        with self._lock:
            self._requests.append(asked)
            number = len(self._requests)
            if self._over or (not self._left and self._then is NOTHING):
                problem = UnansweredError(number, asked, self._given, repeats=call in self._failed, over=self._over)
                self.unanswered = self.unanswered or problem
                raise problem
            place, answer = self._left.popleft() if self._left else (0, self._then)
        # Outside of the lock: a function may itself use the client.
        found = self._answers.to(answer, asked, named(place), number)
        if isinstance(found, Failure) or getattr(found, "status", 200) >= 400:
            with self._lock:
                self._failed.add(call)
        return found

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was asked so far, in order."""
        with self._lock:
            return tuple(self._requests)

    def end(self) -> tuple[ScriptedAnswer, ...]:
        """Answer nothing more; the replies that are left."""
        with self._lock:
            self._over = True
            return tuple(answer for _, answer in self._left)


def named(place: int) -> str:
    """What messages call the reply at *place*, counted from 1; 0 is what follows the last."""
    return f"Reply {place}" if place else "then"
