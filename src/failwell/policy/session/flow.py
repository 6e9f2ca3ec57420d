"""A websocket session: opened, kept alive, renewed after a drop where that is wanted, or the vendor's error."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeVar

from failwell._support.frozen import changed
from failwell._support.masking import masked_text
from failwell._support.secret import Mask
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.policy.decoding_errors import UnreadableReplyError
from failwell.policy.flow import NOW, RANDOM, Effect, Send, intercept, notify, sleep
from failwell.policy.resilience.guard import UNGUARDED, Guard
from failwell.policy.retry.loop import with_retries
from failwell.policy.retry.policy import RetryPolicy, succeeded
from failwell.policy.retry.result import RetryResult
from failwell.policy.session.connection import CLOSED, Connect, Drop, SessionFlow, Turn
from failwell.policy.session.errors import SessionErrors
from failwell.policy.session.rules import Heard, Renewed, SessionRules
from failwell.wire.messages import Failure, Outcome, Reply, Request
from failwell.wire.websocket import WebSocketMessage

M = TypeVar("M")
T = TypeVar("T")

GLANCE = 0.005
"""Seconds after which it is seen whether a sender has finished to look for what came."""


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


def opened(session: SessionProtocol[M, T]) -> SessionFlow[SessionProtocol[M, T]]:
    """Open *session* and give it back."""
    yield from session.open()
    return session


class SessionProtocol(SessionErrors, Generic[M, T]):
    """A session: where it stands, and the flows of what can be done with it.

    One receives at a time, and holds *turn*; others may send meanwhile.
    """

    def __init__(
        self,
        request: Request,
        dialogue: SessionHandler[M, T],
        *,
        catalogue: Catalogue,
        policy: RetryPolicy,
        timeout: float | None,
        turn: Turn,
        deadline: float | None = None,
        mask: Mask = bytes,
        guard: Guard = UNGUARDED,
    ) -> None:
        super().__init__(request, dialogue.rules, catalogue=catalogue, timeout=timeout, mask=mask, turn=turn)
        self.dialogue = dialogue
        self.policy = policy
        self.deadline = deadline
        self.guard = guard
        self.renewable = False
        """Whether somebody wants to hear of a new session after a drop."""
        self._fruitless = 0
        self._receiving = False
        self._beginning = False

    # -- To open --

    def open(self) -> SessionFlow[None]:
        """Connect, and say what opens the session."""
        self.started = yield NOW
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
        self.attempts += tried.attempts
        head = tried.outcome
        if not isinstance(head, Reply) or not succeeded(head):
            raise (yield from self.not_opened(tried))
        self.head = changed(head, status=101)
        self.attempts[-1] = self.attempts[-1]._replace(status=101, reason="status 101")
        self.connection.renew((yield NOW))

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
                if self.connection.closed or found.code in self.rules.ends_with:
                    return None
                return (yield from self._renewed(found))
            self.heard += 1
            self._fruitless = 0
            if self.rules.tells_an_error(found):
                raise (yield from self.told(found))
            try:
                item = self.dialogue.decode(found)
            except UnreadableReplyError as problem:
                unreadable = str(problem)
            else:
                return Heard(item)
            raise (yield from self.unreadable(found, unreadable))
        finally:
            self._receiving = False
            self.connection.turn.release()

    def _wait_for_turn(self) -> SessionFlow[None]:
        while not self.connection.turn.acquire(blocking=False):
            if self._receiving:
                said = "It is received from this session already. Let one task receive, and hand on to others."
                raise self.misuse(said)
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
                self.connection.turn.release()
        if isinstance(found, Drop):
            raise (yield from self.dropped(found))
        if self.rules.tells_an_error(found):
            raise (yield from self.told(found))
        return found

    def _next(self, timeout: float | None) -> SessionFlow[WebSocketMessage | Drop]:
        """The next message, or how the session ended, once all that came before was heard."""
        moment: float = yield NOW
        end = None if timeout is None else moment + timeout
        connection = self.connection
        while True:
            if connection.inbox:
                return connection.inbox.popleft()
            if connection.drop is not None:
                return connection.drop
            if not (yield from connection.listen(end)):
                raise (yield from self.nothing_came(timeout))
            if end is not None and not connection.inbox and connection.drop is None:
                # Of what comes without end, nothing may be a message.
                now: float = yield NOW
                if now >= end:
                    raise (yield from self.nothing_came(timeout))

    # -- To say --

    def send(self, message: M) -> SessionFlow[None]:
        """Send *message*. Where the session is over it is not sent, and counts as unsent."""
        said = self._sendable(self.dialogue.encode(message))
        key = object()
        self.pending[key] = said
        drop: Drop | None = None
        done = False
        try:
            drop = yield from self.connection.write(said, self.timeout)
            done = drop is None
        except UnicodeEncodeError:
            done = True  # it can never be sent, and is the caller's mistake
            raise
        finally:
            del self.pending[key]
            if not done:
                self.lost.append(said)
        if drop is not None:
            raise (yield from self.dropped(drop))

    def say(self, value: object) -> SessionFlow[None]:
        """Send *value*: text, bytes, or what JSON can carry. For `begin` and `end`: it never counts as unsent.

        Raises:
            TypeError, ValueError: JSON, or UTF-8, has nothing for a part of it.
        """
        drop = yield from self.connection.write(self._sendable(value), self.timeout)
        if drop is not None:
            raise (yield from self.dropped(drop))

    def _sendable(self, value: object) -> WebSocketMessage:
        if self.connection.closed:
            raise self.misuse("The session is closed. Open a new one.")
        return value if isinstance(value, str | bytes) else _as_json(self.request.operation, value)

    # -- To end --

    def close(self) -> SessionFlow[None]:
        """Say what ends the session, and end it. What is not said any more because it was dropped is nobody's loss."""
        if self.connection.closed:
            return
        try:
            if self.connection.drop is None:
                yield from self._take_leave()
        finally:
            self.connection.closed = True
        yield from self.connection.part(self.rules.close_within)

    def _take_leave(self) -> SessionFlow[None]:
        try:
            yield from self.dialogue.end(self)
        except Error:
            if self.connection.drop is None:
                raise

    def abandon(self) -> SessionFlow[None]:
        """End it at once, with nothing but a close frame."""
        self.connection.closed = True
        yield from self.connection.part(None)

    # -- To go on --

    def _renewed(self, drop: Drop) -> SessionFlow[Renewed]:
        """A new session after *drop*, if the rules allow one; *drop* raised, if not."""
        while True:
            again = self.renewable and drop.code in self.rules.renewed_after and drop.failure.kind != "unreadable"
            chance: float = yield RANDOM
            delay = self.policy.backoff(self._fruitless + 1, drop.failure, chance=chance) if again else None
            if delay is None:
                raise (yield from self.dropped(drop))
            self._fruitless += 1
            self.attempts[-1] = self.attempts[-1]._replace(delay=delay)
            operation, reason = self.request.operation, drop.failure.reason
            yield from notify("session_renewed", operation=operation, delay=delay, code=drop.code, reason=reason)
            yield from sleep(delay)
            yield from self._connect()
            try:
                yield from self._begin()
            except Error:
                if self.connection.drop is None:
                    raise
                drop = self.connection.drop
            else:
                unsent, self.lost = tuple(self.lost), []
                return Renewed(unsent)

    def over(self) -> SessionFlow[Error]:
        """The vendor's error for one who asks for a message after the end."""
        return (yield from self.dropped(self.connection.drop or CLOSED))


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


def _as_json(operation: str | None, value: object) -> str:
    """*value* as compact JSON."""
    from json import dumps

    try:
        return dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as problem:
        kind = TypeError if isinstance(problem, TypeError) else ValueError
        raise kind(f"A message of {operation} cannot be sent as JSON: {problem}.") from problem
