"""WebSocket frames (RFC 6455), sans I/O: from bytes to messages and back; wsproto reads the bits."""

# Without `from __future__ import annotations`, for the NamedTuples: it would compile types that are text.
from typing import TYPE_CHECKING, Any, NamedTuple

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.extras import needs

if TYPE_CHECKING:
    from wsproto.events import Event
    from wsproto.frame_protocol import FrameProtocol

WebSocketMessage = str | bytes
"""One message of a session: text or bytes, whole."""

LONGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes of one message that are taken, unless the session says otherwise."""

NORMAL, GOING_AWAY, NO_CODE, ABNORMAL, TOO_BIG = 1000, 1001, 1005, 1006, 1009
"""Close codes (RFC 6455, 7.4.1). 1005 and 1006 are never sent: they say that no code, and no close frame, came."""

MOST_LOOSE = 1024
"""Fragments of a message that are held one by one."""


class Ping(NamedTuple):
    """The other side asks whether we are there; what it sent has to be sent back."""

    payload: bytes


class Closed(NamedTuple):
    """The other side ends the session. No frame comes after it."""

    code: int
    reason: str


class BadFrameError(ExceptionFields, Exception):
    """What came breaks the protocol, or is too long: *code* is what to close with. Turned into the vendor's error."""

    code: int
    reason: str

    template = "{reason}"


Frame = WebSocketMessage | Ping | Closed


class Frames:
    """One side of a connection, the client's: takes bytes in pieces of any size, and gives what they complete.

    *longest* is how many bytes of one message are taken. Time is linear in the bytes, however they are cut.
    """

    def __init__(self, *, longest: int = LONGEST_MESSAGE) -> None:
        with needs("ws", "A websocket"):
            from wsproto.connection import Connection, ConnectionType

        self._connection = Connection(ConnectionType.CLIENT)
        self._longest = longest
        self._closing = False
        self._parts: list[Any] = []
        self._loose = 0
        self._size = 0

    def feed(self, data: bytes) -> list[Frame]:
        """What *data* completes.

        Raises:
            BadFrameError: it breaks the protocol, or a message grows too long. What came before it is in `complete`.
        """
        self.complete: list[Frame] = []
        self._connection.receive_data(data)
        for event in self._connection.events():
            frame = self._frame(event)
            if frame is not None:
                self.complete.append(frame)
        return self.complete

    def _frame(self, event: "Event") -> Frame | None:
        from wsproto import events
        from wsproto.connection import ConnectionState

        if isinstance(event, events.Message):
            empty: Any = "" if isinstance(event, events.TextMessage) else b""
            if event.data:
                self._take(event.data if isinstance(event.data, str) else bytes(event.data), empty)
            if not event.message_finished:
                return None
            parts, self._parts, self._size, self._loose = self._parts, [], 0, 0
            whole: WebSocketMessage = empty.join(parts)
            return whole
        if isinstance(event, events.Ping):
            return Ping(bytes(event.payload))
        if isinstance(event, events.Pong):  # to a ping of ours; that something came is what it says
            return None
        assert isinstance(event, events.CloseConnection)
        # wsproto tells of a broken rule as if the other side had closed; only its state shows the difference.
        if self._connection.state is ConnectionState.OPEN:
            raise BadFrameError(int(event.code), event.reason or "the frames break the protocol")
        return Closed(int(event.code), event.reason or "")

    def _take(self, part: Any, empty: Any) -> None:
        """Another *part* of a message, if it may be as long; a list of single bytes would take many times as much."""
        self._parts.append(part)
        self._size += len(part) if isinstance(part, bytes) or part.isascii() else len(part.encode())
        if self._size > self._longest:
            raise BadFrameError(TOO_BIG, f"one message has more than {self._longest} bytes")
        self._loose += 1
        if self._loose == MOST_LOOSE:
            self._parts[-MOST_LOOSE:] = [empty.join(self._parts[-MOST_LOOSE:])]
            self._loose = 0

    def message(self, message: WebSocketMessage) -> bytes | None:
        """The bytes of *message*; None once the session is being closed.

        Raises:
            UnicodeEncodeError: it is text with a lone surrogate, which UTF-8 cannot carry.
        """
        return None if self._closing else bytes(_writer().send_data(message))

    def ping(self, payload: bytes) -> bytes | None:
        """The bytes of a ping."""
        return None if self._closing else bytes(_writer().ping(payload))

    def pong(self, payload: bytes) -> bytes | None:
        """The bytes of the answer to a ping."""
        return None if self._closing else bytes(_writer().pong(payload))

    def close(self, code: int, reason: str = "") -> bytes | None:
        """The bytes of a close frame. There is no frame of ours after it."""
        if self._closing:
            return None
        self._closing = True
        return bytes(_writer().close(code, reason))


def _writer() -> "FrameProtocol":
    """What makes one frame: a new one each time, since several threads may send, and a used one remembers."""
    from wsproto.frame_protocol import FrameProtocol

    return FrameProtocol(client=True, extensions=[])
