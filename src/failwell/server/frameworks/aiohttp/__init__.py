"""aiohttp.web: `setup(app, CATALOGUE)`, or `install(app, CATALOGUE)`."""

from __future__ import annotations

from typing import Any

from failwell.contract.extras import needs
from failwell.server.asgi import Contract
from failwell.server.errors.framework import Framework, of_status
from failwell.server.http.bodies import may_have_body
from failwell.server.installation import install
from failwell.server.protocol import ASGIApp, ASGISend, Receive, Scope
from failwell.server.refusal import Refusal
from failwell.wire.contracts import AnyContract

with needs("aiohttp", __name__):
    from aiohttp import web

    from failwell.server.frameworks.aiohttp.exchange import (
        ANSWERED,
        Sending,
        closed,
        give_body,
        prepared,
        receiving,
        scope_of,
        send_on,
    )

__all__ = ["AiohttpFramework", "setup"]

KEY = web.AppKey("failwell_contract", object)


def setup(app: web.Application, catalogue: AnyContract, **settings: Any) -> Contract:
    """Put a contract around *app*; the settings are those of `failwell.server.install`."""
    return install(app, catalogue, **settings)


class AiohttpFramework(Framework):
    """The aiohttp *app*, whose first middleware the contract is."""

    app: web.Application

    def __init__(self, app: web.Application) -> None:
        super().__init__(app)
        self.asgi = self._go_on

    @property
    def contract(self) -> Any:
        """The contract that the app has, or None."""
        return self.app.get(KEY)

    @contract.setter
    def contract(self, contract: object) -> None:
        self.app[KEY] = contract

    def enter_through(self, contract: ASGIApp) -> None:
        """Make *contract* the outermost middleware; a reply that a handler sends by itself passes it, too."""

        @web.middleware
        async def through(request: web.Request, handler: Any) -> web.StreamResponse:
            scope = scope_of(request)
            scope["failwell.handler"] = handler
            sending = Sending(scope)
            before = ANSWERED.set(scope)
            try:
                await contract(scope, receiving(request), sending)
            finally:
                ANSWERED.reset(before)
            return sending.response

        self.app.middlewares.insert(0, through)
        self.app.on_response_prepare.append(prepared)

    def refusal(self, exc: Exception, *, code: str = "code") -> Refusal | None:
        """An error among the exceptions of aiohttp, with the text that its author gave it."""
        if not isinstance(exc, web.HTTPException) or exc.status < 400:
            return None
        headers = {name.lower(): value for name, value in exc.headers.items()}
        said = None if exc.text == f"{exc.status}: {exc.reason}" else exc.text
        return of_status(exc.status, headers, said=said, code=code)

    def operation(self, scope: Scope) -> str | None:
        """The name of the route."""
        found: str | None = scope["failwell.request"].match_info.route.name
        return found

    def routed(self, scope: Scope) -> bool:
        """Whether a route fits."""
        return scope["failwell.request"].match_info.http_exception is None

    def request(self, scope: Scope) -> Any:
        """Aiohttp's `Request`."""
        return scope["failwell.request"]

    async def _go_on(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        request: web.Request = scope["failwell.request"]
        if may_have_body(scope):
            await give_body(request, receive)
        scope["failwell.send"] = send
        try:
            response = await scope["failwell.handler"](request)
        except web.HTTPException as raised:
            response = raised
        except Exception as raised:
            if not await closed(raised, scope):
                raise
            response = scope["failwell.websocket"]
        if isinstance(response, web.HTTPException) and response.status >= 400:
            raise response
        if not isinstance(response, web.StreamResponse):
            raise TypeError(f"The handler returned a {type(response).__name__}. Let it return a web.Response.")
        scope["failwell.response"] = response
        await send_on(response, send)
