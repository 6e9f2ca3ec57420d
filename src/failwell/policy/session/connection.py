"""A websocket connection, sans-IO: its frames, the answers to pings, the close handshake."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final, Protocol, TypeVar

from failwell._support.frozen import Frozen
from failwell.contract.evidence import Attempt
from failwell.policy.flow import NOW, Effect, Read, notify
from failwell.policy.session.keepalive import Keepalive
from failwell.policy.session.rules import SessionRules
from failwell.wire.messages import Failure, Request
from failwell.wire.websocket import ABNORMAL, NORMAL, BadFrameError, Closed, Frames, Ping, WebSocketMessage

R = TypeVar("R")

SHORT = 1.0
"""Seconds that one who leaves at once takes to say so."""
MOST_HELD = 1024
"""Messages that are held of a server which goes on talking while it is looked for why it does not listen."""
AT_ONCE = 4096
"""Bytes of what came that are looked at before the next look at the clock: they may be two thousand frames."""
LAST_LOOKS = 4096
"""Looks at what came after which one no longer waits for the close frame of a server that goes on talking."""


class Connect(Frozen):
    """Ask for a websocket with *request*: a `Reply`, of 101 if it is open now, or a `Failure`.

    *timeout* is in seconds, *subprotocols* are offered. The one that was open before is closed.
    """

    request: Request
    timeout: float | None = None
    subprotocols: tuple[str, ...] = ()


class Write(Frozen):
    """Send *data* behind what others are sending, within *timeout* seconds: None, or the `Failure`.

    *soon* is for what must not wait for others: whoever is sending sends it next, and the answer is `LATER`.
    """

    data: bytes
    timeout: float | None = None
    soon: bool = False


LATER: Final = object()


class Disconnect(Frozen):
    """Close the connection; nothing comes back."""


SessionEffect = Effect | Connect | Read | Write | Disconnect
SessionFlow = Generator[SessionEffect, Any, R]
"""Yields effects, among them those on the connection of one session, and returns an *R*. It holds nothing open."""


class Turn(Protocol):
    """Whose turn it is to read: a lock that is tried and never waited for, such as `threading.Lock()`."""

    def acquire(self, blocking: bool = True) -> bool:
        """Whether it is ours now."""
        ...

    def release(self) -> None:
        """Leave it to the next."""
        ...


class Drop(Frozen):
    """How a session ended: the close code (1006 where no close frame came), what the server said, and what happened."""

    code: int
    reason: str
    failure: Failure


CLOSED = Drop(NORMAL, "", Failure("network", "it was closed"))


class Connection:
    """The connection of a session, and the next one after a drop. One reads at a time, others may write meanwhile.

    *turn* is held by who reads. The last of *attempts* is told how the connection ended, *shown* takes the secrets out
    of what the server says of it.
    """

    def __init__(
        self,
        rules: SessionRules,
        operation: str | None,
        *,
        turn: Turn,
        attempts: deque[Attempt],
        shown: Callable[[str], str],
    ) -> None:
        self.rules = rules
        self.operation = operation
        self.turn = turn
        self.attempts = attempts
        self.shown = shown
        self.keepalive = Keepalive(rules)
        self.closed = False
        """Whether we closed the session."""
        self.inbox: deque[WebSocketMessage] = deque()
        self.wrote = False
        """Whether a message was ever given to the network: what it did there, nobody says."""
        self.renew(0.0)

    def renew(self, moment: float) -> None:
        """It was opened, or opened again, at *moment*."""
        self._frames = Frames(longest=self.rules.longest_message)
        self._owed: deque[bytes] = deque()
        self._rest = b""
        self.keepalive.heard(moment)
        self.drop: Drop | None = None

    # -- To hear --

    def listen(self, end: float | None) -> SessionFlow[bool]:
        """Wait once: for some more, or until it is time to ping, or to give up; False when it is time to *end*."""
        if self._rest:
            yield from self._take()
            return True
        moment: float = yield NOW
        seconds, what = self.keepalive.next_due(moment, end)
        piece: bytes | Failure = yield Read(seconds)
        if not isinstance(piece, Failure) or piece.kind != "timeout":
            yield from self._came(piece)
        # What is due is done because the wait for it is over, not because of what a clock shows.
        elif what == "pong":
            yield from self.lose(ABNORMAL, "", self.keepalive.silence)
        elif what == "ping":
            yield from self._ping()
        else:
            return False
        return True

    def _came(self, piece: bytes | Failure) -> SessionFlow[None]:
        """Some more, the end of the connection, or its failure."""
        if isinstance(piece, Failure):
            yield from self.lose(ABNORMAL, "", piece)
        elif not piece:
            yield from self.lose(ABNORMAL, "", Failure("network", "the connection ended without a close frame"))
        else:
            self.keepalive.heard((yield NOW))
            self._rest = piece
            yield from self._take()

    def _ping(self) -> SessionFlow[None]:
        self.keepalive.pinged((yield NOW))
        if (yield Write(self._frames.ping(b"failwell") or b"", self.rules.close_within, True)) is LATER:
            self.keepalive.not_pinged()

    def _part_of_rest(self) -> bytes:
        """The next bytes of what came and was not looked at yet."""
        part, self._rest = self._rest[:AT_ONCE], self._rest[AT_ONCE:]
        return part

    def _take(self) -> SessionFlow[None]:
        """Some of what came, to the inbox; what it asks for, done."""
        problem: BadFrameError | None = None
        try:
            self._frames.feed(self._part_of_rest())
        except BadFrameError as bad:
            problem = bad
        closed: Closed | None = None
        ping: Ping | None = None
        for frame in self._frames.complete:
            if isinstance(frame, str | bytes):
                self.inbox.append(frame)
            elif isinstance(frame, Ping):
                ping = frame
            elif isinstance(frame, Closed):
                closed = frame
        if ping is not None and (pong := self._frames.pong(ping.payload)) is not None:
            # The answer to the newest one answers those before it (RFC 6455, 5.5.3).
            self._owed = deque([pong])
        # Kept until they are written: a wait that is cancelled here must not lose them.
        while self._owed and closed is None:
            yield from self._control(self._owed[0])
            self._owed.popleft()
        if problem is not None:
            yield from self._control(self._frames.close(problem.code))
            yield from self.lose(problem.code, "", Failure("unreadable", str(problem)))
        elif closed is not None:
            code = NORMAL if closed.code == 1005 else closed.code
            yield from self._control(self._frames.close(code))
            yield from self.lose(closed.code, self.shown(closed.reason), _closed(closed, self.shown(closed.reason)))

    def _control(self, data: bytes | None) -> SessionFlow[None]:
        """Send a frame that is no message. If it cannot be, the next wait for more shows why."""
        if data is not None:
            yield Write(data, self.rules.close_within, True)

    # -- To say --

    def write(self, said: WebSocketMessage, timeout: float | None) -> SessionFlow[Drop | None]:
        """Write *said*; how the session ended, if that was before."""
        yield from self._glance()
        data = None if self.drop is not None else self._frames.message(said)
        if data is not None:
            self.wrote = True
            failure: Failure | None = yield Write(data, timeout)
            if failure is None:
                return None
            yield from self._after_failed_write(failure)
        return self.drop or Drop(NORMAL, "", Failure("network", "it is being closed"))

    def _glance(self) -> SessionFlow[None]:
        """Look for what came meanwhile: one who only sends would not hear that the server has closed.

        What nobody has received yet is not added to, or a server that goes on talking would fill the memory.
        """
        if self.drop is None and not self.inbox and self.turn.acquire(blocking=False):
            try:
                if not self._rest:
                    piece: bytes | Failure = yield Read(0.0)
                    if not isinstance(piece, Failure) or piece.kind != "timeout":
                        yield from self._came(piece)
                yield from self._take_until_a_message()
            finally:
                self.turn.release()

    def _take_until_a_message(self) -> SessionFlow[None]:
        while self._rest and self.drop is None and not self.inbox:
            yield from self._take()

    def _after_failed_write(self, failure: Failure) -> SessionFlow[None]:
        """A server that closes may have said why before it stopped to listen."""
        if self.turn.acquire(blocking=False):
            try:
                for _ in range(LAST_LOOKS):
                    if not self._rest:
                        piece: bytes | Failure = yield Read(0.0)
                        if isinstance(piece, Failure) or not piece:
                            break
                        self._rest = piece
                    yield from self._take()
                    if self.drop is not None or len(self.inbox) > MOST_HELD:
                        break
            finally:
                self.turn.release()
        yield from self.lose(ABNORMAL, "", failure)

    # -- To end --

    def part(self, within: float | None) -> SessionFlow[None]:
        """Send a close frame, wait *within* seconds for the server's, and hang up."""
        if self.drop is None and (data := self._frames.close(NORMAL)) is not None:
            problem: object = yield Write(data, within or SHORT, True)
            if problem is None and within is not None and self.turn.acquire(blocking=False):
                try:
                    yield from self._await_the_last(within)
                finally:
                    self.turn.release()
        yield from self.lose(NORMAL, "", CLOSED.failure)

    def _await_the_last(self, within: float) -> SessionFlow[None]:
        moment: float = yield NOW
        end = moment + within
        for _ in range(LAST_LOOKS):
            if not self._rest:
                piece: bytes | Failure = yield Read(max(end - moment, 0.0))
                if isinstance(piece, Failure) or not piece:
                    return
                self._rest = piece
            if self._is_last(self._part_of_rest()):
                return
            moment = yield NOW
            if moment >= end:
                return

    def _is_last(self, piece: bytes) -> bool:
        try:
            self._frames.feed(piece)
        except BadFrameError:
            return True
        return any(isinstance(frame, Closed) for frame in self._frames.complete)

    def lose(self, code: int, reason: str, failure: Failure) -> SessionFlow[None]:
        """Remember how the session ended, unless that is known, and hang up."""
        if self.drop is None:
            if self.closed:  # by us: whatever comes of it afterwards
                code, failure = NORMAL, CLOSED.failure
            self.drop = Drop(code, reason, failure)
            if self.attempts:
                self.attempts[-1] = self.attempts[-1]._replace(reason=failure.reason)
            if code not in self.rules.ends_with:
                yield from notify("session_dropped", operation=self.operation, code=code, reason=failure.reason)
        yield Disconnect()


def _closed(closed: Closed, reason: str) -> Failure:
    said = f', and said "{reason}"' if reason else ""
    code = "without a code" if closed.code == 1005 else f"with the code {closed.code}"
    return Failure("network", f"the server closed it {code}{said}")
