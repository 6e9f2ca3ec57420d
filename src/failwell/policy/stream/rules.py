"""Stream rules that an operation declares: which event ends it, which is an error, how it is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failwell._support.frozen import Frozen
from failwell.contract.construction import NOTHING
from failwell.contract.fields import Body, Header
from failwell.wire import json
from failwell.wire.error_factory import take
from failwell.wire.messages import Reply
from failwell.wire.sse import LONGEST_EVENT, Event


class StreamRules(Frozen):
    """How a stream ends, what in it is an error, and how it goes on.

    *ends_with* are the names of events that end it, and are given; *done* is the data of one that is not
    (`"[DONE]"`). A stream that stops without one of them has broken off. Where neither is declared, it may just stop.

    An event of the name *error_event*, or whose data is a JSON object that says something below *error_field*, is an
    error; false, null, 0 and what is empty say that there is none.

    A *resumable* stream that broke off, or just stopped, is asked for again from its last id on, until it is answered
    with 204. That is for a GET. A POST is never sent again: *follow* is where its answer, or an event, names the URL at
    which the stream is read by GET. *about* is where the id is named of what the stream tells of.

    *longest_event* is how many bytes of one event are held.
    """

    ends_with: tuple[str, ...] = ()
    done: str | None = None
    error_event: str | None = "error"
    error_field: str | None = None
    resumable: bool = False
    follow: Body | Header | None = None
    about: Body | Header | None = None
    longest_event: int = LONGEST_EVENT

    @property
    def last(self) -> str:
        """What one of has to come before the end; "" if nothing has to."""
        named = [*self.ends_with, *([self.done] if self.done is not None else [])]
        return " or ".join(f'"{name}"' for name in named)

    def tells_an_error(self, event: Event) -> bool:
        """Whether *event* is an error."""
        if self.error_event is not None and event.name == self.error_event:
            return True
        if self.error_field is None or self.error_field.rpartition(".")[2] not in event.data:
            return False  # most events, which need not be parsed for it
        return says_something(parsed(event.data.encode("utf-8", "replace")), self.error_field)


def parsed(text: bytes) -> Mapping[str, Any] | None:
    """The JSON object of *text*, or None."""
    try:
        value = json.loads(text)
    except json.UnreadableError:
        return None
    return value if isinstance(value, Mapping) else None


def says_something(body: Any, path: str) -> bool:
    """Whether there is more at the dotted *path* of *body* than false, null, 0 or what is empty."""
    found = take(body, path)
    return found is not NOTHING and bool(found)


def named(mark: Body | Header | None, head: Reply | None, body: Any) -> str | None:
    """The text at *mark* of an answer, or of an event's *body*."""
    if isinstance(mark, Header):
        return head.headers.get(mark.name.lower()) if head is not None else None
    found = take(body, mark.path) if mark is not None else None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and found else None
