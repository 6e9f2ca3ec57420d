"""Wraps an app from outside: request id, keys, limits, idempotency, and one envelope for every error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import anyio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from failwell.clock import SystemClock
from failwell.contract import Catalogue
from failwell.server.auth import Auth
from failwell.server.bodies import again, whole_body
from failwell.server.claims import Claims
from failwell.server.effects import Effects, watched
from failwell.server.handlers import take_over
from failwell.server.idempotency import Idempotency
from failwell.server.keyed import Keyed
from failwell.server.keys import Caller, Keys
from failwell.server.limits import RateLimits
from failwell.server.openapi import describe
from failwell.server.recording import Recording, replay
from failwell.server.request_id import answering, request_id_of
from failwell.server.sending import FromApp, Outgoing, Sink, send_reply
from failwell.server.store import Answer
from failwell.server.tiers import Tiers
from failwell.server.times import Clock
from failwell.server.translate import Convert, Translator
from failwell.server.undeclared import UndeclaredError


def install(
    app: Starlette,
    catalogue: Catalogue,
    *,
    keys: Keys | None = None,
    idempotency: Idempotency | None = None,
    limits: RateLimits | Mapping[str, RateLimits] | None = None,
    clock: Clock | None = None,
    strict: bool | None = None,
    convert: Convert | None = None,
    public: Sequence[str] = (),
    writers: Sequence[str] = ("member", "admin"),
    most_bytes: int | None = None,
) -> Contract:
    """Make *app* keep the contract of *catalogue*; serve what this returns.

    *keys* says who may call; *public* are patterns of paths that need no key (`"/signed/*"`), *writers* the roles that
    may use other methods than GET, HEAD and OPTIONS. *limits* are those of every key, or a mapping from the tier of a
    key to its limits, in which "" is for keys without a tier; a key of any other tier is an `UnknownTierError` in the
    log, and a 500 to its caller. A body above *most_bytes* is a 413; with such a limit every body is held in memory
    before the app gets it. *convert* maps exceptions that the catalogue does not know.
    *strict* raises `UndeclaredError` for what an operation does not declare; by default only under pytest.
    The document of a FastAPI app tells of the errors too: an `app.openapi` of its own must be set before.

    Raises:
        ValueError: *app* answers errors by itself, limits and idempotency have no keys to go by, or no tier has limits.
        TypeError: something else than `RateLimits` is given for a tier.
    """
    if keys is None and (limits is not None or idempotency is not None):
        raise ValueError(
            "Limits and idempotency are kept per API key, and no keys were given. Pass keys=KeyStore(...)."
        )
    take_over(app)
    describe(app, catalogue)
    time = clock or SystemClock()
    return Contract(
        app,
        Translator(catalogue, convert=convert, strict=_under_pytest() if strict is None else strict),
        auth=None if keys is None else Auth(keys, public=public, writers=writers, realm=catalogue.name),
        limiter=None if limits is None else Tiers(limits, time),
        keyed=None if idempotency is None else Keyed(Claims(idempotency), catalogue.headers.idempotency_key),
        most_bytes=most_bytes,
    )


class Contract:
    """The app with its contract around it. Websockets and the lifespan pass through."""

    def __init__(
        self,
        app: ASGIApp,
        translator: Translator,
        *,
        auth: Auth | None,
        limiter: Tiers | None,
        keyed: Keyed | None,
        most_bytes: int | None = None,
    ) -> None:
        self.app = app
        self._translator = translator
        self._headers = translator.catalogue.headers
        self._auth = auth
        self._limiter = limiter
        self._keyed = keyed
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            UndeclaredError: after the reply, under strict.
            Exception: what the app raised in the middle of a reply, so that the server cuts the connection.
        """
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"], self._headers.request_id.lower().encode("ascii"))
        scope["failwell.request_id"] = request_id
        scope["failwell.translator"] = self._translator
        with answering(request_id), watched() as effects:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            out = Outgoing(send, scope, request_id_header=self._headers.request_id, request_id=request_id)
            await self._answer(scope, receive, out, effects)

    async def _answer(self, scope: Scope, receive: Receive, out: Outgoing, effects: Effects) -> None:
        turn: Recording | Answer | Receive = receive
        try:
            caller = await self._admit(scope, out)
            if self._most_bytes is not None:
                # Twice as much is heard out, so that a client which sent it hears what was wrong.
                body = await whole_body(scope, receive, self._most_bytes, patience=self._most_bytes)
                turn = receive = again(body, receive)
            if caller is not None and self._keyed is not None:
                turn = await self._keyed.turn(scope, receive, out, caller, effects)
        except Exception as exc:  # noqa: BLE001 - it is answered, and logged there
            await self._reply(exc, scope, out)
            return
        if isinstance(turn, Answer):
            self._translator.replayed(turn, scope)
            await replay(turn, out, replayed_header=self._headers.replayed)
        elif isinstance(turn, Recording):
            await self._record(scope, turn)
        else:
            await self._run(scope, turn, out)

    async def _admit(self, scope: Scope, out: Outgoing) -> Caller | None:
        """The caller, within its limits and its role; None where nobody asks."""
        if self._auth is None or not self._auth.needs_key(scope):
            return None
        caller = await self._auth.caller(scope)
        scope["failwell.caller"] = caller
        if self._limiter is not None:
            verdict = self._limiter.hit(caller)
            out.headers.update(verdict.headers)
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
                    await self._run(scope, recording.receive, recording)
                except Exception as exc:  # noqa: BLE001 - raised below, where the task group cannot wrap it
                    raised = exc
                interrupted = False
                beside.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await recording.close(interrupted=interrupted)
        if raised is not None:
            raise raised

    async def _run(self, scope: Scope, receive: Receive, sink: Sink) -> None:
        """Let the app answer; answer for it if it raises, sends a page that is not of the contract, or nothing."""
        from_app = FromApp(sink)
        try:
            await self.app(scope, receive, from_app)
        except Exception as exc:  # noqa: BLE001 - it is answered, and logged there
            await self._reply(exc, scope, sink)
            return
        if from_app.kept_back is not None:
            await self._reply(from_app.kept_back, scope, sink)
        elif not sink.started and not sink.complete:
            await self._reply(RuntimeError("The app returned without a reply."), scope, sink)

    async def _reply(self, exc: Exception, scope: Scope, sink: Sink) -> None:
        """Answer *exc*; raise it again where only a cut connection says that the reply is not whole."""
        if isinstance(exc, ClientDisconnect):
            self._translator.disconnected(scope)
            return
        if sink.started or sink.complete:
            self._translator.broken_off(exc, scope)
            if not sink.complete:
                raise exc
            return
        try:
            reply = self._translator.reply(exc, scope)
        except UndeclaredError as undeclared:
            exc = undeclared
            reply = self._translator.unhandled(undeclared, scope)
        await send_reply(reply, sink)
        if isinstance(exc, UndeclaredError):
            raise exc


def _under_pytest() -> bool:
    return "PYTEST_CURRENT_TEST" in os.environ or "pytest" in sys.modules
