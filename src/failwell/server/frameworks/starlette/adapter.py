"""Starlette and FastAPI, as a contract meets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from failwell.contract import Catalogue
from failwell.contract.extras import needs
from failwell.server.errors.framework import Framework, invalid, of_status
from failwell.server.errors.redaction import MOST_FIELD_ERRORS, redacted_field_error
from failwell.server.protocol import ASGIApp, Scope
from failwell.server.refusal import Refusal

with needs("starlette", __name__):
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect, HTTPConnection, Request
    from starlette.websockets import WebSocketDisconnect

    from failwell.server.frameworks.starlette.allowed_methods import methods_of
    from failwell.server.frameworks.starlette.handlers import Adopted
    from failwell.server.frameworks.starlette.loaded import of_fastapi
    from failwell.server.frameworks.starlette.middleware_order import Outside
    from failwell.server.frameworks.starlette.openapi import describe

UNPARSED = "There was an error parsing the body"
"""FastAPI's words for a body that its JSON decoder gave up on: nested too deep, a number of 5,000 digits."""


class StarletteFramework(Framework):
    """The Starlette or FastAPI *app*, and all that is mounted in it."""

    app: Starlette

    def __init__(self, app: Starlette) -> None:
        super().__init__(app)
        self._outside = Outside(app, ())
        self._adopted: Adopted | None = None

    def adopt(self, *, partly: bool) -> None:
        """Let the contract answer for the app and those inside of it, also those that are mounted later."""
        if self._adopted is None:
            self._adopted = Adopted(self.app, partly=partly)
        self._adopted.take_over()

    def changed(self) -> bool:
        """Whether a route was added since."""
        return self._adopted is not None and self._adopted.changed()

    def enter_through(self, contract: ASGIApp) -> None:
        """Let requests that reach the app without *contract* go through it."""
        self._outside.enter_through(contract)

    def outside(self, more: Sequence[object]) -> None:
        """Classes of middleware, and functions that were given to `@app.middleware("http")`."""
        self._outside = Outside(self.app, more)

    def around(self, inner: ASGIApp, between: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
        """*inner* with CORS, sessions, authentication and what else stands outside around it."""
        return self._outside.around(inner, between)

    def refusal(self, exc: Exception, *, code: str = "code") -> Refusal | None:
        """An `HTTPException` of both frameworks, a `RequestValidationError` of FastAPI."""
        return refusal(exc, code=code)

    def left(self, exc: Exception) -> bool:
        """Starlette says it in one way for requests, in another for websockets."""
        return isinstance(exc, ClientDisconnect | WebSocketDisconnect)

    def routed(self, scope: Scope) -> bool:
        """Whether the route takes the method too; one with a class as its endpoint takes any."""
        route = scope.get("route")
        methods = getattr(route, "methods", None)
        return hasattr(route, "endpoint") if methods is None else scope.get("method") in methods

    def operation(self, scope: Scope) -> str | None:
        """The `operation_id` of the route that answers."""
        operation: str | None = getattr(scope.get("route"), "operation_id", None) if self.routed(scope) else None
        return operation

    def methods(self, scope: Scope) -> list[str]:
        """The methods of all routes at the address: Starlette names those of the first."""
        return methods_of(self.app, {**scope, "root_path": scope["failwell.root_path"], "path_params": {}})

    def root_path(self, scope: Scope) -> str:
        """FastAPI's own setting, or what the server says."""
        # As both do it: what they route, and what is decided here, must be the same path.
        found: str = getattr(self.app, "root_path", "") or scope.get("root_path", "")
        return found

    def request(self, scope: Scope) -> HTTPConnection:
        """Starlette's `Request`; of a websocket its `HTTPConnection`."""
        return Request(scope) if scope["type"] == "http" else HTTPConnection(scope)

    def describe(self, catalogue: Catalogue) -> None:
        """In the OpenAPI document of FastAPI apps."""
        describe(self.app, catalogue)


def refusal(exc: Exception, *, code: str = "code") -> Refusal | None:
    """What the framework means by *exc*, or None if it is not one of its own; *code* is what the envelope calls it."""
    problem: Any = exc
    if isinstance(problem, of_fastapi("exceptions", "RequestValidationError")):
        return invalid([redacted_field_error(each) for each in problem.errors()[:MOST_FIELD_ERRORS]])
    if isinstance(exc, HTTPException):
        if exc.detail == UNPARSED and exc.__cause__ is not None:
            return invalid([{"loc": ["body"], "msg": "The body cannot be read as JSON", "type": "json_invalid"}])
        headers = {name.lower(): value for name, value in (exc.headers or {}).items()}
        return of_status(exc.status_code, headers, said=exc.detail, code=code)
    return None
