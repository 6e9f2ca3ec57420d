"""ASGI middleware of the contract: request id, keys, limits, idempotency, and one envelope for every error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property

import anyio

from failwell.clock import ServerClock, SystemClock
from failwell.contract import Catalogue, Header
from failwell.contract.declaration import specs_of
from failwell.server.auth.auth import Auth, ByFunction, ByKey, FindCaller
from failwell.server.auth.keys import Keys
from failwell.server.caller import Caller
from failwell.server.errors.error_counts import ErrorCase
from failwell.server.errors.framework import Framework, of_status
from failwell.server.errors.translate import Convert, Translator
from failwell.server.errors.undeclared import UndeclaredError
from failwell.server.errors.unwrapping import to_be_answered
from failwell.server.http.bodies import DEFAULT, BodyLimits, limited, may_have_body
from failwell.server.http.header_limits import HEADER_LIMITS, HeaderLimits
from failwell.server.http.paths import Paths
from failwell.server.http.request_id import request_id_of
from failwell.server.http.responses import FromApp, Outgoing, Sink, UnsendableError, Within, names_of, send_reply
from failwell.server.http.service import SERVED, Service
from failwell.server.http.websocket_handshake import Handshake
from failwell.server.idempotency.claims import Claims
from failwell.server.idempotency.gate import IdempotencyGate
from failwell.server.idempotency.policy import Idempotency
from failwell.server.idempotency.recording import REPLAY_REQUEST_ID, Recording, replay
from failwell.server.idempotency.store import Store
from failwell.server.limits.rate_limits import HEADERS, RateLimits
from failwell.server.limits.shared_limits import SharedLimits
from failwell.server.limits.tiers import Tiers
from failwell.server.protocol import CONTRACT, UNDECLARED, ASGIApp, ASGISend, ClientLeftError, Receive, Scope
from failwell.server.refusal import Refusal
from failwell.server.side_effects import Effects
from failwell.server.stored_response import StoredResponse
from failwell.wire.contracts import AnyContract, catalogue_of

DECLINED = Refusal(403, "This websocket was not accepted.")
NOWHERE = of_status(404, {})


def contract_around(
    framework: Framework,
    catalogue: AnyContract,
    *,
    keys: Keys | None = None,
    caller: FindCaller | None = None,
    idempotency: Idempotency | Store | None = None,
    limits: RateLimits | Mapping[str, RateLimits] | SharedLimits | None = None,
    clock: ServerClock | None = None,
    strict: bool | None = None,
    convert: Convert | None = None,
    public: Sequence[str] = (),
    writers: Sequence[str] = ("member", "admin"),
    bodies: BodyLimits | None = DEFAULT,
    headers: HeaderLimits | None = HEADER_LIMITS,
    paths: Sequence[str] | None = None,
    outside: Sequence[object] = (),
    service: Service | None = None,
    declares_effects: bool = False,
) -> Contract:
    """The contract of *catalogue* around an app of *framework*; `failwell.server.install` says what the settings mean.

    Raises:
        ValueError: the app has a contract already, or answers errors by itself; settings contradict each other.
        TypeError: a setting is something else than it must be.
    """
    if (known := framework.contract) is not None:
        raise ValueError(
            f"The app has a contract already, that of {known.catalogue.name!r}. Call install() once, and serve what it "
            "returns or the app itself."
        )
    if keys is not None and caller is not None:
        raise ValueError("Both keys= and caller= say who calls. Give one of them.")
    if keys is None and caller is None and (limits is not None or idempotency is not None):
        raise ValueError(
            "Limits and idempotency are kept per caller, and no keys were given. Pass keys=KeyStore(...), or "
            "caller=... if the app knows its callers by itself."
        )
    catalogue = catalogue_of(catalogue)
    if idempotency is not None and not isinstance(idempotency, Idempotency):
        idempotency = Idempotency(idempotency)
    open_to_all = Paths(public, framework, argument="public")
    auth: Auth | None = None
    if keys is not None:
        auth = ByKey(keys, public=open_to_all, writers=writers, realm=catalogue.name)
    elif caller is not None:
        auth = ByFunction(caller, framework, public=open_to_all, writers=writers)
    framework.outside(outside)
    time = clock or SystemClock()
    contract = Contract(
        framework,
        Translator(catalogue, framework, convert=convert, strict=_under_pytest() if strict is None else strict),
        auth=auth,
        limiter=None if limits is None else Tiers(limits, time),
        keyed=None if idempotency is None else _gate(idempotency, catalogue, tells=declares_effects),
        bodies=None if bodies is None else Bodies(bodies, framework),
        headers=headers,
        paths=None if paths is None else Paths(paths, framework, argument="paths", whole=True),
        service=service,
        declares_effects=declares_effects,
    )
    framework.describe(catalogue)
    framework.contract = contract
    return contract


def _gate(idempotency: Idempotency, catalogue: Catalogue, *, tells: bool) -> IdempotencyGate:
    return IdempotencyGate(Claims(idempotency), catalogue.headers.idempotency_key, tells=tells)


class Bodies:
    """What the bodies of requests to an app of *framework* may be."""

    def __init__(self, limits: BodyLimits, framework: Framework) -> None:
        self._limits = limits
        self._uploads = Paths(limits.uploads, framework, argument="uploads")

    async def limited(self, scope: Scope, receive: Receive, cap: int | None) -> Receive:
        """A *receive* that keeps within the limits; *cap* is that of a body with an idempotency key.

        Raises:
            Refusal: the body is above a limit.
        """
        return await limited(scope, receive, self._limits, self._uploads.first(scope), cap=cap)


class Contract:
    """An app with its error contract around it, as an ASGI app. The lifespan passes through."""

    def __init__(
        self,
        framework: Framework,
        translator: Translator,
        *,
        auth: Auth | None,
        limiter: Tiers | None,
        keyed: IdempotencyGate | None,
        bodies: Bodies | None,
        headers: HeaderLimits | None,
        paths: Paths | None,
        service: Service | None = None,
        declares_effects: bool = False,
    ) -> None:
        self.app: ASGIApp = framework.asgi
        self.framework = framework
        self._translator = translator
        self._headers = translator.catalogue.headers
        self._auth = auth
        self._limiter = limiter
        self._keyed = keyed
        self._bodies = bodies
        self._header_limits = headers
        self._paths = paths
        self._service = service
        self._declares_effects = declares_effects
        exposed = _exposed(translator.catalogue, limited=limiter is not None, keyed=keyed is not None)
        self._names = names_of(translator.catalogue, exposed)
        self._adopt_all()
        self._inner: ASGIApp = self._inside
        framework.enter_through(self)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue whose contract this is."""
        return self._translator.catalogue

    @property
    def undeclared(self) -> Mapping[tuple[str, str], int]:
        """How often which operation raised which class that its `operations=` forgot: by operation and class name.

        An error that a handler answered by hand is there by its status: `("orders.get", "404")`.
        """
        return self._translator.undeclared

    @property
    def errors(self) -> Mapping[ErrorCase, int]:
        """How often which error was answered: by its class, the code of its case, and the status."""
        return self._translator.errors

    async def __call__(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        """Answer one request.

        Raises:
            UndeclaredError: after the reply, under strict.
            Exception: what the app raised in the middle of a reply, so that the server cuts the connection.
        """
        if scope["type"] == "lifespan":
            self._adopt_all()
            await self.app(scope, receive, send)
            return
        if self.framework.changed():
            self._adopt()
        scope[CONTRACT] = self
        if self._service is not None and self._service not in scope.get(SERVED, ()):
            await self._service.answer(self, scope, receive, send, translator=self._translator)
            return
        if self._paths is not None and self._paths.first(scope) is None:
            await self._way(scope, receive, send)
            return
        request_id = scope.get("failwell.request_id")
        if not isinstance(request_id, str):  # it has one if the app is mounted in another with a contract
            request_id = request_id_of(scope["headers"], self._names.request_id)
        scope["failwell.request_id"] = request_id
        scope["failwell.translator"] = self._translator
        scope["failwell.root_path"] = scope.get("root_path", "")  # as it came: routes change it on the way
        with Effects(request_id, declared=self._declares_effects) as effects:
            if scope["type"] != "http":
                await self._talk(scope, receive, send)
                return
            scope["failwell.effects"] = effects
            around: Outgoing | None = scope.get("failwell.outgoing")  # that of the contract that this one is inside of
            out = scope["failwell.outgoing"] = Outgoing(send, scope, self._names, request_id, effects)
            try:
                if self._way is not self._inner:
                    await self._run(self._way, scope, receive, out)
                elif self._is_to_be_looked_at(scope):
                    await self._answer(scope, receive, out, effects)
                else:
                    effects.running = True
                    await self._run(self.app, scope, receive, out)
            finally:
                # It leads back to the scope: both would wait for the garbage collector, which costs more than they do.
                if around is None:
                    del scope["failwell.outgoing"]
                else:
                    scope["failwell.outgoing"] = around

    def _is_to_be_looked_at(self, scope: Scope) -> bool:
        """Whether anything of a request is to be seen to before the app has it; most have neither key nor body."""
        if self._auth is not None or (self._bodies is not None and may_have_body(scope)):
            return True
        return self._header_limits is not None and not self._header_limits.allow(scope)

    @cached_property
    def _way(self) -> ASGIApp:
        """The way to the app, through its middleware that stands outside of the contract."""
        return self.framework.around(self._inner, self._answered)

    def _answered(self, inner: ASGIApp) -> ASGIApp:
        """*inner*, whose errors are answered before the middleware around it hears of them."""

        async def answered(scope: Scope, receive: Receive, send: ASGISend) -> None:
            if scope["type"] == "http" and self._covers(scope):
                await self._run(inner, scope, receive, Within(send, scope["failwell.outgoing"]))
            else:
                await inner(scope, receive, send)

        return answered

    def _covers(self, scope: Scope) -> bool:
        return scope.get("failwell.translator") is self._translator

    def _adopt(self) -> None:
        """Take over what was mounted while the app was served."""
        try:
            self._adopt_all()
        except ValueError as problem:
            self._translator.misplaced(problem)

    def _adopt_all(self) -> None:
        self.framework.adopt(partly=self._paths is not None)

    async def _inside(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        """What stands inside of CORS: who calls, how often, with which body, and whether it was done before."""
        if not self._covers(scope):
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            if self._header_limits is not None:
                self._header_limits.check(scope)
            await self._admit(scope, scope["failwell.line"].headers)
            await self.app(scope, receive, send)
            return
        last: Outgoing = scope["failwell.outgoing"]
        await self._answer(scope, receive, last if send is last else Within(send, last), scope["failwell.effects"])

    async def _answer(self, scope: Scope, receive: Receive, out: Outgoing, effects: Effects) -> None:
        turn: Recording | StoredResponse | Receive = receive
        try:
            if self._header_limits is not None:
                self._header_limits.check(scope)
            caller = None if self._auth is None else await self._admit(scope, out.headers)
            if self._bodies is not None and may_have_body(scope):
                cap = None if caller is None or self._keyed is None else self._keyed.cap(scope)
                turn = receive = await self._bodies.limited(scope, receive, cap)
            if caller is not None and self._keyed is not None:
                turn = await self._keyed.enter(scope, receive, out, caller, effects)
        except Exception as exc:  # noqa: BLE001 - it is answered, and logged there
            await self._reply(exc, scope, out)
            return
        effects.running = True
        if isinstance(turn, StoredResponse):
            self._translator.replayed(turn, scope)
            await replay(turn, out, replayed_header=self._headers.replayed)
        elif isinstance(turn, Recording):
            await self._record(scope, turn)
        else:
            await self._run(self.app, scope, turn, out)

    async def _admit(self, scope: Scope, headers: dict[str, str]) -> Caller | None:
        """The caller, within its limits and its role; None where nobody asks. *headers* are those of the reply."""
        if self._auth is None or not self._auth.needs_caller(scope):
            return None
        caller = await self._auth.caller(scope)
        scope["failwell.caller"] = caller
        if self._limiter is not None:
            verdict = await self._limiter.hit(caller)
            headers.update(verdict.headers)
            verdict.check()
        self._auth.check_role(caller, scope)
        return caller

    async def _record(self, scope: Scope, recording: Recording) -> None:
        """Run the app with its lease renewed, and settle the record whatever happens."""
        raised: Exception | None = None
        interrupted = True
        try:
            async with self.framework.beside(recording.keep_alive, after=recording.first_renewal):
                try:
                    await self._run(self.app, scope, recording.receive, recording)
                except Exception as exc:  # noqa: BLE001 - raised below, where the task group cannot wrap it
                    raised = exc
                interrupted = False
        finally:
            if not recording.settled:
                with anyio.CancelScope(shield=True):
                    await recording.close(interrupted=interrupted)
        if raised is not None:
            raise raised

    async def _run(self, app: ASGIApp, scope: Scope, receive: Receive, sink: Sink) -> None:
        """Let *app* answer; answer for it if it raises, sends a page that is not of the contract, or nothing."""
        from_app = FromApp(sink, scope)
        try:
            await app(scope, receive, from_app)
        except BaseException as exc:
            answered = to_be_answered(exc)
            if answered is None:
                raise
            await self._reply(answered, scope, sink)
            return
        error = from_app.unanswered
        if error is not None and self.framework.by_hand(scope) and await from_app.release():
            self._translator.by_hand(error, scope)
        elif (refused := from_app.kept_back) is not None:
            await self._reply(refused, scope, sink)
        elif not sink.started and not sink.complete:
            await self._reply(RuntimeError("The app returned without a reply."), scope, sink)
        elif UNDECLARED in scope:
            raise scope.pop(UNDECLARED)

    async def _reply(self, exc: Exception, scope: Scope, sink: Sink) -> None:
        """Answer *exc*; raise it again where only a cut connection says that the reply is not whole."""
        if isinstance(exc, ClientLeftError) or self.framework.left(exc):
            self._translator.disconnected(scope)
            return
        if sink.started or sink.complete:
            self._translator.broken_off(exc, scope)
            if isinstance(exc, UndeclaredError) or not sink.complete:
                raise exc
            return
        try:
            reply = self._translator.reply(exc, scope)
        except UndeclaredError as undeclared:
            exc = undeclared
            reply = self._translator.unhandled(undeclared, scope)
        try:
            await send_reply(reply, sink)
        except UnsendableError as problem:
            await send_reply(self._translator.unhandled(problem, scope), sink)
        if isinstance(exc, UndeclaredError):
            raise exc

    async def _talk(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        """Let the app talk in a websocket, if its caller may; end it in order if the app raises."""
        line = Handshake(scope, receive, send)
        line.headers[self._headers.request_id] = scope["failwell.request_id"]
        scope["failwell.line"] = line
        try:
            await self._way(scope, line.receive, line)
        except BaseException as exc:
            answered = to_be_answered(exc)
            if answered is None:
                raise
            if line.over:
                self._translator.broken_off(answered, scope)
            else:
                await line.refuse(self._translator.reply(answered, scope))
            return
        if line.declined:
            await line.refuse(self._translator.reply(DECLINED if self.framework.routed(scope) else NOWHERE, scope))


def _exposed(catalogue: Catalogue, *, limited: bool, keyed: bool) -> tuple[str, ...]:
    """The headers that a browser's script must be let read, or it knows less of an error than other clients."""
    names = [catalogue.headers.request_id, "Retry-After", catalogue.headers.side_effect]
    names += [*HEADERS] if limited else []
    names += [catalogue.headers.replayed, REPLAY_REQUEST_ID] if keyed else []
    for error in catalogue.errors:
        names += [spec.mark.name for spec in specs_of(error) if isinstance(spec.mark, Header)]
    once: dict[str, str] = {}
    for name in names:
        once.setdefault(name.lower(), name)
    return tuple(once.values())


def _under_pytest() -> bool:
    return "PYTEST_CURRENT_TEST" in os.environ or "pytest" in sys.modules
