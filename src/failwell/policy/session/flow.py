"""WebSocket session flow: handshake, keepalive, reconnection after a drop, or the vendor's error."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any, Final, Generic, TypeVar

from failwell._support import truncation
from failwell._support.frozen import Frozen, changed
from failwell._support.masking import masked_text
from failwell._support.secret import Mask
from failwell.contract.catalogue import Catalogue
from failwell.contract.construction import error_for
from failwell.contract.error import Error
from failwell.contract.evidence import Attempt
from failwell.policy.call import UnreadableReplyError
from failwell.policy.errors import complete, from_failure, from_refusal
from failwell.policy.flow import NOW, RANDOM, Effect, NotSent, Read, Send, intercept, notify, sleep
from failwell.policy.resilience.guard import UNGUARDED, Guard
from failwell.policy.retry.loop import with_retries
from failwell.policy.retry.policy import RetryPolicy, succeeded
from failwell.policy.retry.result import RetryResult
from failwell.policy.session.rules import Heard, Renewed, SessionRules
from failwell.wire.messages import Failure, Outcome, Reply, Request
from failwell.wire.parse import parse_reply
from failwell.wire.websocket import ABNORMAL, NORMAL, BadFrameError, Closed, Frames, Ping, WebSocketMessage

M = TypeVar("M")
T = TypeVar("T")
R = TypeVar("R")

SHORT = 1.0
"""Seconds that one who leaves at once takes to say so."""
GLANCE = 0.005
"""Seconds after which it is seen whether a sender has finished to look for what came."""
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


class SessionHandler(Generic[M, T]):
    """What is said in a session: an SDK declares a subclass, written once for both colours.

    Messages are sent by `encode` and given by `decode`. `begin` is said on each new connection, before anything else,
    and `end` before it is closed: flows, in which `yield from talk.say(...)` and `yield from talk.hear()` say and hear.
    Where one receives while another closes, `end` can say and not hear.
    """

    rules: SessionRules = SessionRules()

    def encode(self, message: M) -> object:
        """What *message* is sent as: text, bytes, or a value that is sent as JSON."""
        return message

    def decode(self, message: WebSocketMessage) -> T:
        """What a message of the server's means.

        Raises:
            UnreadableReplyError: nothing that it could mean.
        """
        return message  # type: ignore[return-value]  # where T is the message as it came

    def begin(self, talk: SessionProtocol[M, T]) -> SessionFlow[None]:  # noqa: ARG002, RUF100 - for subclasses
        """Say what opens the session."""
        yield from ()

    def end(self, talk: SessionProtocol[M, T]) -> SessionFlow[None]:  # noqa: ARG002, RUF100 - the same
        """Say what closes it."""
        yield from ()


class Drop(Frozen):
    """How a session ended: the close code (1006 where no close frame came), what the server said, and what happened."""

    code: int
    reason: str
    failure: Failure


def opened(session: SessionProtocol[M, T]) -> SessionFlow[SessionProtocol[M, T]]:
    """Open *session* and give it back."""
    yield from session.open()
    return session


class SessionProtocol(Generic[M, T]):
    """A session: where it stands, and the flows of what can be done with it.

    One receives at a time; others may send meanwhile.
    """

    def __init__(
        self,
        request: Request,
        dialogue: SessionHandler[M, T],
        *,
        catalogue: Catalogue,
        policy: RetryPolicy,
        timeout: float | None,
        deadline: float | None = None,
        mask: Mask = bytes,
        guard: Guard = UNGUARDED,
    ) -> None:
        self.request = request
        self.dialogue = dialogue
        self.rules = dialogue.rules
        self.catalogue = catalogue
        self.policy = policy
        self.timeout = timeout
        self.deadline = deadline
        self.mask = mask
        self.guard = guard
        self.renewable = False
        """Whether somebody wants to hear of a new session after a drop."""
        self.head: Reply | None = None
        self.drop: Drop | None = None
        self.closed = False
        self._frames = Frames(longest=self.rules.longest_message)
        self._attempts: deque[Attempt] = deque(maxlen=truncation.ENTRIES)
        self._inbox: deque[WebSocketMessage] = deque()
        self._owed: deque[bytes] = deque()
        self._rest = b""
        self._lost: list[WebSocketMessage] = []
        self._pending: dict[object, WebSocketMessage] = {}
        self._heard = 0
        self._started = 0.0
        self._last_word = 0.0
        self._pinged: float | None = None
        self._fruitless = 0
        self._receiving = False
        self._beginning = False
        # Whose turn it is to read: taken and put back in one step, since threads may compete for it.
        self._turn: deque[None] = deque([None])

    @property
    def request_id(self) -> str | None:
        """The id that the server gave the request which opened the connection."""
        named = None if self.head is None else self.head.headers.get(self.catalogue.request_id_header)
        return None if named is None else self._shown(named)

    @property
    def unsent(self) -> tuple[WebSocketMessage, ...]:
        """The messages that were to be sent and were not wholly written, in order."""
        return (*self._lost, *list(self._pending.values()))

    # -- To open --

    def open(self) -> SessionFlow[None]:
        """Connect, and say what opens the session."""
        self._started = yield NOW
        yield from self._connect(self.deadline)
        yield from self._begin()

    def _begin(self) -> SessionFlow[None]:
        self._beginning = True
        try:
            yield from self.dialogue.begin(self)
        finally:
            self._beginning = False

    def _connect(self, deadline: float | None = None) -> SessionFlow[None]:
        """Ask for a connection, as often as the retry rules allow."""
        ask = with_retries(
            Send(self.request, self.timeout),
            self.policy,
            deadline=deadline,
            request_id_header=self.catalogue.request_id_header,
            guard=self.guard,
        )
        tried = yield from _upgraded(ask, self.rules.subprotocols, self.mask)
        self._attempts += tried.attempts
        head = tried.outcome
        if not isinstance(head, Reply) or not succeeded(head):
            raise (yield from self._not_opened(tried))
        self.head = changed(head, status=101)
        self._attempts[-1] = self._attempts[-1]._replace(status=101, reason="status 101")
        self._frames = Frames(longest=self.rules.longest_message)
        self._owed.clear()
        self._rest = b""
        self._last_word = yield NOW
        self._pinged = None
        self.drop = None

    # -- To hear --

    def receive(self, timeout: float | None = None) -> SessionFlow[Heard[T] | Renewed | None]:
        """The next message, within *timeout* seconds; that there is a new session; or None at the session's end.

        A drop raises, unless it may be followed by a new session.
        """
        yield from self._wait_for_turn()
        self._receiving = True
        try:
            found = yield from self._next(timeout)
            if isinstance(found, Drop):
                if self.closed or found.code in self.rules.ends_with:
                    return None
                return (yield from self._renewed(found))
            self._heard += 1
            self._fruitless = 0
            if self.rules.tells_an_error(found):
                raise (yield from self._told(found))
            try:
                item = self.dialogue.decode(found)
            except UnreadableReplyError as problem:
                unreadable = str(problem)
            else:
                return Heard(item)
            raise (yield from self._unreadable(found, unreadable))
        finally:
            self._receiving = False
            self._turn.append(None)

    def _has_turn(self) -> bool:
        """Whether nobody else reads; nobody else does until the turn is put back."""
        try:
            self._turn.pop()
        except IndexError:
            return False
        return True

    def _wait_for_turn(self) -> SessionFlow[None]:
        while not self._has_turn():
            if self._receiving:
                said = "It is received from this session already. Let one task receive, and hand on to others."
                raise self._misuse(said)
            yield from sleep(GLANCE)

    def hear(self, timeout: float | None = None) -> SessionFlow[WebSocketMessage]:
        """The next message as it came, within *timeout* seconds (None: those of the client). For `begin` and `end`."""
        timeout = self.timeout if timeout is None else timeout
        if self._beginning:
            found = yield from self._next(timeout)
        else:
            yield from self._wait_for_turn()
            try:
                found = yield from self._next(timeout)
            finally:
                self._turn.append(None)
        if isinstance(found, Drop):
            raise (yield from self._dropped(found))
        if self.rules.tells_an_error(found):
            raise (yield from self._told(found))
        return found

    def _next(self, timeout: float | None) -> SessionFlow[WebSocketMessage | Drop]:
        """The next message, or how the session ended, once all that came before was heard."""
        moment: float = yield NOW
        end = None if timeout is None else moment + timeout
        while True:
            if self._inbox:
                return self._inbox.popleft()
            if self.drop is not None:
                return self.drop
            yield from self._listen(end, timeout)
            if end is not None and not self._inbox and self.drop is None:
                # Of what comes without end, nothing may be a message.
                now: float = yield NOW
                if now >= end:
                    raise (yield from self._nothing_came(timeout))

    def _listen(self, end: float | None, timeout: float | None) -> SessionFlow[None]:
        """Wait once: for some more, or until it is time to ping, to give up the session, or to stop waiting."""
        if self._rest:
            yield from self._take()
            return
        moment: float = yield NOW
        seconds, what = self._wait(moment, end)
        piece: bytes | Failure = yield Read(seconds)
        if isinstance(piece, Failure) and piece.kind == "timeout":
            # What is due is done because the wait for it is over, not because of what a clock shows.
            if what == "pong":
                within, idle = self.rules.pong_within, self.rules.ping_every
                problem = f"no pong came within {within:g} s of a ping, which was sent after {idle:g} s of silence"
                yield from self._lose(ABNORMAL, "", Failure("timeout", problem))
            elif what == "ping":
                yield from self._ping()
            else:
                raise (yield from self._nothing_came(timeout))
        else:
            yield from self._came(piece)

    def _came(self, piece: bytes | Failure) -> SessionFlow[None]:
        """Some more, the end of the connection, or its failure."""
        if isinstance(piece, Failure):
            yield from self._lose(ABNORMAL, "", piece)
        elif not piece:
            yield from self._lose(ABNORMAL, "", Failure("network", "the connection ended without a close frame"))
        else:
            self._last_word = yield NOW
            self._pinged = None
            self._rest = piece
            yield from self._take()

    def _wait(self, moment: float, end: float | None) -> tuple[float | None, str]:
        """Seconds to wait for more, and what is due then."""
        every = self.rules.ping_every
        dues = [] if end is None else [(end, "end")]
        if self._pinged is not None:
            dues.append((self._pinged + self.rules.pong_within, "pong"))
        elif every is not None:
            dues.append((self._last_word + every, "ping"))
        if not dues:
            return None, ""
        due, what = min(dues)
        return max(due - moment, 0.0), what

    def _ping(self) -> SessionFlow[None]:
        self._last_word = self._pinged = yield NOW
        if (yield Write(self._frames.ping(b"failwell") or b"", self.rules.close_within, True)) is LATER:
            self._pinged = None  # a message is on its way, behind which it waits: there is life enough

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
                self._inbox.append(frame)
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
            yield from self._lose(problem.code, "", Failure("unreadable", str(problem)))
        elif closed is not None:
            code = NORMAL if closed.code == 1005 else closed.code
            yield from self._control(self._frames.close(code))
            yield from self._lose(closed.code, self._shown(closed.reason), _closed(closed, self._shown(closed.reason)))

    def _control(self, data: bytes | None) -> SessionFlow[None]:
        """Send a frame that is no message. If it cannot be, the next wait for more shows why."""
        if data is not None:
            yield Write(data, self.rules.close_within, True)

    # -- To say --

    def send(self, message: M) -> SessionFlow[None]:
        """Send *message*. Where the session is over it is not sent, and counts as unsent."""
        said = self._sendable(self.dialogue.encode(message))
        key = object()
        self._pending[key] = said
        drop: Drop | None = None
        done = False
        try:
            drop = yield from self._write(said)
            done = drop is None
        except UnicodeEncodeError:
            done = True  # it can never be sent, and is the caller's mistake
            raise
        finally:
            del self._pending[key]
            if not done:
                self._lost.append(said)
        if drop is not None:
            raise (yield from self._dropped(drop))

    def say(self, value: object) -> SessionFlow[None]:
        """Send *value*: text, bytes, or what JSON can carry. For `begin` and `end`: it never counts as unsent.

        Raises:
            TypeError, ValueError: JSON, or UTF-8, has nothing for a part of it.
        """
        drop = yield from self._write(self._sendable(value))
        if drop is not None:
            raise (yield from self._dropped(drop))

    def _sendable(self, value: object) -> WebSocketMessage:
        if self.closed:
            raise self._misuse("The session is closed. Open a new one.")
        return value if isinstance(value, str | bytes) else _as_json(self.request.operation, value)

    def _write(self, said: WebSocketMessage) -> SessionFlow[Drop | None]:
        """Write *said*; how the session ended, if that was before."""
        yield from self._glance()
        data = None if self.drop is not None else self._frames.message(said)
        if data is not None:
            failure: Failure | None = yield Write(data, self.timeout)
            if failure is None:
                return None
            yield from self._after_failed_write(failure)
        return self.drop or Drop(NORMAL, "", Failure("network", "it is being closed"))

    def _glance(self) -> SessionFlow[None]:
        """Look for what came meanwhile: one who only sends would not hear that the server has closed.

        What nobody has received yet is not added to, or a server that goes on talking would fill the memory.
        """
        if self.drop is None and not self._inbox and self._has_turn():
            try:
                if not self._rest:
                    piece: bytes | Failure = yield Read(0.0)
                    if not isinstance(piece, Failure) or piece.kind != "timeout":
                        yield from self._came(piece)
                yield from self._take_until_a_message()
            finally:
                self._turn.append(None)

    def _take_until_a_message(self) -> SessionFlow[None]:
        while self._rest and self.drop is None and not self._inbox:
            yield from self._take()

    def _after_failed_write(self, failure: Failure) -> SessionFlow[None]:
        """A server that closes may have said why before it stopped to listen."""
        if self._has_turn():
            try:
                for _ in range(LAST_LOOKS):
                    if not self._rest:
                        piece: bytes | Failure = yield Read(0.0)
                        if isinstance(piece, Failure) or not piece:
                            break
                        self._rest = piece
                    yield from self._take()
                    if self.drop is not None or len(self._inbox) > MOST_HELD:
                        break
            finally:
                self._turn.append(None)
        yield from self._lose(ABNORMAL, "", failure)

    # -- To end --

    def close(self) -> SessionFlow[None]:
        """Say what ends the session, and end it. What is not said any more because it was dropped is nobody's loss."""
        if self.closed:
            return
        try:
            if self.drop is None:
                yield from self._take_leave()
        finally:
            self.closed = True
        yield from self._part(self.rules.close_within)

    def _take_leave(self) -> SessionFlow[None]:
        try:
            yield from self.dialogue.end(self)
        except Error:
            if self.drop is None:
                raise

    def abandon(self) -> SessionFlow[None]:
        """End it at once, with nothing but a close frame."""
        self.closed = True
        yield from self._part(None)

    def _part(self, within: float | None) -> SessionFlow[None]:
        """Send a close frame, wait *within* seconds for the server's, and hang up."""
        if self.drop is None and (data := self._frames.close(NORMAL)) is not None:
            problem: object = yield Write(data, within or SHORT, True)
            if problem is None and within is not None and self._has_turn():
                try:
                    yield from self._await_the_last(within)
                finally:
                    self._turn.append(None)
        yield from self._lose(NORMAL, "", Failure("network", "it was closed"))

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

    def _lose(self, code: int, reason: str, failure: Failure) -> SessionFlow[None]:
        """Remember how the session ended, unless that is known, and hang up."""
        if self.drop is None:
            if self.closed:  # by us: whatever comes of it afterwards
                code, failure = NORMAL, Failure("network", "it was closed")
            self.drop = Drop(code, reason, failure)
            if self._attempts:
                self._attempts[-1] = self._attempts[-1]._replace(reason=failure.reason)
            if code not in self.rules.ends_with:
                yield from notify("session_dropped", operation=self.request.operation, code=code, reason=failure.reason)
        yield Disconnect()

    # -- To go on --

    def _renewed(self, drop: Drop) -> SessionFlow[Renewed]:
        """A new session after *drop*, if the rules allow one; *drop* raised, if not."""
        while True:
            again = self.renewable and drop.code in self.rules.renewed_after and drop.failure.kind != "unreadable"
            chance: float = yield RANDOM
            delay = self.policy.backoff(self._fruitless + 1, drop.failure, chance=chance) if again else None
            if delay is None:
                raise (yield from self._dropped(drop))
            self._fruitless += 1
            self._attempts[-1] = self._attempts[-1]._replace(delay=delay)
            operation, reason = self.request.operation, drop.failure.reason
            yield from notify("session_renewed", operation=operation, delay=delay, code=drop.code, reason=reason)
            yield from sleep(delay)
            yield from self._connect()
            try:
                yield from self._begin()
            except Error:
                if self.drop is None:
                    raise
                drop = self.drop
            else:
                unsent, self._lost = tuple(self._lost), []
                return Renewed(unsent)

    # -- Errors --

    def over(self) -> SessionFlow[Error]:
        """The vendor's error for one who asks for a message after the end."""
        drop = self.drop or Drop(NORMAL, "", Failure("network", "it was closed"))
        return (yield from self._dropped(drop))

    def _not_opened(self, tried: RetryResult) -> SessionFlow[Error]:
        """What *tried* came to, as it would for a call."""
        outcome = tried.outcome
        if isinstance(outcome, Failure):
            error = from_failure(outcome, self.request, self.catalogue, tried._replace(outcome=outcome.head or outcome))
            error.__cause__ = outcome.cause
        elif isinstance(outcome, NotSent):
            error = from_refusal(outcome.suppression, self.request, self.catalogue)
        else:
            about = self.request.operation
            error = parse_reply(outcome, self.catalogue, operation=about, mask=self.mask, parsed=tried.parsed)
        head = outcome.head if isinstance(outcome, Failure) else outcome
        return (yield from self._error(error, head or outcome, tried))

    def _dropped(self, drop: Drop) -> SessionFlow[Error]:
        """The vendor's error for *drop*."""
        count = f"{self._heard} message{'' if self._heard == 1 else 's'}"
        left = len(self.unsent)
        unsent = f" {left} message{' was' if left == 1 else 's were'} not sent." if left else ""
        ended = "ended" if drop.code in self.rules.ends_with else "broke off"
        said = f"The session at {self._path} {ended} after {count}: {drop.failure.reason}.{unsent}"
        on = "unreadable" if drop.failure.kind == "unreadable" else self._occasion(drop.failure.kind)
        error = self._built(on, said, close_code=drop.code, close_reason=drop.reason, reason=drop.reason)
        error.__cause__ = drop.failure.cause
        return (yield from self._error(error, self.head or drop.failure))

    def _nothing_came(self, timeout: float | None) -> SessionFlow[Error]:
        said = f"No message came in the session at {self._path} within {timeout or 0.0:g} s. It is still open."
        error = self._built("timeout", said, timeout=timeout)
        return (yield from self._error(error, self.head or Reply(101)))

    def _unreadable(self, message: WebSocketMessage, problem: str) -> SessionFlow[Error]:
        error = self._built(
            "unreadable", f"A message in the session at {self._path} could not be read: {self._shown(problem)}."
        )
        return (yield from self._error(error, self._seen(message)))

    def _told(self, message: WebSocketMessage) -> SessionFlow[Error]:
        """The error that *message* tells of, by the table for all errors: its code alone decides."""
        seen = self._seen(message)
        told = changed(seen, status=0, headers={**seen.headers, "content-type": "text/plain"})
        error = parse_reply(told, self.catalogue, operation=self.request.operation, source="stream", mask=self.mask)
        return (yield from self._error(error, seen))

    def _seen(self, message: WebSocketMessage) -> Reply:
        said = message.encode("utf-8", "replace") if isinstance(message, str) else message
        return changed(self.head or Reply(101), body=said, length=None)

    def _error(
        self, error: Error, outcome: Reply | Failure | NotSent, tried: RetryResult | None = None
    ) -> SessionFlow[Error]:
        """*error* with all that is known of the session."""
        moment: float = yield NOW
        timeout, suppression = (self.timeout, None) if tried is None else (tried.timeout, tried.suppression)
        facts = RetryResult(outcome, tuple(self._attempts), moment - self._started, timeout, suppression)
        complete(error, facts, self.request, self.catalogue, mask=self.mask)
        if self.drop is not None:
            error.close_code, error.close_reason = self.drop.code, self.drop.reason
        error.unsent = tuple(self._kept(message) for message in self.unsent)
        return error

    def _built(self, on: str, said: str, **facts: Any) -> Error:
        """The class of the occasion *on*, with those of *facts* that it has fields for."""
        return error_for(*self.catalogue.raised_on(on), message=said, **facts)

    def _occasion(self, kind: str) -> str:
        """What the catalogue calls a session that broke off: "session", or "stream", or what it was that happened."""
        named = (on for on in ("session", "stream") if self.catalogue.raised_on(on)[1].on == on)
        return next(named, kind)

    def _misuse(self, said: str) -> Error:
        return self._built("configuration", said)

    @property
    def _path(self) -> str:
        """Where it is, without its query, which may hold a signature."""
        return self.request.target.partition("?")[0]

    def _shown(self, text: str) -> str:
        return truncation.text(masked_text(text, self.mask))

    def _kept(self, message: WebSocketMessage) -> WebSocketMessage:
        """*message* without secrets."""
        if isinstance(message, bytes):
            return self.mask(message)
        return self.mask(message.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _upgraded(
    flow: Generator[Effect, Any, RetryResult], subprotocols: tuple[str, ...], mask: Mask
) -> SessionFlow[RetryResult]:
    """*flow*, for which the success of a request is that there is a websocket now."""

    def upgraded(effect: Send) -> SessionFlow[Outcome]:
        outcome: Outcome = yield Connect(effect.request, effect.timeout, subprotocols)
        return _as_success(outcome, mask)

    return intercept(flow, lambda effect: upgraded(effect) if isinstance(effect, Send) else None)


def _as_success(outcome: Outcome, mask: Mask) -> Outcome:
    """*outcome* as the retry rules know it: to them 101 is no success, and 200 is one."""
    if not isinstance(outcome, Reply):
        return outcome
    if outcome.status == 101:
        return changed(outcome, status=200)
    if succeeded(outcome):
        kind = masked_text(outcome.headers.get("content-type", "no content type"), mask)
        problem = f"status {outcome.status} with {outcome.body_length} bytes of {kind}, expected 101 and a websocket"
        return Failure("unreadable", problem, head=outcome)
    return outcome


def _closed(closed: Closed, reason: str) -> Failure:
    said = f', and said "{reason}"' if reason else ""
    code = "without a code" if closed.code == 1005 else f"with the code {closed.code}"
    return Failure("network", f"the server closed it {code}{said}")


def _as_json(operation: str | None, value: object) -> str:
    """*value* as compact JSON."""
    from json import dumps

    try:
        return dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as problem:
        kind = TypeError if isinstance(problem, TypeError) else ValueError
        raise kind(f"A message of {operation} cannot be sent as JSON: {problem}.") from problem
