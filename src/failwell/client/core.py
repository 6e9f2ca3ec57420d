"""The core that all resources of a client share: catalogue, transport, clock, retry and resilience settings."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from failwell._support.frozen import changed
from failwell._support.masking import masked
from failwell._support.secret import Mask, Secret
from failwell.client.config import (
    Http,
    check_sessions,
    checked_base_url,
    checked_http,
    checked_length,
)
from failwell.client.observability.observers import Observers
from failwell.client.request import RequestSpec, request_of
from failwell.client.transport.content_coding import LONGEST_REPLY
from failwell.client.transport.content_error import ContentError
from failwell.client.transport.httpx.proxies import BadProxyError
from failwell.client.transport.httpx.tls import BadTrustError
from failwell.client.transport.requests import RequestFactory
from failwell.client.transport.targets import over_http
from failwell.clock import Clock, SystemClock
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import configuration_problem
from failwell.contract.error import Error
from failwell.contract.mapping import domain_exception
from failwell.contract.reporting import without_frames
from failwell.contract.resilience import Resilience, RetryProfile, settings_problem
from failwell.policy.call import call_or_raise
from failwell.policy.flow import Flow, Open, Send, StreamFlow
from failwell.policy.retry.policy import RetryPolicy, by_catalogue
from failwell.runtime.driver import AsyncDriver, Driver, OnEvent
from failwell.wire.messages import Reply, Request

if TYPE_CHECKING:
    from typing import Unpack

    from failwell.policy.session.connection import SessionFlow
    from failwell.policy.session.flow import SessionHandler, SessionProtocol
    from failwell.policy.stream.rules import StreamRules
    from failwell.runtime.transport import AsyncOpener, Opener
    from failwell.wire.sse import Event

M = TypeVar("M")
T = TypeVar("T")


OF_A_STREAM = (("Accept", "text/event-stream"), ("Cache-Control", "no-store"))
"""Headers of a request for events."""


class Core:
    """The engine of a client. Immutable after construction, so one may serve many threads or tasks.

    *timeout* is the seconds one attempt may take, *deadline* the seconds a whole call may take (None: no limit),
    *max_retries* how often a failed call is repeated: as the vendor's page says, or (*retry* "large_fleet") as is best
    for a server with very many clients that seldom call. *resilience* is what the calls of this process to one server
    share; None: what the catalogue says. *longest_reply* is how many bytes the decoded body of a success may have
    (None: no limit), unless it is a stream or goes to a file. *http* "fast" sends over pyreqwest, in less time of the
    CPU; docs/fast.md says what it does not keep. *on_event* is told what happens, as
    `failwell.client.observability.events` lists it; what it raises is logged and reaches no call.

    Raises:
        Error: the catalogue's "configuration" error, for a base URL, timeout or retry count that cannot work.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        base_url: str,
        credentials: tuple[tuple[str, Secret], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        awaiting: bool = False,
        timeout: float | None = 30.0,
        deadline: float | None = None,
        max_retries: int | None = None,
        retry: RetryProfile = "standard",
        resilience: Resilience | None = None,
        http: Http = "httpx2",
        http_client: httpx2.Client | httpx2.AsyncClient | None = None,
        longest_reply: int | None = LONGEST_REPLY,
        clock: Clock | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        # What no import needs loads with the first client.
        from failwell._support.request_secrets import spellings
        from failwell.client.guards import Guards
        from failwell.client.observability.log_masking import mask_in_logs

        max_retries = catalogue.retries.max_retries if max_retries is None else max_retries
        resilience = catalogue.resilience if resilience is None else resilience
        if problem := settings_problem({"timeout": timeout, "deadline": deadline}, max_retries, retry, resilience):
            raise configuration_problem(catalogue, problem)
        self.catalogue = catalogue
        self.client: type[Any] | None = None
        self.awaiting = awaiting
        self.timeout = None if timeout is None else float(timeout)
        self.deadline = None if deadline is None else float(deadline)
        self.max_retries, self.retry, self.resilience = max_retries, retry, resilience
        self.base_url = checked_base_url(catalogue, base_url)
        self.clock: Clock = clock if clock is not None else SystemClock()
        self._listeners = Observers(catalogue, self.base_url, on_event, "1.1" if http_client is None else None)
        self.tell = self._listeners.tell
        self._rules = changed(catalogue.retries, max_retries=self.max_retries)
        self._policies: dict[str, RetryPolicy] = {}
        caller = _caller(resilience, credentials)
        self._guards = Guards(self.base_url, resilience.under(retry), self.clock, caller)
        self.prepared = RequestFactory(
            self.base_url, headers, credentials, longest_reply=checked_length(catalogue, "longest_reply", longest_reply)
        )
        wanted = httpx2.AsyncClient if awaiting else httpx2.Client
        if http_client is not None and not isinstance(http_client, wanted):
            raise configuration_problem(
                catalogue,
                f"http_client is of type {type(http_client).__name__}; this client needs an httpx2.{wanted.__name__}.",
            )
        self.http = checked_http(catalogue, http, http_client)
        refused = None
        try:
            self._use(_transport(self.prepared, self.clock, self.http, http_client, awaiting=awaiting), self.clock)
        except (BadProxyError, BadTrustError) as met:
            refused = str(met)
        if refused is not None:  # raised here, because the frames of the other hold the proxy's password
            raise configuration_problem(catalogue, refused)
        mask_in_logs(self._transport, spellings(self._transport.secrets))

    @property
    def connection(self) -> tuple[Any, Clock]:
        """What it sends with, and waits on."""
        return self._transport, self.clock

    def connect(self, transport: Any, clock: Clock, apart: Clock | None = None) -> None:
        """Send with *transport* and wait on *clock* from now on. For `failwell.testing`.

        What calls share is that of all clients on *clock*, or on another one, *apart* from them.
        """
        guards = self._guards.on(clock if apart is None else apart)
        self._use(transport, clock)
        self._guards = guards

    def _use(self, transport: Any, clock: Clock) -> None:
        self._transport, self.clock = transport, clock
        if self.awaiting:
            self._async_driver: AsyncDriver[AsyncOpener] = AsyncDriver(transport, clock, self.tell)
        else:
            self._driver: Driver[Opener] = Driver(transport, clock, self.tell)

    def run(self, flow: Flow[T], *, mapped: bool = True) -> T:
        """The result of *flow*, in this thread. With *mapped*, what the contract maps is raised as that exception."""
        self.check_open()
        try:
            return self._driver.drive(flow)
        except Error as error:
            raise domain_exception(without_frames(error)) if mapped else without_frames(error)
        except (ContentError, RuntimeError) as met:
            problem = self.plain(met)
        raise problem

    async def arun(self, flow: Flow[T], *, mapped: bool = True) -> T:
        """The same in this task."""
        self.check_open()
        try:
            return await self._async_driver.drive(flow)
        except Error as error:
            raise domain_exception(without_frames(error)) if mapped else without_frames(error)
        except (ContentError, RuntimeError) as met:
            problem = self.plain(met)
        raise problem

    def events(self, flow: StreamFlow[T]) -> Generator[T, None, None]:
        """What *flow* gives, one by one, in this thread."""
        self.check_open()
        return self._driver.stream(flow)

    def aevents(self, flow: StreamFlow[T]) -> AsyncGenerator[T, None]:
        """What *flow* gives, one by one, in this task."""
        self.check_open()
        return self._async_driver.stream(flow)

    def plain(self, met: ContentError | RuntimeError) -> Exception:
        """What a caller is told of what a driver *met* that is no error of the contract: who caused it."""
        if isinstance(met, ContentError):
            return met.problem.with_traceback(met.tail)
        if not self._transport.closed:
            return met
        # By another thread or task, after the call had begun.
        closed = configuration_problem(self.catalogue, "The client was closed meanwhile. Close it later.")
        closed.effect = "unknown"
        return closed

    def check_open(self) -> None:
        """Return if requests can be sent. Raises: the catalogue's "configuration" error, if the client is closed."""
        if self._transport.closed:
            raise configuration_problem(self.catalogue, "The client is closed. Make a new one, or close it later.")
        if self.awaiting and self.http == "fast":
            from failwell.client.transport.httpx.event_loops import on_asyncio

            if not on_asyncio():
                raise configuration_problem(
                    self.catalogue, 'http="fast" needs asyncio, and this is trio. Leave it out, or run on asyncio.'
                )

    def call(
        self, operation: str, method: str, path: str, decode: Callable[[Reply], T], **spec: Unpack[RequestSpec]
    ) -> Flow[T]:
        """One call of *operation*, whose request has what *spec* says; the answer as *decode* makes it.

        One whose answer was lost is repeated if it changes nothing, or where the catalogue says that the server knows
        idempotency keys.
        """
        request = request_of(self.catalogue, operation, method, path, **spec)
        flow = call_or_raise(
            request,
            decode,
            catalogue=self.catalogue,
            policy=self._policy(operation),
            guard=self._guards.of(operation, path),
            timeout=self.timeout,
            deadline=self.deadline,
            mask=self._mask(request),
            settler=self,
        )
        if self._listeners.attentive():
            flow = self._observed(flow, request)
        return (yield from flow)

    def settle(self, flow: Flow[T]) -> T | Coroutine[Any, Any, T]:
        """The result of *flow*, which settles a call of this core, or what is awaited for it."""
        return self.arun(flow) if self.awaiting else self.run(flow)

    def stream(
        self,
        operation: str,
        method: str,
        path: str,
        decode: Callable[[Event], T | None],
        *,
        rules: StreamRules | None = None,
        **spec: Unpack[RequestSpec],
    ) -> StreamFlow[T]:
        """The stream of events that *operation* answers with, each by *decode*. *rules* are what it declares of it.

        An event that *decode* makes None of has nothing to say, and is not given.

        The client's timeout bounds each attempt to connect and then each wait for more, its deadline the whole stream.
        """
        # Loaded with the first stream: most programs have none.
        from failwell.policy.stream.flow import stream as events
        from failwell.policy.stream.rules import StreamRules

        spec["headers"] = (*spec.get("headers", ()), *OF_A_STREAM)
        request = request_of(self.catalogue, operation, method, path, **spec)
        flow = events(
            request,
            decode,
            StreamRules() if rules is None else rules,
            catalogue=self.catalogue,
            policy=self._policy(operation),
            timeout=self.timeout,
            deadline=self.deadline,
            base_url=self.base_url,
            mask=lambda sent, text: self._mask(sent)(text),
            guard=lambda sent: self._guards.of(operation, sent.target),
        )
        return self._observed(flow, request, streams=True) if self._listeners.attentive() else flow

    def session(
        self, operation: str, path: str, dialogue: SessionHandler[M, T], **spec: Unpack[RequestSpec]
    ) -> SessionFlow[SessionProtocol[M, T]]:
        """Open a websocket at *path*, or at a whole URL, and begin *dialogue*. For a method that is a `session`.

        The client's timeout bounds each attempt to connect and then each message sent, its deadline the opening.
        """
        check_sessions(self.catalogue, self.http)
        # Loaded with the first session: most programs have none.
        from threading import Lock

        from failwell.policy.session.connection import Connect
        from failwell.policy.session.flow import SessionProtocol, opened

        protocol = SessionProtocol(
            request_of(self.catalogue, operation, "GET", over_http(path), **spec),
            dialogue,
            catalogue=self.catalogue,
            policy=self._policy(operation),
            timeout=self.timeout,
            turn=Lock(),
            deadline=self.deadline,
            mask=self._mask(Request("GET", path, secrets=spec.get("secrets", ()))),
            guard=self._guards.of(operation, path),
        )
        flow = opened(protocol)
        if self._listeners.attentive():
            flow = self._observed(flow, protocol.request, attempts=(Connect,))
        return (yield from flow)

    def masked(self, text: bytes) -> bytes:
        """*text*, which a server sent, without the secrets of the client."""
        return self._mask(Request("GET", "/"))(text)

    def _mask(self, request: Request) -> Mask:
        """What takes the secrets out of what a server says to *request*."""
        return lambda text: masked(text, self._transport.secrets_of(request))

    def _policy(self, operation: str) -> RetryPolicy:
        policy = self._policies.get(operation)
        if policy is None:
            classify = by_catalogue(self.catalogue, operation)
            policy = self._policies[operation] = RetryPolicy(
                self._rules, classify, self.retry == "large_fleet", self.catalogue
            )
        return policy

    def _observed(
        self,
        flow: Generator[Any, Any, T],
        request: Request,
        *,
        streams: bool = False,
        attempts: tuple[type[Any], ...] = (Send, Open),
    ) -> Generator[Any, Any, T]:
        """*flow*, which sends *request* and its retries, for all who listen; *streams* if it leaves answers open.

        Its effects of the types of *attempts* send it.
        """
        # Loaded with the first call that somebody listens to.
        from failwell.client.observability.call_observer import CallObserver, observed

        observer = CallObserver(self._listeners, request, self.clock, streams=streams, mask=self._mask(request))
        return observed(flow, observer, attempts)

    def paced(self) -> Core:
        """This core for calls that wait together: when one of them is told to, the others wait, too."""
        # Loaded with the first batch: most programs have none.
        from copy import copy

        from failwell.client.guards import PacedGuards

        twin = copy(self)
        twin._guards = PacedGuards(self._guards)  # noqa: SLF001 - a copy of this very object
        return twin

    def close(self) -> None:
        """Close the connections of a blocking client."""
        if not self.awaiting:
            self._transport.close()

    async def aclose(self) -> None:
        """Close the connections of an awaiting client."""
        if self.awaiting:
            await self._transport.aclose()


def _transport(prepared: RequestFactory, clock: Clock, http: Http, client: Any, *, awaiting: bool) -> Any:
    # Loaded with the first client: the connection pools behind it take longer to import than all of the SDK.
    if http == "fast":
        from failwell.client.transport.pyreqwest import AwaitingFast, BlockingFast

        return (AwaitingFast if awaiting else BlockingFast)(prepared, clock.wall)
    from failwell.client.transport.httpx.transport import AwaitingHttpx, BlockingHttpx

    return (AwaitingHttpx if awaiting else BlockingHttpx)(prepared, clock.wall, client)


def _caller(rules: Resilience, credentials: tuple[tuple[str, Secret], ...]) -> str:
    """What tells these credentials from others without holding them; "" where nobody asks."""
    if not rules.pacing:
        return ""
    from hashlib import sha256

    return sha256("\n".join(f"{name}: {key.reveal()}" for name, key in credentials).encode()).hexdigest()
