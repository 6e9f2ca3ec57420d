"""What the process behind a load balancer needs: health and readiness, draining, load shedding, an access log, counts.

It stands before everything else of the contract. Each part is off, or costs nothing, until it is asked for.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import os
import random
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from typing import Any

from anyio import fail_after

from failwell.clock import ServerClock, SystemClock
from failwell.server.errors.error_counts import as_text
from failwell.server.errors.translate import Translator
from failwell.server.http.paths import path_of
from failwell.server.http.request_id import request_id_of
from failwell.server.http.responses import Outgoing, names_of, send_reply
from failwell.server.http.shedding import Shedding, retry_after
from failwell.server.protocol import ASGIApp, ASGIMessage, ASGISend, Receive, Scope
from failwell.server.refusal import Refusal
from failwell.server.side_effects import Effects
from failwell.server.storage.errors import StoreDownError
from failwell.server.storage.threads import Threads
from failwell.wire import Reply

SERVED = "failwell.served"
"""Where a scope has the services that it has come through."""

LOOK_AGAIN = 1.0
"""Seconds for which what a check found is told again: the probes of ten balancers must not be load of their own."""

BUSY = "The server has as much to do as it can. Try again after the time in Retry-After."

logger = logging.getLogger("failwell.server")
access_logger = logging.getLogger("failwell.access")


class Service:
    """One process that serves an app, as its operator sees it; give it to `install(..., service=...)`.

    *health* is the path at which it says that it lives, *ready* the one at which it says whether it is to be sent
    requests: not while it drains, nor while one of *checks* raises, or gives no answer within *patience* seconds. They
    are functions without arguments by the name that is told, blocking or `async`. *metrics* is a path for the counts of
    errors in the text format of Prometheus; without one nobody is told. None of them asks for a key, so let the
    balancer keep *metrics* inside.

    *at_once* is how many requests may be at work at the same time, from their arrival until the answer begins; more are
    refused with 503 before any work is done, each with a Retry-After of its own. *access_log* writes a line of the
    logger `failwell.access` for each request: never a query, a header or a body.
    """

    def __init__(
        self,
        *,
        health: str = "/healthz",
        ready: str = "/readyz",
        metrics: str = "",
        checks: Mapping[str, Callable[[], object]] | None = None,
        patience: float = 2.0,
        at_once: int | None = None,
        access_log: bool = False,
        clock: ServerClock | None = None,
    ) -> None:
        own = {health: self._health, ready: self._ready, metrics: self._metrics}
        self._own = {path: answer for path, answer in own.items() if path}
        self._ends = tuple(self._own)
        self._checks = dict(checks or {})
        self._patience = patience
        self._clock = clock or SystemClock()
        self._shedding = None if at_once is None else Shedding(at_once, random.random)
        self._access_log = access_log
        self._threads = Threads()
        self._draining = False
        self._failed: tuple[str, ...] = ()
        self._looked = float("-inf")

    @property
    def draining(self) -> bool:
        """Whether the process is about to end."""
        return self._draining

    def drain(self) -> None:
        """Say at *ready* that no more requests are wanted. Those that come all the same are still answered.

        Each answer ends its connection, so that clients who keep theirs open move to another host.
        """
        self._draining = True

    def drain_on(self, number: signal.Signals = signal.SIGTERM, *, grace: float = 5.0) -> None:
        """Drain when the process is told to end, and let it end *grace* seconds later, as it would have at once.

        That is the time in which load balancers look at *ready* and send their requests elsewhere. Call it when the
        server has set up its own handling of signals: in the app's lifespan. A second signal is not held back.

        Raises:
            ValueError: another thread than the main one calls it, which may not handle signals.
        """
        before = signal.getsignal(number)

        def begin(*_: object) -> None:
            logger.info("Told to end by %s: draining for %g s.", number.name, grace)
            self.drain()
            signal.signal(number, before)
            timer = threading.Timer(grace, os.kill, (os.getpid(), number))
            timer.daemon = True
            timer.start()

        signal.signal(number, begin)

    async def answer(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: ASGISend, *, translator: Translator
    ) -> None:
        """Answer one request, or let *app* do it, which has the contract of *translator*."""
        scope[SERVED] = (*scope.get(SERVED, ()), self)
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if scope["method"] in {"GET", "HEAD"} and scope["path"].endswith(self._ends):
            own = self._own.get(path_of(scope, translator.framework))
            if own is not None:
                await self._send(await own(translator), translator, scope, send)
                return
        seen = _Seen(send, last=self._draining and scope.get("http_version") == "1.1")
        begun = self._clock.now()
        try:
            with self._turn(begun, seen) as wait:
                if wait is None:
                    await app(scope, receive, seen)
                else:
                    refused = Refusal(503, BUSY, headers={"retry-after": retry_after(wait)})
                    await self._send(refused, translator, scope, seen)
        finally:
            if self._access_log:
                self._note(scope, seen, self._clock.now() - begun)

    @contextlib.contextmanager
    def _turn(self, begun: float, seen: _Seen) -> Generator[float | None]:
        """The block is at work, unless it is given the seconds after which it may be."""
        shedding = self._shedding
        wait = None if shedding is None else shedding.enter(begun)
        if shedding is None or wait is not None:
            yield wait
            return
        # A stream that goes on for an hour is at work until it begins.
        seen.on_start = lambda: shedding.leave(begun, self._clock.now())
        try:
            yield None
        finally:
            seen.start()

    async def _send(self, said: Reply | Refusal, translator: Translator, scope: Scope, send: ASGISend) -> None:
        names = names_of(translator.catalogue)
        request_id = scope["failwell.request_id"] = request_id_of(scope["headers"], names.request_id)
        reply = translator.refused(said, scope) if isinstance(said, Refusal) else said
        # Whatever is refused here, no handler has had it: nothing was done.
        await send_reply(reply, Outgoing(send, scope, names, request_id, Effects()))

    async def _health(self, _: Translator) -> Reply | Refusal:
        return _json({"status": "ok"})

    async def _ready(self, _: Translator) -> Reply | Refusal:
        if self._draining:
            return Refusal(503, "This host is about to end. Ask another.", headers={"retry-after": "1"})
        if self._clock.now() >= self._looked + LOOK_AGAIN:
            self._looked = self._clock.now()
            failed = tuple([name for name, check in self._checks.items() if not await self._holds(name, check)])
            if self._failed and not failed:
                logger.warning("This host is ready again.")
            self._failed = failed
        if self._failed:
            message = f"This host is not ready: {', '.join(self._failed)}. Ask another."
            return Refusal(503, message, headers={"retry-after": "1"})
        return _json({"status": "ok"})

    async def _metrics(self, translator: Translator) -> Reply | Refusal:
        text = as_text(translator.errors, translator.catalogue.name)
        return Reply(200, {"content-type": "text/plain; version=0.0.4; charset=utf-8"}, text.encode())

    async def _holds(self, name: str, check: Callable[[], object]) -> bool:
        try:
            if inspect.iscoroutinefunction(check):
                with fail_after(self._patience):
                    await check()
            else:
                await self._threads.run(check, patience=self._patience)
        except Exception as problem:
            if name not in self._failed:
                level = logging.ERROR if isinstance(problem, StoreDownError) else logging.WARNING
                logger.log(level, "This host is not ready: %s does not hold. %s", name, problem, exc_info=problem)
            return False
        return True

    def _note(self, scope: Scope, seen: _Seen, seconds: float) -> None:
        caller = scope.get("failwell.caller")
        facts: dict[str, Any] = {
            "request_id": scope.get("failwell.request_id"),
            "method": scope["method"],
            "path": scope["path"],
            "status": seen.status,
            "duration": seconds,
            "sent": seen.sent,
            "tenant": getattr(caller, "tenant", None),
            "key_id": getattr(caller, "key_id", None),
            "error": scope.get("failwell.error"),
        }
        # The path is quoted: a line break in it must not begin a log line of its own.
        how = (seen.status or "-", "" if seen.whole else " broken off")
        said = (scope["method"], scope["path"], *how, 1000 * seconds, facts["error"] or "-", facts["request_id"])
        access_logger.info("%s %r: %s%s in %.1f ms, %s (request %s)", *said, extra=facts)


class _Seen:
    """Passes a reply on to *send*; what was seen of it. The *last* of its connection says so."""

    __slots__ = ("_last", "_send", "on_start", "sent", "status", "whole")

    def __init__(self, send: ASGISend, *, last: bool) -> None:
        self._send = send
        self._last = last
        self.on_start: Callable[[], None] | None = None
        self.status: int | None = None
        self.sent = 0
        self.whole = False

    def start(self) -> None:
        """Say that the reply begins, or that there is none; once."""
        on_start, self.on_start = self.on_start, None
        if on_start is not None:
            on_start()

    async def __call__(self, message: ASGIMessage) -> None:
        """Pass *message* on."""
        if message["type"] == "http.response.start":
            self.start()
            self.status = message["status"]
            if self._last:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await self._send(message)
        if message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)


def _json(content: object) -> Reply:
    return Reply(200, {"content-type": "application/json", "cache-control": "no-store"}, json.dumps(content).encode())
