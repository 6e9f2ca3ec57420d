"""One logical call by a function that sends: its contract, its policy, and what each attempt is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

from failwell._support.frozen import changed
from failwell._support.secret import Secret
from failwell.adapt.exchange import MisuseError, failure_of, mask_of, misuse, secrets_of
from failwell.adapt.libraries.base import Library, SentRequest
from failwell.adapt.libraries.recognition import SUCCESSES, library_of_response
from failwell.clock import Clock, SystemClock
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import configuration_problem
from failwell.contract.declaration import specs_of
from failwell.contract.error import Error
from failwell.contract.reporting import without_frames
from failwell.contract.resilience import Resilience, RetryProfile, settings_problem
from failwell.policy.call import call_or_raise
from failwell.policy.flow import Flow
from failwell.policy.lost_calls import pass_on
from failwell.policy.resilience.guard import Guard
from failwell.policy.retry.policy import RetryPolicy, by_catalogue
from failwell.runtime.driver import OnEvent
from failwell.runtime.shared_state import shared
from failwell.wire.contracts import AnyContract, catalogue_of, operation_problem
from failwell.wire.messages import IDEMPOTENT, Failure, Outcome, Reply, Request

SYSTEM_CLOCK = SystemClock()
FINE = Reply(200)
"""What a flow is told of an answer to go on with, where nobody wants to know more of it."""
DEADLINE_HEADER = "X-Request-Timeout"
"""Tells the server how many seconds are left until nobody waits for its answer any more."""

_within: ContextVar[bool] = ContextVar("failwell_call", default=False)
_told_of_nesting = False


class OutgoingAttempt(NamedTuple):
    """One attempt, for the function that sends it.

    *number* counts from 1. *headers* are to be sent along: the idempotency key, and the seconds that are left of the
    deadline. *timeout* is the seconds that the attempt may take, for the library's own `timeout=`; None for no limit.
    """

    number: int
    headers: Mapping[str, str]
    timeout: float | None


class PolicyOptions(TypedDict, total=False):
    """The options of a call that no transport knows better."""

    timeout: float | None
    deadline: float | None
    max_retries: int | None
    retry: RetryProfile
    resilience: Resilience | None
    clock: Clock | None
    on_event: OnEvent | None
    secrets: Iterable[str | Secret]


class CallOptions(PolicyOptions, total=False):
    """What a call may have beside its contract and the function that sends.

    *operation* is its name, where the contract tells them apart. *method* is what the function sends: "POST" and
    "PATCH" are given an idempotency key, a new one unless *idempotency_key* is one, and are repeated as the contract
    allows.
    *timeout* is the seconds of one attempt, *deadline* those of the whole call, *max_retries* how often it is repeated,
    *retry* and *resilience* as a client has them. *origin* is the server, for what calls to it share; without it, that
    is shared by the calls of one contract. *on_event* is told of retries, *secrets* are not shown by errors.
    """

    operation: str | None
    method: str
    idempotency_key: str | None
    origin: str | None


class LogicalCall:
    """One call of *send*, which may take several attempts.

    Raises:
        Error: the contract's "configuration" error, for a setting that cannot work.
    """

    def __init__(
        self,
        contract: AnyContract,
        send: Callable[[OutgoingAttempt], Any],
        *,
        operation: str | None = None,
        method: str = "GET",
        idempotency_key: str | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
        max_retries: int | None = None,
        retry: RetryProfile = "standard",
        resilience: Resilience | None = None,
        origin: str | None = None,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
        secrets: Iterable[str | Secret] = (),
    ) -> None:
        self.catalogue = catalogue_of(contract)
        self.clock: Clock = SYSTEM_CLOCK if clock is None else clock
        self.on_event = on_event
        self._send = send
        self._timeout, self._deadline = timeout, deadline
        self._retries = self.catalogue.retries.max_retries if max_retries is None else max_retries
        self._profile = retry
        self._shares = self.catalogue.resilience if resilience is None else resilience
        self._origin = self.catalogue.name if origin is None else origin
        self._key, self._method = idempotency_key, method
        if problem := operation_problem(operation) or self._problem():
            raise configuration_problem(self.catalogue, problem)
        self._named = tuple(each if isinstance(each, Secret) else Secret(each) for each in secrets)
        self._secrets = self._named
        key = idempotency_key
        if key is None and method.upper() not in IDEMPOTENT:
            from uuid import uuid4  # most calls need none

            key = str(uuid4())
        counts = self.catalogue.idempotency == "server"
        self._request = Request(
            method.upper(), operation or "", operation=operation, idempotency_key=key, key_counts=counts
        )
        place = self._origin, self._shares, self._profile, operation or ""
        self._guard = _guard_of(*place) if clock is None else _new_guard(*place, clock)
        self._number = 0
        self._ends: float | None = None
        self._response: Any = None
        self._raised: Error | None = None
        self.settled_by: Callable[[Flow[Any]], Any] | None = None
        """Drives a flow in the colour of the call; whoever ran it first sets it."""

    def settle(self, flow: Flow[Any]) -> Any:
        """The result of *flow*, which lets the function send once more, or what is awaited for it."""
        self._ends = None  # its deadline is over
        if self.settled_by is None:
            raise RuntimeError("The call was never made.")
        return self.settled_by(flow)

    def _problem(self) -> str | None:
        """Which of the settings cannot work, and what it must be."""
        durations = {"timeout": self._timeout, "deadline": self._deadline}
        if problem := settings_problem(durations, self._retries, self._profile, self._shares):
            return problem
        key: object = self._key
        if key is not None and not (isinstance(key, str) and key and key.isascii() and key.isprintable()):
            return f"idempotency_key is {key!r:.80}; it must be text of printable ASCII characters, or None."
        method: object = self._method
        if not isinstance(method, str) or not method.isascii() or not method.isprintable() or len(method.split()) != 1:
            return f'method is {method!r:.80}; it must be the name of one, like "POST".'
        if not callable(self._send):
            return f"send is {self._send!r:.80}; it must be a function of one attempt."
        return None

    def flow(self) -> Flow[Any]:
        """The call as a flow, for a driver of either colour."""
        if self._deadline is not None:
            self._ends = self.clock.now() + self._deadline
        return call_or_raise(
            self._request,
            lambda _reply: self._response,
            catalogue=self.catalogue,
            policy=_policy(self.catalogue, self._request.operation, self._retries, self._profile),
            timeout=self._timeout,
            deadline=self._deadline,
            mask=self._mask,
            guard=self._guard,
            settler=self,
        )

    def begin(self) -> Token[bool]:
        """Note that a call is under way; `end` is given what this gives."""
        if _within.get():
            _tell_of_nesting()
        return _within.set(True)

    def end(self, within: Token[bool]) -> None:
        """Note that it is over."""
        _within.reset(within)

    def raised(self, error: Error) -> Exception:
        """What is raised for *error*: without the frames of the driver, with all that is known of the call.

        Where the function raised one itself, by `raise_for`, it is that one; where its class maps an exception, that.
        """
        from failwell.contract.mapping import domain_exception

        raised = self._raised
        if raised is not None and raised is not error:
            raised.attempts, raised.elapsed, raised.suppression = error.attempts, error.elapsed, error.suppression
            raised.idempotency_key, raised.effect = error.idempotency_key, error.effect
            vars(raised)["_assessed"] = vars(error).get("_assessed")  # for `retry`
            raised.__notes__ = list(getattr(error, "__notes__", ()))
            pass_on(error, raised)
            error = raised
        return domain_exception(without_frames(error))

    def _mask(self, text: bytes) -> bytes:
        """*text* without the secrets of the last request, as far as it is known."""
        return mask_of(self._secrets)(text)

    def attempt(self, timeout: float | None) -> Any:
        """Let the function send once more."""
        self._number += 1
        self._response = self._raised = None
        headers: dict[str, str] = {}
        if self._request.idempotency_key is not None:
            headers[self.catalogue.headers.idempotency_key] = self._request.idempotency_key
        if self._ends is not None:
            headers[DEADLINE_HEADER] = f"{max(self._ends - self.clock.now(), 0.0):.3f}"
        return self._send(OutgoingAttempt(self._number, headers, timeout))

    def refusing(self, response: object) -> Library | None:
        """The library of a *response* that is no success; None for whatever else the function gave back."""
        library = library_of_response(response)
        return None if library is None or library.status(response) in SUCCESSES else library

    def success(self, response: object) -> Outcome:
        """What the flow is told of an answer to go on with: its headers may say how busy the server is."""
        self._response = response
        library = None if self._guard.pacer is None else library_of_response(response)
        return FINE if library is None else Reply(200, library.headers(response), received=self.clock.wall())

    def refusal(self, reply: Reply, sent: SentRequest) -> Outcome:
        """What the flow is told of a *reply* that is no success of what was *sent*."""
        self._secrets = secrets_of(sent, self._named)
        return changed(reply, received=self.clock.wall())

    def failure(self, problem: Exception) -> Outcome:
        """What the flow is told of a *problem* without an answer; one that is none of a library is raised again.

        Raises:
            Error: the call could never be made.
        """
        from failwell.contract.mapping import evidence

        known = evidence(problem)
        if known is not None and isinstance(known, self.catalogue.base) and len(known.attempts) <= 1:
            # The function calls `raise_for` itself.
            self._raised = known
            return _outcome_of(known, self.catalogue)
        try:
            found = None if known is not None else failure_of(problem, self._named)
        except MisuseError as refused:
            raise misuse(refused, self.catalogue) from refused.__cause__
        if found is None:
            if known is not None:
                _tell_of_nesting()
            problem.add_note(f"Raised in attempt {self._number} of a call by `failwell.calling`; not repeated.")
            raise problem
        failure, sent = found
        self._secrets = secrets_of(sent, self._named)
        return failure


@lru_cache(maxsize=1_000)
def _policy(catalogue: Catalogue, operation: str | None, retries: int, profile: RetryProfile) -> RetryPolicy:
    """How *operation* is repeated; made once."""
    rules = changed(catalogue.retries, max_retries=retries)
    return RetryPolicy(rules, by_catalogue(catalogue, operation), profile == "large_fleet", catalogue)


def _new_guard(origin: str, shares: Resilience, profile: RetryProfile, operation: str, clock: Clock) -> Guard:
    """What the calls of *operation* to *origin* share on *clock*."""
    return shared(origin, shares.under(profile), clock).guard(operation, "")


@lru_cache(maxsize=1_000)
def _guard_of(origin: str, shares: Resilience, profile: RetryProfile, operation: str) -> Guard:
    """The same on the system's clock; looked up once."""
    return _new_guard(origin, shares, profile, operation, SYSTEM_CLOCK)


def _outcome_of(error: Error, catalogue: Catalogue) -> Outcome:
    """What was answered, or was not, for *error* to be raised."""
    if error.case.on in ("network", "timeout"):
        return Failure("timeout" if error.case.on == "timeout" else "network", str(error), sent=error.effect != "none")
    waits = [getattr(error, spec.name, None) for spec in specs_of(type(error)) if spec.is_wait]
    known = [wait for wait in waits if wait is not None]
    headers = {"retry-after": str(known[0])} if known else {}
    headers[catalogue.effect_header] = error.effect  # which it found by the method that was sent
    return Reply(error.status_on_the_wire, headers, error.body)


def _tell_of_nesting() -> None:
    global _told_of_nesting  # noqa: PLW0603 - once in a process is enough
    if not _told_of_nesting:
        _told_of_nesting = True
        import logging

        logging.getLogger("failwell.adapt").warning(
            "A call that repeats itself was made inside of failwell.calling, which repeats it, too: 4 x 4 requests for "
            "one call. Take the retries out of one of them, e.g. with max_retries=0."
        )
