"""The events of calls as lines of the log: a sentence, and each fact as an attribute of the record."""

from __future__ import annotations

import logging
from typing import Any

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


def said(log: logging.Logger, level: int, name: str, facts: dict[str, Any]) -> None:
    """Log the event *name*; the record has its name as `event`, and each of its *facts* by its own name."""
    wrong = name in FAILED and (facts.get("failure") or facts.get("error"))
    sentence = FAILED[name] if wrong else SENTENCES[name]
    log.log(level, sentence, facts, extra={"event": name, **facts})
