"""ASGI middleware of the contract: request id, keys, limits, idempotency, and one envelope for every error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property

import anyio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from failwell.clock import ServerClock, SystemClock
from failwell.contract import Catalogue, Header
from failwell.contract.declaration import specs_of
from failwell.server.auth.auth import Auth, ByFunction, ByKey, FindCaller
from failwell.server.auth.keys import Keys
from failwell.server.caller import Caller
from failwell.server.errors.handlers import Adopted
from failwell.server.errors.openapi import describe
from failwell.server.errors.translate import Convert, Translator
from failwell.server.errors.undeclared import UndeclaredError
from failwell.server.errors.unwrapping import to_be_answered
from failwell.server.http.bodies import DEFAULT, BodyLimits, limited, may_have_body
from failwell.server.http.paths import Paths
from failwell.server.http.request_id import Answering, request_id_of
from failwell.server.http.responses import FromApp, Outgoing, Sink, UnsendableError, Within, send_reply
from failwell.server.http.websocket_handshake import Handshake
from failwell.server.idempotency.claims import Claims
from failwell.server.idempotency.gate import IdempotencyGate
from failwell.server.idempotency.policy import Idempotency
from failwell.server.idempotency.recording import REPLAY_REQUEST_ID, Recording, replay
from failwell.server.idempotency.store import Store
from failwell.server.limits.rate_limits import HEADERS, RateLimits
from failwell.server.limits.tiers import Tiers
from failwell.server.middleware_order import CONTRACT, Outside
from failwell.server.side_effects import Effects
from failwell.server.stored_response import StoredResponse
from failwell.wire.contracts import AnyContract, catalogue_from


def install(
    app: Starlette,
    catalogue: AnyContract,
    *,
    keys: Keys | None = None,
    caller: FindCaller | None = None,
    idempotency: Idempotency | Store | None = None,
    limits: RateLimits | Mapping[str, RateLimits] | None = None,
    clock: ServerClock | None = None,
    strict: bool | None = None,
    convert: Convert | None = None,
    public: Sequence[str] = (),
    writers: Sequence[str] = ("member", "admin"),
    bodies: BodyLimits | None = DEFAULT,
    paths: Sequence[str] | None = None,
    outside: Sequence[object] = (),
) -> Contract:
    """Make *app* keep the contract of *catalogue*; serve what this returns, or *app* itself: it is the same.

    Where there is no catalogue yet, a class of errors is enough, a module of them, or a tuple.

    *keys* says who may call, or *caller* does, a function of the request, where the app knows that by itself. *public*
    are patterns of paths for which nobody is asked (`"/signed/*"`), *writers* the roles that may use other methods than
    GET, HEAD and OPTIONS, and open websockets. *idempotency* is a store for answers by key, or rules that have one.
    *limits* are those of every caller, or a mapping from the tier of a caller to its limits, in which "" is for those
    without a tier; a caller of any other tier is an `UnknownTierError` in the log, and gets a 500. *bodies* are the
    limits of what is sent; None for none. *convert* maps exceptions that the catalogue does not know.
    *strict* raises `UndeclaredError` for what an operation does not declare; by default only under pytest.

    *paths* are patterns of the paths that the contract covers (`"/v2/*"`); by default all. Other requests, and the
    handlers of the app for their errors, stay as they are. CORS, sessions and authentication of the app stand outside
    of the contract; *outside* has more of its middleware that shall: classes, or functions.
    The document of a FastAPI app tells of the errors too: an `app.openapi` of its own must be set before.

    Raises:
        ValueError: *app* has a contract already, or answers errors by itself; limits and idempotency have no callers to
            go by, or two ways to know them; a path cannot fit, or no tier has limits.
        TypeError: *app* is no app, *caller* takes something else than the request, or something else than `RateLimits`
            is given for a tier.
    """
    if isinstance(app, Contract) or vars(app).get(_INSTALLED) is not None:
        raise ValueError(
            f"The app has a contract already, that of {_contract_of(app).catalogue.name!r}. Call install() once, and "
            "serve what it returns or the app itself."
        )
    if not isinstance(app, Starlette):
        raise TypeError(f"install() needs a Starlette or FastAPI app, this is a {type(app).__name__}.")
    if keys is not None and caller is not None:
        raise ValueError("Both keys= and caller= say who calls. Give one of them.")
    if keys is None and caller is None and (limits is not None or idempotency is not None):
        raise ValueError(
            "Limits and idempotency are kept per caller, and no keys were given. Pass keys=KeyStore(...), or "
            "caller=... if the app knows its callers by itself."
        )
    catalogue = catalogue_from(catalogue)
    if idempotency is not None and not isinstance(idempotency, Idempotency):
        idempotency = Idempotency(idempotency)
    open_to_all = Paths(public, app, argument="public")
    auth: Auth | None = None
    if keys is not None:
        auth = ByKey(keys, public=open_to_all, writers=writers, realm=catalogue.name)
    elif caller is not None:
        auth = ByFunction(caller, public=open_to_all, writers=writers)
    time = clock or SystemClock()
    contract = Contract(
        app,
        Translator(catalogue, app, convert=convert, strict=_under_pytest() if strict is None else strict),
        auth=auth,
        limiter=None if limits is None else Tiers(limits, time),
        keyed=None if idempotency is None else IdempotencyGate(Claims(idempotency), catalogue.headers.idempotency_key),
        bodies=None if bodies is None else Bodies(bodies, app),
        paths=None if paths is None else Paths(paths, app, argument="paths", whole=True),
        outside=Outside(app, outside),
    )
    describe(app, catalogue)
    setattr(app, _INSTALLED, contract)
    return contract


_INSTALLED = "_failwell_contract"


def _contract_of(app: object) -> Contract:
    found: Contract = app if isinstance(app, Contract) else vars(app)[_INSTALLED]
    return found


class Bodies:
    """What the bodies of requests to *app* may be."""

    def __init__(self, limits: BodyLimits, app: Starlette) -> None:
        self._limits = limits
        self._uploads = Paths(limits.uploads, app, argument="uploads")

    async def limited(self, scope: Scope, receive: Receive, cap: int | None) -> Receive:
        """A *receive* that keeps within the limits; *cap* is that of a body with an idempotency key.

        Raises:
            Refusal: the body is above a limit.
        """
        return await limited(scope, receive, self._limits, self._uploads.first(scope), cap=cap)


class Contract:
    """ASGI app with its error contract around it. The lifespan passes through."""

    def __init__(
        self,
        app: Starlette,
        translator: Translator,
        *,
        auth: Auth | None,
        limiter: Tiers | None,
        keyed: IdempotencyGate | None,
        bodies: Bodies | None,
        paths: Paths | None,
        outside: Outside,
    ) -> None:
        self.app: ASGIApp = app
        self._translator = translator
        self._headers = translator.catalogue.headers
        self._id_header = self._headers.request_id.lower().encode("ascii")
        self._auth = auth
        self._limiter = limiter
        self._keyed = keyed
        self._bodies = bodies
        self._paths = paths
        self._outside = outside
        self._exposed = _exposed(translator.catalogue, limited=limiter is not None, keyed=keyed is not None)
        self._adopted = Adopted(app, partly=paths is not None)
        self._adopted.take_over()
        self._inner: ASGIApp = self._inside
        outside.enter_through(self)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue whose contract this is."""
        return self._translator.catalogue

    @property
    def undeclared(self) -> Mapping[tuple[str, str], int]:
        """How often which operation raised which class that its `operations=` forgot: by operation and class name."""
        return self._translator.undeclared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            UndeclaredError: after the reply, under strict.
            Exception: what the app raised in the middle of a reply, so that the server cuts the connection.
        """
        if scope["type"] == "lifespan":
            self._adopted.take_over()
            await self.app(scope, receive, send)
            return
        if self._adopted.changed():
            self._adopt()
        scope[CONTRACT] = self
        if self._paths is not None and self._paths.first(scope) is None:
            await self._way(scope, receive, send)
            return
        request_id = scope.get("failwell.request_id")
        if not isinstance(request_id, str):  # it has one if the app is mounted in another with a contract
            request_id = request_id_of(scope["headers"], self._id_header)
        scope["failwell.request_id"] = request_id
        scope["failwell.translator"] = self._translator
        scope["failwell.root_path"] = scope.get("root_path", "")  # as it came: routes change it on the way
        with Answering(request_id), Effects() as effects:
            if scope["type"] != "http":
                await self._talk(scope, receive, send)
                return
            scope["failwell.effects"] = effects
            out = Outgoing(send, scope, request_id_header=self._id_header, request_id=request_id, exposed=self._exposed)
            scope["failwell.outgoing"] = out
            if self._way is self._inner:
                await self._answer(scope, receive, out, effects)
            else:
                await self._run(self._way, scope, receive, out)

    @cached_property
    def _way(self) -> ASGIApp:
        """The way to the app, through its middleware that stands outside of the contract."""
        return self._outside.around(self._inner, self._answered)

    def _answered(self, inner: ASGIApp) -> ASGIApp:
        """*inner*, whose errors are answered before the middleware around it hears of them."""

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
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
            self._adopted.take_over()
        except ValueError as problem:
            self._translator.misplaced(problem)

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What stands inside of CORS: who calls, how often, with which body, and whether it was done before."""
        if not self._covers(scope):
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._admit(scope, scope["failwell.line"].headers)
            await self.app(scope, receive, send)
            return
        last: Outgoing = scope["failwell.outgoing"]
        await self._answer(scope, receive, last if send is last else Within(send, last), scope["failwell.effects"])

    async def _answer(self, scope: Scope, receive: Receive, out: Outgoing, effects: Effects) -> None:
        turn: Recording | StoredResponse | Receive = receive
        try:
            caller = None if self._auth is None else await self._admit(scope, out.headers)
            if self._bodies is not None and may_have_body(scope):
                cap = None if caller is None or self._keyed is None else self._keyed.cap(scope)
                turn = receive = await self._bodies.limited(scope, receive, cap)
            if caller is not None and self._keyed is not None:
                turn = await self._keyed.enter(scope, receive, out, caller, effects)
        except Exception as exc:  # noqa: BLE001 - it is answered, and logged there
            await self._reply(exc, scope, out)
            return
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
            verdict = self._limiter.hit(caller)
            headers.update(verdict.headers)
            verdict.check()
        self._auth.check_role(caller, scope)
        return caller

    async def _record(self, scope: Scope, recording: Recording) -> None:
        """Run the app with its lease renewed, and settle the record whatever happens."""
        raised: Exception | None = None
        interrupted = True
        try:
            async with anyio.create_task_group() as beside:
                beside.start_soon(recording.keep_alive)
                try:
                    await self._run(self.app, scope, recording.receive, recording)
                except Exception as exc:  # noqa: BLE001 - raised below, where the task group cannot wrap it
                    raised = exc
                interrupted = False
                beside.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await recording.close(interrupted=interrupted)
        if raised is not None:
            raise raised

    async def _run(self, app: ASGIApp, scope: Scope, receive: Receive, sink: Sink) -> None:
        """Let *app* answer; answer for it if it raises, sends a page that is not of the contract, or nothing."""
        from_app = FromApp(sink)
        try:
            await app(scope, receive, from_app)
        except BaseException as exc:
            answered = to_be_answered(exc)
            if answered is None:
                raise
            await self._reply(answered, scope, sink)
            return
        if (refused := from_app.kept_back) is not None:
            await self._reply(refused, scope, sink)
        elif not sink.started and not sink.complete:
            await self._reply(RuntimeError("The app returned without a reply."), scope, sink)

    async def _reply(self, exc: Exception, scope: Scope, sink: Sink) -> None:
        """Answer *exc*; raise it again where only a cut connection says that the reply is not whole."""
        if isinstance(exc, ClientDisconnect):
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

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
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


def _exposed(catalogue: Catalogue, *, limited: bool, keyed: bool) -> tuple[str, ...]:
    """The headers that a browser's script must be let read, or it knows less of an error than other clients."""
    names = [catalogue.headers.request_id, "Retry-After"]
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
