"""Session rules that an SDK declares: which messages are errors, how a session closes, its keepalive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from failwell._support.frozen import Frozen
from failwell.policy.decoding_errors import UnreadableReplyError
from failwell.policy.stream.rules import parsed, says_something
from failwell.wire.error_factory import take
from failwell.wire.websocket import GOING_AWAY, LONGEST_MESSAGE, NO_CODE, NORMAL, WebSocketMessage

M = TypeVar("M")
T = TypeVar("T")

WORTH_ANOTHER = (GOING_AWAY, 1006, 1011, 1012, 1013, 1014)
"""Close codes after which a new session may do better: the server leaves, fails, restarts, is busy, or just fell
silent. What breaks the protocol or a policy, and what a vendor says in codes of its own, would only happen again."""


class SessionRules(Frozen):
    """How a session is kept alive, what in it is an error, and how it ends. Durations are seconds.

    After *ping_every* seconds without a word from the server it is sent a ping (None: never), and has *pong_within*
    seconds to say anything; after that the session counts as dropped. A message of more than *longest_message* bytes
    drops it, too, with the code 1009.

    A message that is a JSON object is an error if its *name_field* is one of *error_names*, or if it says something
    below *error_field* (false, null, 0 and what is empty say that there is no error). A session has ended, and has not
    been dropped, when the server closes it with one of *ends_with*. A drop with one of the codes *renewed_after* (1006
    where there was none) may be followed by a new session. *close_within* is how long the server's part of a close is
    waited for.
    """

    ping_every: float | None = 20.0
    pong_within: float = 20.0
    longest_message: int = LONGEST_MESSAGE
    name_field: str = "type"
    error_names: tuple[str, ...] = ("error",)
    error_field: str | None = None
    ends_with: tuple[int, ...] = (NORMAL, NO_CODE)
    renewed_after: tuple[int, ...] = WORTH_ANOTHER
    close_within: float = 5.0
    subprotocols: tuple[str, ...] = ()

    def tells_an_error(self, message: WebSocketMessage) -> bool:
        """Whether *message* is an error."""
        if not isinstance(message, str):
            return False
        field = self.error_field
        named = any(name in message for name in self.error_names)
        if not named and (field is None or field.rpartition(".")[2] not in message):
            return False  # most messages, which need not be parsed for it
        body = parsed(message.encode("utf-8", "replace"))
        if body is None:
            return False
        return _is_named(body, self.name_field, self.error_names) or (field is not None and says_something(body, field))


def _is_named(body: Mapping[str, Any], field: str, names: tuple[str, ...]) -> bool:
    found = take(body, field)
    return isinstance(found, str) and found in names


class Renewed(Frozen):
    """The session was dropped, and there is a new one; *unsent* are the messages that the old one did not take."""

    unsent: tuple[WebSocketMessage, ...]


class Heard(Frozen, Generic[T]):
    """A message, decoded."""

    item: T


def read_json(message: WebSocketMessage) -> Any:
    """*message* as parsed JSON.

    Raises:
        UnreadableReplyError: it is none.
    """
    import json

    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        kind = "characters of text" if isinstance(message, str) else "bytes"
        problem = f"a message of {len(message)} {kind}, expected JSON"
    raise UnreadableReplyError(problem)
