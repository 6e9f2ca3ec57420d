"""Middleware order: which of an app's middleware stands outside of the contract, and the entrance to the app."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from failwell.contract.extras import needs
from failwell.server.frameworks.entrance import ContractEntrance
from failwell.server.protocol import CUT, ASGIApp, ASGIMessage, ASGISend, Receive, Scope

with needs("starlette", __name__):
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware

ALWAYS = frozenset({"CORSMiddleware", "SessionMiddleware", "AuthenticationMiddleware"})
"""Starlette's: without CORS a browser hides every answer of the contract; the others know who calls."""


class Outside:
    """Tells the middleware of *app* that stands outside of its contract: what is always, and *more* of it.

    *more* has classes, and functions that were given to `@app.middleware("http")`.
    """

    def __init__(self, app: Starlette, more: Sequence[object]) -> None:
        self._app = app
        self._more = tuple(more)
        self._own: Callable[[], ASGIApp] = app.build_middleware_stack

    def around(self, inner: ASGIApp, between: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
        """*inner* with the middleware around it, in the app's order; *between* wraps what each of them calls."""
        for middleware in reversed(self._app.user_middleware):
            if self._has(middleware):
                cls, args, kwargs = middleware
                inner = cls(between(inner), *args, **kwargs)
        return inner

    def enter_through(self, contract: ASGIApp) -> None:
        """Let requests that reach the app without *contract* go through it."""

        def build() -> ASGIApp:
            whole = self._app.user_middleware
            inside = [middleware for middleware in whole if not self._has(middleware)]
            ends_in_order = any(_mro_has(middleware, BaseHTTPMiddleware) for middleware in whole)
            self._app.user_middleware = [*inside, Middleware(CutNoticed)] if ends_in_order else inside
            try:
                return ContractEntrance(self._own(), contract)
            finally:
                self._app.user_middleware = whole

        self._app.build_middleware_stack = build  # type: ignore[method-assign]  # of this app only
        # A stack that was built already has no way in.
        self._app.middleware_stack = None

    def _has(self, middleware: Middleware) -> bool:
        cls: Any = middleware.cls
        # By name: to import the one for sessions takes a library that not everybody has.
        above = getattr(cls, "__mro__", ())
        always = any(base.__name__ in ALWAYS and base.__module__.startswith("starlette.") for base in above)
        return always or cls in self._more or middleware.kwargs.get("dispatch") in self._more


def _mro_has(middleware: Middleware, base: type) -> bool:
    cls: Any = middleware.cls
    return isinstance(cls, type) and issubclass(cls, base)


class CutNoticed:
    """Stands inside of all middleware, and says in the scope what *app* raised in the middle of its reply.

    A `BaseHTTPMiddleware`, as `@app.middleware("http")` makes one, ends such a reply in order before it raises: a
    client takes the half for the whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        """Go on to the app."""
        started = False

        async def noticing(message: ASGIMessage) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noticing)
        except Exception as exc:
            if started:
                scope[CUT] = exc
            raise
