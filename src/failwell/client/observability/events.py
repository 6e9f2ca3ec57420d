"""Event names and facts of the `on_event(name, facts)` hook, and the log lines that tell them.

No fact holds a header, a query, a body or a credential. Durations are seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

SENTENCES = {
    "call_began": "%(operation)s: %(method)s %(url)s",
    "attempt_began": "%(method)s %(url)s, resend %(resend_count)d",
    "attempt_ended": "%(method)s %(url)s: status %(status)s in %(duration).3f s",
    "call_ended": "%(operation)s: done in %(elapsed).3f s, attempts: %(attempts)d",
    "retry": "%(operation)s: %(reason)s; retry %(retry)d in %(delay).3g s",
    "retry_suppressed": "%(operation)s: not retried: %(reason)s",
    "call_refused": "%(operation)s: not sent: %(reason)s",
    "paced": "%(operation)s: waiting %(seconds).3g s, because the server asked another call to",
    "breaker_opened": "%(operation)s: not sent for %(open_for)g s: %(reason)s",
    "breaker_closed": "%(operation)s: sent again",
    "reconnect": "%(operation)s: %(reason)s; asking for the rest in %(delay).3g s",
    "poll_failed": "still waiting, after %(error)s",
    "upload_interrupted": "%(reason)s in an upload, after %(sent)d bytes; asking for its offset in %(delay).3g s",
    "session_dropped": "%(operation)s: the session broke off with %(code)d: %(reason)s",
    "session_renewed": "%(operation)s: opening a new session in %(delay).3g s",
}
FAILED = {
    "attempt_ended": "%(method)s %(url)s: %(failure)s after %(duration).3f s (%(reason)s)",
    "call_ended": "%(operation)s: %(error)s in %(elapsed).3f s, attempts: %(attempts)d",
}
"""For those that went wrong."""


def log_event(log: logging.Logger, level: int, name: str, facts: dict[str, Any]) -> None:
    """Log the event *name*; the record has its name as `event`, and each of its *facts* by its own name."""
    wrong = name in FAILED and (facts.get("failure") or facts.get("error"))
    sentence = FAILED[name] if wrong else SENTENCES[name]
    log.log(level, sentence, facts, extra={"event": name, **facts})


SuppressedBy = Literal["deadline", "retry_after", "budget", "large_fleet", "breaker", "pacing"]


class CallBegan(TypedDict):
    """An operation sends its request. One operation may make several calls, as one that polls does."""

    operation: str | None
    method: str
    url: str


class AttemptBegan(CallBegan):
    """A request goes out; *resend_count* is 0 for the first one of a call."""

    resend_count: int


class AttemptEnded(AttemptBegan):
    """A request came to an end after *duration*, that of a stream with its last event.

    *failure* says why there was no whole answer, and *reason* in words. "cancelled" is also Ctrl-C, and a body of the
    caller's own that could not be read.
    """

    status: int | None
    failure: Literal["network", "timeout", "unreadable", "cancelled"] | None
    reason: str | None
    duration: float
    request_id: str | None


class CallEnded(CallBegan):
    """A call came to an end, *elapsed* after it began: well, or with *error*, the name of what is raised.

    *status* and *request_id* are those of the last attempt. *suppression* says by what a further one was.
    """

    attempts: int
    elapsed: float
    status: int | None
    error: str | None
    suppression: SuppressedBy | None
    request_id: str | None


class Retry(TypedDict):
    """A request will be repeated for the *retry*-th time, after *delay*."""

    operation: str | None
    retry: int
    delay: float
    reason: str


class RetrySuppressed(TypedDict):
    """A retry that could have helped is not made; *seconds* until one may be, where that is known."""

    operation: str | None
    by: SuppressedBy
    reason: str
    seconds: float | None


class CallRefused(RetrySuppressed):
    """A call is not sent at all; *seconds* until one may be, where that is known."""


class Paced(TypedDict):
    """A call waits *seconds*, because the server asked another to."""

    operation: str | None
    seconds: float


class BreakerOpened(TypedDict):
    """The calls of *operation*, which is named with its server, are not sent for *open_for* seconds."""

    operation: str
    reason: str
    open_for: float


class BreakerClosed(TypedDict):
    """They are sent again."""

    operation: str


class Reconnect(TypedDict):
    """A stream that broke off will be asked for again after *delay*, from *last_event_id* on ("": from its start)."""

    operation: str | None
    delay: float
    reason: str
    last_event_id: str


class PollFailed(TypedDict):
    """One look at a long job met *error*, which does not end the wait."""

    error: str


class UploadInterrupted(TypedDict):
    """A piece of an upload met *reason*; the server had *sent* bytes before, and is asked again after *delay*."""

    sent: int
    delay: float
    reason: str


class SessionDropped(TypedDict):
    """A websocket session broke off, with the close *code* (1006 where there was none)."""

    operation: str | None
    code: int
    reason: str


class SessionRenewed(TypedDict):
    """A session that broke off will be opened again after *delay*."""

    operation: str | None
    delay: float
    code: int
    reason: str


EVENTS: Mapping[str, type] = {
    "call_began": CallBegan,
    "attempt_began": AttemptBegan,
    "attempt_ended": AttemptEnded,
    "call_ended": CallEnded,
    "retry": Retry,
    "retry_suppressed": RetrySuppressed,
    "call_refused": CallRefused,
    "paced": Paced,
    "breaker_opened": BreakerOpened,
    "breaker_closed": BreakerClosed,
    "reconnect": Reconnect,
    "poll_failed": PollFailed,
    "upload_interrupted": UploadInterrupted,
    "session_dropped": SessionDropped,
    "session_renewed": SessionRenewed,
}
"""The facts of each event, by its name."""
