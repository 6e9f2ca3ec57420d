"""Call observer: tells the listeners when a call and each of its attempts began and ended."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from failwell._support.frozen import changed
from failwell._support.masking import masked_text
from failwell._support.secret import Mask
from failwell.client.transport.content_error import ContentError
from failwell.client.transport.targets import origin_of
from failwell.contract.error import Error
from failwell.policy.flow import Notify, Open, Read, Send, Yield, intercept
from failwell.wire.messages import Failure, Outcome, Request

if TYPE_CHECKING:
    from failwell.client.observability.events import AttemptBegan, AttemptEnded, CallBegan, CallEnded
    from failwell.client.observability.observers import Observers
    from failwell.clock import Clock
    from failwell.policy.session.connection import Connect

    Attempting = Send | Open | Connect

R = TypeVar("R")


def observed(
    flow: Generator[Any, Any, R], watch: CallObserver, attempts: tuple[type[Any], ...]
) -> Generator[Any, Any, R]:
    """*flow*, whose effects *watch* sees pass by; those of the types of *attempts* are its attempts."""
    last: Any = None

    def handle(effect: Any) -> Generator[Any, Any, Any] | None:
        nonlocal last
        last = effect
        if isinstance(effect, attempts):
            return watch.attempt(effect)
        if isinstance(effect, Read):
            return watch.read(effect)
        if isinstance(effect, Notify):
            watch.emitted(effect)
        return None

    try:
        watch.call_began()
        result = yield from intercept(flow, handle)
    except GeneratorExit as left:
        # The driver closes the flow while what interrupted it is on its way. Whoever was given something may just stop.
        watch.call_ended(None if isinstance(last, Yield) else _reason_of(left))
        raise
    except BaseException as error:
        watch.call_ended(error)
        raise
    watch.call_ended(None)
    return result


def _reason_of(left: GeneratorExit) -> BaseException:
    """What let the driver leave the flow."""
    reason = left.__context__ or left
    return reason.problem if isinstance(reason, ContentError) else reason


class CallObserver:
    """One call that *listeners* hear of; *streams* if it leaves answers open, whose caller comes and goes meanwhile.

    *mask* takes the secrets out of what servers say.
    """

    def __init__(self, listeners: Observers, request: Request, clock: Clock, *, streams: bool, mask: Mask) -> None:
        self._listeners = listeners
        self._tells = listeners.hears_all()
        self._request = request
        self._clock = clock
        self._streams = streams
        self._mask = mask
        self._where = address_of(listeners.base_url, request.target)
        self._sent = 0
        self._out: Request | None = None
        self._since = self._started = 0.0
        self._status: int | None = None
        self._request_id: str | None = None
        telemetry = listeners.telemetry()
        self._span = None if telemetry is None else telemetry.call(request.operation, self._where)

    def call_began(self) -> None:
        """The call begins."""
        self._started = self._clock.now()
        if self._span is not None:
            self._span.began(current=not self._streams)
        if self._tells:
            self._tell("call_began", self._about(self._request))

    def attempt(self, effect: Attempting) -> Generator[Any, Any, Outcome]:
        """Do *effect*, between an attempt that begins and one that ends."""
        outcome: Outcome = yield self._attempt_began(effect)
        self._answered(outcome, left_open=isinstance(effect, Open))
        return outcome

    def _attempt_began(self, effect: Attempting) -> Attempting:
        """*effect* is about to be done; as it is to be done."""
        self._attempt_ended()
        request = self._out = effect.request
        resent, self._sent = self._sent, self._sent + 1
        self._status = self._request_id = None
        where = self._url(request)
        if self._span is not None:
            headers = self._span.attempt_began(request.method, where, resent)
            # A stranger's server has no use for our trace, and baggage may be confidential.
            if headers and (request.target.startswith("/") or origin_of(where) == origin_of(self._listeners.base_url)):
                request = changed(request, headers=(*request.headers, *headers))
                effect = changed(effect, request=request)
        if self._tells:
            facts: AttemptBegan = {**self._about(request), "resend_count": resent}
            self._tell("attempt_began", facts)
        self._since = self._clock.now()
        return effect

    def _answered(self, outcome: Outcome, *, left_open: bool) -> None:
        """*outcome* came of the attempt; *left_open*: the body of a success has yet to be read."""
        head = outcome.head if isinstance(outcome, Failure) else outcome
        if head is not None:
            self._status = head.status
            named = head.headers.get(self._listeners.request_id_header)
            self._request_id = None if named is None else masked_text(named, self._mask)
        if isinstance(outcome, Failure):
            self._attempt_ended(outcome)
        elif not (left_open and 200 <= outcome.status < 300):
            self._attempt_ended()
        elif self._span is not None:
            self._span.head_came()

    def read(self, effect: Read) -> Generator[Any, Any, bytes | Failure]:
        """Read some of an open body: its end is that of the attempt."""
        piece: bytes | Failure = yield effect
        if not piece:
            self._attempt_ended()
        elif isinstance(piece, Failure):
            self._attempt_ended(piece)
        return piece

    def emitted(self, emit: Notify) -> None:
        """The flow tells of something."""
        if self._span is not None:
            self._span.emitted(emit.name, emit.facts)

    def call_ended(self, error: BaseException | None) -> None:
        """The call ends, with *error* or well."""
        if error is not None and not isinstance(error, Error):
            self._attempt_ended(Failure("network", type(error).__name__), cancelled=error)
        else:
            self._attempt_ended()
        suppression = error.suppression.by if isinstance(error, Error) and error.suppression is not None else None
        if self._tells:
            facts: CallEnded = {
                **self._about(self._request),
                "attempts": self._sent,
                "elapsed": self._clock.now() - self._started,
                "status": self._status,
                "error": None if error is None else type(error).__name__,
                "suppression": suppression,
                "request_id": self._request_id,
            }
            self._tell("call_ended", facts)
        if self._span is not None:
            self._span.ended(error, self._sent, suppression)

    def _attempt_ended(self, failure: Failure | None = None, *, cancelled: BaseException | None = None) -> None:
        """The attempt that is out, if any, ends."""
        request, self._out = self._out, None
        if request is None:
            return
        duration = self._clock.now() - self._since
        if self._span is not None:
            kind = None if failure is None else failure.kind
            reason = None if failure is None else failure.reason
            self._span.attempt_ended(self._status, cancelled or kind, reason, duration)
        if self._tells:
            facts: AttemptEnded = {
                **self._about(request),
                "resend_count": self._sent - 1,
                "status": self._status,
                "failure": "cancelled" if cancelled is not None else None if failure is None else failure.kind,
                "reason": None if failure is None else failure.reason,
                "duration": duration,
                "request_id": self._request_id,
            }
            self._tell("attempt_ended", facts)

    def _url(self, request: Request) -> str:
        same = request.target == self._request.target
        return self._where if same else address_of(self._listeners.base_url, request.target)

    def _about(self, request: Request) -> CallBegan:
        """What is told of each event that *request* is a part of."""
        return {"operation": request.operation, "method": request.method, "url": self._url(request)}

    def _tell(self, name: str, facts: Mapping[str, object]) -> None:
        self._listeners.tell(name, dict(facts))


def address_of(base_url: str, target: str) -> str:
    """Where a request to *target* goes, without what may be a secret: user, password, query and fragment."""
    if target.startswith("/"):
        return base_url + target.partition("?")[0].partition("#")[0]
    scheme, _, rest = target.partition("?")[0].partition("#")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
