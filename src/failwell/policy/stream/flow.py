"""Server-sent events (SSE) flow: events one by one, resumed after a cut where declared, or the vendor's error."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from failwell._support import truncation
from failwell._support.frozen import changed
from failwell._support.masking import masked_text
from failwell.contract.case import SideEffect
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.contract.evidence import Attempt, Suppression
from failwell.policy.decoding_errors import UnreadableReplyError
from failwell.policy.effect import SAFE, together
from failwell.policy.errors import complete, error_of, from_failure
from failwell.policy.flow import (
    Flow,
    NotSent,
    Now,
    Open,
    Random,
    Read,
    Send,
    StreamEffect,
    StreamFlow,
    Yield,
    intercept,
    notify,
    now,
    sleep,
)
from failwell.policy.poll import SHORTEST_PAUSE
from failwell.policy.resilience.guard import UNGUARDED, Guard
from failwell.policy.retry.loop import asked_too_much, too_late, with_retries
from failwell.policy.retry.policy import RetryPolicy, succeeded
from failwell.policy.retry.result import RetryResult
from failwell.policy.stream.rules import StreamRules, named, parsed
from failwell.wire import json
from failwell.wire.addresses import resolved
from failwell.wire.messages import Failure, Reply, Request
from failwell.wire.parse import parse_reply
from failwell.wire.sse import MEDIA_TYPE, Decoder, Event, EventTooLongError

T = TypeVar("T")
R = TypeVar("R")

RequestMask = Callable[[Request, bytes], bytes]
GuardOf = Callable[[Request], Guard]

LAST_EVENT_ID = "Last-Event-ID"


def no_mask(_request: Request, text: bytes) -> bytes:
    """There are no secrets in *text*."""
    return text


def no_guard(_request: Request) -> Guard:
    """Nothing is shared with other calls."""
    return UNGUARDED


def stream(
    request: Request,
    decode: Callable[[Event], T | None],
    rules: StreamRules,
    *,
    catalogue: Catalogue,
    policy: RetryPolicy,
    timeout: float | None,
    deadline: float | None = None,
    base_url: str = "",
    mask: RequestMask = no_mask,
    guard: GuardOf = no_guard,
) -> StreamFlow[T]:
    """Send *request* under *policy* and give the decoded events of the answer; raise the catalogue's error at a fault.

    *timeout* bounds each attempt to connect, up to the head of the answer, and then each wait for more of the body;
    *deadline* bounds the whole, in seconds. A resumable stream is asked for again after the pauses of *policy*, and not
    before its own `retry`; as often, without a new event in between, as *policy* repeats a call. *base_url* stands
    before the target, for an address that the answer names. *mask* takes the secrets out of what an error shows,
    *guard* is what the requests share with others.
    """
    return _Stream(request, decode, rules, catalogue, policy, timeout, deadline, base_url, mask, guard).flow()


class _Stream(Generic[T]):
    """Where a stream stands. What an error is raised with is put together by `_error`, and raised where it happened."""

    def __init__(  # noqa: PLR0917 - in the order of `stream`, which alone makes it
        self,
        request: Request,
        decode: Callable[[Event], T | None],
        rules: StreamRules,
        catalogue: Catalogue,
        policy: RetryPolicy,
        timeout: float | None,
        deadline: float | None,
        base_url: str,
        mask: RequestMask,
        guard: GuardOf,
    ) -> None:
        self.request = request
        self.decode = decode
        self.rules = rules
        self.catalogue = catalogue
        self.policy = policy
        self.timeout = self.wait = timeout
        self.deadline = deadline
        self.base_url = base_url
        self.mask = mask
        self.guard = guard
        self.started = 0.0
        self.attempts: deque[Attempt] = deque(maxlen=truncation.ENTRIES)
        self.head: Reply | None = None
        self.next = request if request.method == "GET" else None
        self.about: str | None = None
        self.nowhere = ""
        self.last_event_id = ""
        self.retry: int | None = None
        self.method = request.method
        self.before: SideEffect = "none"
        self.given = 0
        self.fruitless = 0

    def flow(self) -> StreamFlow[T]:
        """All of it."""
        self.started = yield Now()
        while (yield from self._open()):
            before = self.last_event_id
            cut = yield from self._read()
            if cut is None:
                return
            self.fruitless = self.fruitless + 1 if self.last_event_id == before else 0
            yield from self._before_next(cut)

    def _open(self) -> Generator[StreamEffect[T], Any, bool]:
        """Whether the answer is a stream, which is now open. 204 says that there is nothing, or nothing more.

        The first is no answer where the end of a stream is declared: nobody said that it is complete.
        """
        while True:
            tried = yield from _kept_open(
                with_retries(
                    Send(self.request, self.timeout),
                    self.policy,
                    deadline=(yield from self._left()),
                    request_id_header=self.catalogue.headers.request_id.lower(),
                    guard=self.guard(self.request),
                )
            )
            self.attempts += tried.attempts
            self.before = together(self.before, tried.before)
            head = tried.outcome
            if not isinstance(head, Reply) or not succeeded(head):
                raise (yield from self._not_opened(tried))
            if head.status == 204:
                if self.rules.last and self.head is None:
                    nothing = f"status 204, no stream that ends with {self.rules.last}"
                    raise (yield from self._broken(Failure("unreadable", nothing), head))
                return False
            self.head = head
            self._look_into(head, None)
            if head.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE:
                return True
            yield from self._follow(head)

    def _follow(self, head: Reply) -> Generator[StreamEffect[T], Any, None]:
        """Go where an answer that is no stream says that the stream is."""
        pieces: list[bytes] = []
        length = 0
        while length <= json.LONGEST:
            piece: bytes | Failure = yield from self._more()
            if isinstance(piece, Failure):
                raise (yield from self._broken(piece))
            if not piece:
                break
            pieces.append(piece)
            length += len(piece)
        body = b"".join(pieces)
        if self.request.method != "GET":
            self._look_into(head, parsed(body))
            if self.next is not None:
                self.request = self.next
                return
        kind = head.headers.get("content-type", "no content type")
        size = f"{length} bytes" if length <= json.LONGEST else f"more than {json.LONGEST} bytes"
        problem = f"status {head.status} with {size} of {kind}, expected {MEDIA_TYPE}{self.nowhere}"
        seen = changed(head, body=body, length=None)
        raise (yield from self._broken(Failure("unreadable", self._shown(problem)), seen))

    def _read(self) -> Generator[StreamEffect[T], Any, Failure | None]:
        """Give the events that come. How the stream broke off; None when it has ended."""
        decoder = Decoder(last_event_id=self.last_event_id, longest=self.rules.longest_event)
        while True:
            piece: bytes | Failure = yield from self._more()
            if isinstance(piece, Failure):
                reason = "nothing more came" if piece.kind == "timeout" else piece.reason
                return changed(piece, reason=f"{reason}, after {self._so_far}")
            if not piece:
                return self._stopped()
            try:
                events = decoder.feed(piece)
            except EventTooLongError as problem:
                return Failure("unreadable", f"{problem}, after {self._so_far}")
            if decoder.retry is not None:
                self.retry = decoder.retry
            if (yield from self._give(events)):
                return None
            self.last_event_id = decoder.last_event_id

    def _more(self) -> Generator[StreamEffect[T], Any, bytes | Failure]:
        """The next piece; or that there is no time left, whatever has come by now."""
        if (yield from self._left()) == 0.0:
            return Failure("timeout", f"the deadline of {self.deadline:g} s has passed")
        self.wait = yield from self._until_late()
        piece: bytes | Failure = yield Read(self.wait)
        return piece

    def _give(self, events: list[Event]) -> Generator[StreamEffect[T], Any, bool]:
        """Give *events*, those before an error too; whether they end the stream."""
        rules, good, ended = self.rules, list[T](), False
        wrong: Event | None = None
        unreadable: str | None = None
        for event in events:
            if rules.done is not None and event.data == rules.done:
                ended = True
            elif rules.tells_an_error(event):
                wrong = event
            else:
                try:
                    said = self.decode(event)
                except UnreadableReplyError as problem:
                    wrong, unreadable = event, str(problem)
                else:
                    if said is not None:
                        good.append(said)
                    self.last_event_id = event.id
                    ended = event.name in rules.ends_with
            if ended or wrong is not None:
                break
            if (rules.about and self.about is None) or (rules.follow and self.next is None):
                self._look_into(None, parsed(event.data.encode("utf-8", "replace")))
        if good:
            self.given += len(good)
            yield Yield(good)
        if wrong is not None:
            raise (yield from self._told(wrong, unreadable))
        return ended

    def _look_into(self, head: Reply | None, body: Any) -> None:
        """Remember where an answer, or an event, says that the stream is, and what it tells of."""
        self.about = self.about or named(self.rules.about, head, body)
        where = named(self.rules.follow, head, body) if self.next is None else None
        target = resolved(self.base_url, self.request.target, where) if where else None
        if where and target is None:
            self.nowhere = f", and names {self._shown(where)[:100]!r}, which is no URL"
        if target is not None:
            headers = tuple(pair for pair in self.request.headers if pair[0].lower() != "content-type")
            self.next = changed(
                self.request, method="GET", target=target, headers=headers, content=b"", idempotency_key=None
            )

    def _stopped(self) -> Failure | None:
        """What it means that the body is over: the end, or that the stream broke off."""
        rules = self.rules
        if rules.last:
            return Failure("network", f"the stream stopped after {self._so_far}, without {rules.last}")
        return Failure("network", f"the stream stopped after {self._so_far}") if rules.resumable else None

    @property
    def _so_far(self) -> str:
        return "1 event" if self.given == 1 else f"{self.given} events"

    def _before_next(self, cut: Failure) -> Flow[None]:
        """Wait until the stream may be asked for again, and say from where. Raise *cut* if it may not."""
        self.attempts[-1] = self.attempts[-1]._replace(reason=cut.reason)
        known = self.last_event_id
        # Without an id the server would begin anew, and what was given would be given twice.
        lost = (self.given and not known) or not _sendable(known)
        if not self.rules.resumable or self.next is None or lost or cut.kind == "unreadable":
            raise (yield from self._broken(cut))
        chance: float = yield Random()
        moment = yield from now()
        delay, suppression = self._pause(cut, chance)
        if delay is not None and self.deadline is not None and moment + delay - self.started >= self.deadline:
            suppression = too_late(delay, self.deadline)
        if delay is None or suppression is not None:
            raise (yield from self._broken(cut, suppression=suppression))
        self.attempts[-1] = self.attempts[-1]._replace(delay=delay)
        operation, shown = self.request.operation, self._shown(known)
        yield from notify("reconnect", operation=operation, delay=delay, reason=cut.reason, last_event_id=shown)
        yield from sleep(delay)
        others = tuple(pair for pair in self.next.headers if pair[0] != LAST_EVENT_ID)
        self.request = changed(self.next, headers=(*others, (LAST_EVENT_ID, known)) if known else others)

    def _pause(self, cut: Failure, chance: float) -> tuple[float | None, Suppression | None]:
        """Seconds until the stream is asked for again; None, and perhaps why, if it was too often or is too long."""
        backoff = self.policy.backoff(self.fruitless + 1, cut, chance=chance)
        if backoff is None or self.retry is None:
            return backoff, None
        asked, most = self.retry / 1000, self.policy.longest_wait
        if asked > most:
            return None, asked_too_much(asked, most)
        return max(asked, backoff if self.fruitless else SHORTEST_PAUSE), None

    def _left(self) -> Flow[float | None]:
        """Seconds until the deadline."""
        if self.deadline is None:
            return None
        moment = yield from now()
        return max(self.started + self.deadline - moment, 0.0)

    def _until_late(self) -> Flow[float | None]:
        """Seconds that the next wait may take."""
        left = yield from self._left()
        if self.timeout is None or left is None:
            return left if self.timeout is None else self.timeout
        return min(self.timeout, left)

    def _not_opened(self, tried: RetryResult) -> Flow[Error]:
        """What *tried* came to, as it would for a call."""
        outcome, suppression = tried.outcome, tried.suppression
        if isinstance(outcome, Failure):
            self.wait = tried.timeout
            return (yield from self._broken(outcome, outcome.head, suppression=suppression))
        error = error_of(tried, self.request, self.catalogue, mask=self._mask)
        return (yield from self._error(error, outcome, suppression))

    def _told(self, event: Event, unreadable: str | None) -> Flow[Error]:
        """The error that *event* tells of, by the table for all errors; or that it is *unreadable*."""
        head = self.head or Reply(200)
        said = event.data.encode("utf-8", "replace")
        seen = changed(head, body=said, length=None)
        if unreadable is not None:
            return (
                yield from self._broken(Failure("unreadable", f"{self._shown(unreadable)}, after {self._so_far}"), seen)
            )
        told = Reply(0, {**head.headers, "content-type": "text/plain"}, said)
        error = parse_reply(told, self.catalogue, operation=self.request.operation, source="stream", mask=self._mask)
        return (yield from self._error(error, seen))

    def _broken(
        self, failure: Failure, seen: Reply | None = None, *, suppression: Suppression | None = None
    ) -> Flow[Error]:
        """The vendor's error for *failure*; *seen* is the reply, where it shows what was wrong."""
        late = (yield from self._left()) == 0.0
        on = None
        if self.head is not None and failure.kind != "unreadable" and not late:
            on = "stream" if self.catalogue.raised_on("stream")[1].on == "stream" else None
        if seen is None and failure.kind == "unreadable":
            seen = self.head
        tried = RetryResult(seen or failure, (), 0.0, self.wait)
        error = from_failure(failure, self.request, self.catalogue, tried, on=on)
        return (yield from self._error(error, seen or self.head or failure, suppression))

    def _error(
        self, error: Error, outcome: Reply | Failure | NotSent, suppression: Suppression | None = None
    ) -> Flow[Error]:
        """*error* with all that is known of the stream."""
        moment = yield from now()
        tried = RetryResult(
            outcome, tuple(self.attempts), moment - self.started, self.wait, suppression, before=self.before
        )
        complete(error, tried, self.request, self.catalogue, mask=self._mask, effect=self._effect(error))
        error.last_event_id = self._shown(self.last_event_id)
        error.stream_resource_id = None if self.about is None else self._shown(self.about)
        return error

    def _effect(self, error: Error) -> SideEffect | None:
        """What is known of the effect of a stream that was opened: its events say that the work had begun."""
        if self.head is None or self.method in SAFE:
            return None if self.method == self.request.method else "none"
        if self.given or self.about:
            return "done"
        return error.case.effect or "unknown"

    def _mask(self, text: bytes) -> bytes:
        return self.mask(self.request, text)

    def _shown(self, text: str) -> str:
        return truncation.text(masked_text(text, self._mask))


def _kept_open(flow: Flow[R]) -> Generator[StreamEffect[Any], Any, R]:
    """*flow*, with every success left open."""

    def opened(effect: Send) -> Generator[Open, Any, Any]:
        return (yield Open(effect.request, effect.timeout))

    return intercept(flow, lambda effect: opened(effect) if isinstance(effect, Send) else None)


def _sendable(event_id: str) -> bool:
    """Whether a header can carry *event_id*."""
    return event_id == event_id.strip() and all(c >= " " and c != "\x7f" for c in event_id)
