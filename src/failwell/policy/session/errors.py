"""The vendor's errors of a session, with all that is known of it."""

from __future__ import annotations

from collections import deque

from failwell._support import truncation
from failwell._support.frozen import changed
from failwell._support.masking import masked_text
from failwell._support.secret import Mask
from failwell.contract.case import SideEffect
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import error_on
from failwell.contract.error import Error
from failwell.contract.evidence import Attempt
from failwell.policy.errors import complete, error_of
from failwell.policy.flow import NOW, NotSent
from failwell.policy.retry.result import RetryResult
from failwell.policy.session.connection import Connection, Drop, SessionFlow, Turn
from failwell.policy.session.rules import SessionRules
from failwell.wire.messages import Failure, Reply, Request
from failwell.wire.parse import parse_reply
from failwell.wire.websocket import WebSocketMessage


class SessionErrors:
    """What is known of a session: its request, its tries, what was heard and not sent; and the errors that tell it."""

    def __init__(
        self,
        request: Request,
        rules: SessionRules,
        *,
        catalogue: Catalogue,
        timeout: float | None,
        mask: Mask,
        turn: Turn,
    ) -> None:
        self.request = request
        self.rules = rules
        self.catalogue = catalogue
        self.timeout = timeout
        self.mask = mask
        self.head: Reply | None = None
        self.attempts: deque[Attempt] = deque(maxlen=truncation.ENTRIES)
        self.started = 0.0
        self.heard = 0
        self.lost: list[WebSocketMessage] = []
        self.pending: dict[object, WebSocketMessage] = {}
        self.connection = Connection(rules, request.operation, turn=turn, attempts=self.attempts, shown=self.shown)

    @property
    def request_id(self) -> str | None:
        """The id that the server gave the request which opened the connection."""
        named = None if self.head is None else self.head.headers.get(self.catalogue.request_id_header)
        return None if named is None else self.shown(named)

    @property
    def unsent(self) -> tuple[WebSocketMessage, ...]:
        """The messages that were to be sent and were not wholly written, in order."""
        return (*self.lost, *list(self.pending.values()))

    def not_opened(self, tried: RetryResult) -> SessionFlow[Error]:
        """What *tried* came to, as it would for a call."""
        error = error_of(tried, self.request, self.catalogue, mask=self.mask)
        return (yield from self._error(error, tried.outcome, tried))

    def dropped(self, drop: Drop) -> SessionFlow[Error]:
        """The vendor's error for *drop*."""
        count = f"{self.heard} message{'' if self.heard == 1 else 's'}"
        left = len(self.unsent)
        unsent = f" {left} message{' was' if left == 1 else 's were'} not sent." if left else ""
        ended = "ended" if drop.code in self.rules.ends_with else "broke off"
        said = f"The session at {self._path} {ended} after {count}: {drop.failure.reason}.{unsent}"
        facts = {"close_code": drop.code, "close_reason": drop.reason, "reason": drop.reason}
        error = error_on(self.catalogue, self._occasion(drop), said, **facts)
        error.__cause__ = drop.failure.cause
        return (yield from self._error(error, self.head or drop.failure))

    def nothing_came(self, timeout: float | None) -> SessionFlow[Error]:
        """The vendor's error for *timeout* seconds without a message, after which the session goes on."""
        said = f"No message came in the session at {self._path} within {timeout or 0.0:g} s. It is still open."
        error = error_on(self.catalogue, "timeout", said, timeout=timeout)
        return (yield from self._error(error, self.head or Reply(101)))

    def unreadable(self, message: WebSocketMessage, problem: str) -> SessionFlow[Error]:
        """The vendor's error for a *message* that has a *problem*."""
        said = f"A message in the session at {self._path} could not be read: {self.shown(problem)}."
        error = error_on(self.catalogue, "unreadable", said)
        return (yield from self._error(error, self._seen(message)))

    def told(self, message: WebSocketMessage) -> SessionFlow[Error]:
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
        facts = RetryResult(outcome, tuple(self.attempts), moment - self.started, timeout, suppression)
        effect: SideEffect = "unknown" if self.connection.wrote else "none"  # what a message does, no server says
        complete(error, facts, self.request, self.catalogue, mask=self.mask, effect=effect)
        if self.connection.drop is not None:
            error.close_code, error.close_reason = self.connection.drop.code, self.connection.drop.reason
        error.unsent = tuple(self._kept(message) for message in self.unsent)
        return error

    def _occasion(self, drop: Drop) -> str:
        """What the catalogue calls *drop*: by its close code, or "session", or "stream", or what happened."""
        known = (f"session {drop.code}", "session", "stream")
        return next((on for on in known if self.catalogue.raised_on(on)[1].on == on), drop.failure.kind)

    def misuse(self, said: str) -> Error:
        """The vendor's error for what a caller cannot do."""
        error = error_on(self.catalogue, "configuration", said)
        error.effect = "unknown" if self.connection.wrote else "none"
        return error

    @property
    def _path(self) -> str:
        """Where it is, without its query, which may hold a signature."""
        return self.request.target.partition("?")[0]

    def shown(self, text: str) -> str:
        """*text* without secrets, and not too long."""
        return truncation.text(masked_text(text, self.mask))

    def _kept(self, message: WebSocketMessage) -> WebSocketMessage:
        """*message* without secrets."""
        if isinstance(message, bytes):
            return self.mask(message)
        return self.mask(message.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
