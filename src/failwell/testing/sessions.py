"""A websocket session as a scripted reply: what the server says in it, and when it ends."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from failwell.contract.extras import needs
from failwell.testing.errors import BadReplyError, NoMessageError
from failwell.wire.messages import Failure, Reply
from failwell.wire.websocket import NO_CODE, Closed

if TYPE_CHECKING:
    from anyio import Event

PATIENCE = 1.0
"""Real seconds in which another thread or task says what the script waits for."""


class Messages:
    """Plays the server of a websocket session: *items* one by one, each when the client waits for a message.

    An item is a message (a dict, a list or a pydantic model as JSON; text or bytes; an error of the contract, as its
    body), or

    - a function: it is given the next message of the client (parsed, if it is a JSON object or list) as soon as one is
      there, and returns an item, a tuple of items, or None for nothing;
    - `TimeoutError`: a wait in which nothing comes; as the last item, silence from then on;
    - `ConnectionError`, `NetworkError`, a `Failure`: the connection breaks.

    Behind the last item the server closes with the code *close* and its *reason*. Without one it stays, and who waits
    for another message is told that there is none. A close of the client's is always answered.

        with replies(client, Messages({"type": "hello"}, lambda said: {"echo": said}, close=1011)) as sent: ...
        assert ["Hello"] == sent.messages
    """

    def __init__(self, *items: object, close: int | None = None, reason: str = "") -> None:
        self.items = items
        self.close = close
        self.reason = reason

    def __repr__(self) -> str:
        return f"<Messages: {len(self.items)} items>"


SessionStep = str | bytes | Failure | Closed | Callable[[Any], object]
"""What happens next in a session. A function is one that is given a message of the client."""


class Conversation:
    """A session that is played: *steps* are left to happen, *make* makes them of what a function returns.

    *heard* is told each message of the client, *wait* that seconds go by.
    """

    def __init__(
        self,
        head: Reply,
        steps: Iterable[SessionStep],
        *,
        place: str,
        make: Callable[[object], list[SessionStep]],
        heard: Callable[[Any], None],
    ) -> None:
        with needs("ws", "A scripted session"):
            from wsproto.connection import Connection, ConnectionType
        self.head = head
        self.place = place
        self.changed = threading.Condition()
        self.woken: Event | None = None
        self._steps = deque(steps)
        self._given = len(self._steps)
        self._make = make
        self._heard = heard
        self._unanswered: deque[Any] = deque()
        self._connection = Connection(ConnectionType.SERVER)
        self._over = self._left = False
        self._closing: bytes | None = None

    def whole(self) -> Reply | Failure:
        """What a plain call gets.

        Raises:
            BadReplyError: always. It opens no session.
        """
        raise BadReplyError(self.place, "a session, and the request opens none", "Messages(...) to one that does")

    def take(self, data: bytes) -> None:
        """The client says *data*."""
        from wsproto import events

        with self.changed:
            self._connection.receive_data(data)
            for event in self._connection.events():
                if isinstance(event, events.Message):
                    self._took(event)
                elif isinstance(event, events.CloseConnection):
                    self._left = True
                    self._closing = None if self._over else bytes(self._connection.send(event.response()))
            self.changed.notify_all()
        if self.woken is not None:
            self.woken.set()

    def _took(self, event: Any) -> None:
        # wsproto hands a long message on in the pieces in which it came; ours come whole.
        said = _parsed(event.data) if isinstance(event.data, str) else bytes(event.data)
        self._heard(said)
        self._unanswered.append(said)

    def give(self, timeout: float | None) -> bytes | Failure | None:
        """What comes within *timeout* seconds; None if the client is to say something first.

        Raises:
            NoMessageError: nothing is left to come.
        """
        if self._closing is not None:
            closing, self._closing = self._closing, None
            return closing
        if self._left or self._over:
            return b""
        self._answer()
        step = self._steps[0] if self._steps else None
        if timeout == 0.0 and not _ends(step):
            # Whoever only looks before it says something finds a message no sooner than one that waits for it.
            return Failure("timeout", "nothing more came")
        if step is None:
            raise self.silent()
        if callable(step):
            return None
        if not (len(self._steps) == 1 and _is_silence(step)):
            self._steps.popleft()
        return self._sent(step)

    def _answer(self) -> None:
        """What a function says of a message that came."""
        while self._unanswered and self._steps and callable(self._steps[0]):
            answer = self._steps.popleft()
            assert callable(answer)
            self._steps.extendleft(reversed(self._make(answer(self._unanswered.popleft()))))

    def _sent(self, step: str | bytes | Failure | Closed) -> bytes | Failure:
        from wsproto import events

        if isinstance(step, Failure):
            self._over = step.kind != "timeout"
            return step
        if isinstance(step, Closed):
            self._over = True
            code = None if step.code == NO_CODE else step.code
            return bytes(self._connection.send(events.CloseConnection(code=code or NO_CODE, reason=step.reason)))
        message = events.TextMessage(step) if isinstance(step, str) else events.BytesMessage(bytearray(step))
        return bytes(self._connection.send(message))

    def silent(self) -> NoMessageError:
        """That the client waits for what never comes."""
        return NoMessageError(self.place, self._given, waits_for_client=bool(self._steps))


def _ends(step: SessionStep | None) -> bool:
    """Whether the connection is over with *step*: who wants to send finds out at once."""
    return isinstance(step, Closed) or (isinstance(step, Failure) and step.kind != "timeout")


def _is_silence(step: SessionStep) -> bool:
    return isinstance(step, Failure) and step.kind == "timeout"


def _parsed(text: str) -> Any:
    """*text*, as JSON if it is an object or a list."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
