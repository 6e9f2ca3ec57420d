"""What a stream gives: that a run was started, text as it is made, and that it is complete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from failwell.policy import UnreadableReplyError

if TYPE_CHECKING:
    from failwell.wire import Event


class StartedEvent(NamedTuple):
    """The run was started: from here on `client.get(run_id)` knows it."""

    run_id: str
    type: str = "started"


class DeltaEvent(NamedTuple):
    """Some more of the answer."""

    content: str
    run_id: str = ""
    type: str = "delta"


class DoneEvent(NamedTuple):
    """The answer is complete: the server said so. A stream that breaks off raises instead."""

    run_id: str = ""
    type: str = "done"


StreamEvent = StartedEvent | DeltaEvent | DoneEvent


class Events:
    """Reads the events of one stream; remembers the run that they are about."""

    def __init__(self) -> None:
        self.run_id = ""

    def __call__(self, event: Event) -> StreamEvent | None:
        """What *event* says, or None where that is nothing: a chunk without text."""
        try:
            told: Any = json.loads(event.data)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise UnreadableReplyError(f"an event with {len(event.data)} characters of data, expected a JSON object")
        if isinstance(told.get("run_id"), str):
            self.run_id = told["run_id"]
            return StartedEvent(self.run_id)
        content = _content(told.get("choices"))
        return DeltaEvent(content, self.run_id) if content else None

    def done(self) -> DoneEvent:
        """That the stream has ended as it should."""
        return DoneEvent(self.run_id)


def _content(choices: Any) -> str | None:
    """The text of a chunk: `{"choices": [{"delta": {"content": "..."}}]}`."""
    first = choices[0] if isinstance(choices, list) and choices else None
    delta = first.get("delta") if isinstance(first, dict) else None
    content = delta.get("content") if isinstance(delta, dict) else None
    return content if isinstance(content, str) else None
