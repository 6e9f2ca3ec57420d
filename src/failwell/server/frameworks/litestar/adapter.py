"""Litestar, as a contract meets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from failwell.contract.extras import needs
from failwell.server.errors.framework import Framework, invalid, of_status
from failwell.server.errors.redaction import MOST_FIELD_ERRORS
from failwell.server.frameworks.entrance import ContractEntrance
from failwell.server.protocol import ASGIApp, ASGISend, Receive, Scope
from failwell.server.refusal import Refusal

with needs("litestar", __name__):
    from litestar import Litestar, Request
    from litestar.exceptions import HTTPException, SerializationException, ValidationException

    from failwell.server.frameworks.litestar.answering import field_error, raised_in_websocket, take_over, varying


class LitestarFramework(Framework):
    """The Litestar *app*. Its CORS stands outside of the contract."""

    app: Litestar

    def __init__(self, app: Litestar) -> None:
        super().__init__(app)
        handler: Any = app.asgi_handler
        self._cors = type(handler) if app.cors_config is not None and hasattr(handler, "config") else None
        self._inner: ASGIApp = handler.app if self._cors is not None else handler
        self.asgi = self._go_on

    @property
    def contract(self) -> Any:
        """The contract that the app has, or None."""
        return self.app.state.get("failwell_contract")

    @contract.setter
    def contract(self, contract: object) -> None:
        self.app.state["failwell_contract"] = contract

    def adopt(self, *, partly: bool) -> None:
        """Answer every exception, in the app's own handler for it."""
        take_over(self.app.exception_handlers, partly=partly)
        if raised_in_websocket not in self.app.after_exception:
            self.app.after_exception.append(raised_in_websocket)

    def enter_through(self, contract: ASGIApp) -> None:
        """Let requests that reach the app go through *contract*."""

        async def first(scope: Scope, receive: Receive, send: ASGISend) -> None:
            scope["failwell.in_app"] = True
            await contract(scope, receive, send)

        entrance = ContractEntrance(self._inner, contract, first)
        self.app.asgi_handler = entrance  # type: ignore[assignment]  # the same protocol

    def around(self, inner: ASGIApp, between: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
        """*inner* with the app's CORS around it."""
        if self._cors is None:
            return inner
        cors: ASGIApp = self._cors(app=between(inner), config=self.app.cors_config)

        async def outside(scope: Scope, receive: Receive, send: ASGISend) -> None:
            scope["app"] = scope["litestar_app"] = self.app
            scope.setdefault("state", {})
            await cors(scope, receive, varying(send))

        return outside

    def refusal(self, exc: Exception, *, code: str = "code") -> Refusal | None:
        """An `HTTPException` of Litestar; one that lists fields is the contract's 422."""
        if not isinstance(exc, HTTPException):
            return None
        if isinstance(exc, ValidationException) and isinstance(exc.extra, list):
            return invalid([field_error(each) for each in exc.extra[:MOST_FIELD_ERRORS]])
        if isinstance(exc.__cause__, SerializationException):
            return invalid([{"loc": ["body"], "msg": "The body is not valid JSON", "type": "json_invalid"}])
        headers = {name.lower(): value for name, value in (exc.headers or {}).items()}
        said = {"message": exc.detail, **exc.extra} if isinstance(exc.extra, dict) else exc.detail
        return of_status(exc.status_code, headers, said=said, code=code)

    def routed(self, scope: Scope) -> bool:
        """Whether a handler was found."""
        return "route_handler" in scope

    def operation(self, scope: Scope) -> str | None:
        """The `operation_id` of the handler."""
        found = getattr(scope.get("route_handler"), "operation_id", None)
        return found if isinstance(found, str) else None

    def request(self, scope: Scope) -> Any:
        """Litestar's `Request`."""
        return Request(scope)  # type: ignore[arg-type]  # the same scope

    async def _go_on(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        # The app has counted and wrapped this request already, if it came in through it.
        inside: Any = self._inner if "failwell.in_app" in scope else self.app
        await inside(scope, receive, send)
