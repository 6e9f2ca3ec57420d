"""Quart, as a contract meets it: the extension `Failwell(app, CATALOGUE)`, or `install(app, CATALOGUE)`."""

from __future__ import annotations

from typing import Any

from failwell.contract.extras import needs
from failwell.server.frameworks.entrance import ContractEntrance
from failwell.server.protocol import ASGIApp, ASGISend, Receive, Scope

with needs("quart", __name__):
    from quart import Quart, has_request_context, has_websocket_context, request, websocket

    from failwell.server.frameworks.werkzeug import WerkzeugFramework


class QuartFramework(WerkzeugFramework):
    """The Quart *app*."""

    app: Quart

    def __init__(self, app: Quart) -> None:
        super().__init__(app)
        self._own: Any = app.asgi_app
        self.asgi = self._go_on

    def enter_through(self, contract: ASGIApp) -> None:
        """Let requests that reach the app go through *contract*, as Quart's own documentation wraps middleware."""
        entrance: Any = ContractEntrance(self._own, contract)
        self.app.asgi_app = entrance  # type: ignore[method-assign]  # as Quart's documentation does

        async def named(response: Any) -> Any:  # a plain function would be called in a thread
            return self.named(response)

        self.app.after_request(named)

    def current_request(self) -> Any:
        """Quart's request, or its websocket."""
        return request if has_request_context() else websocket

    def scope(self) -> Scope | None:
        """The scope that Quart's request, or its websocket, was made of."""
        asked: Any = request if has_request_context() else websocket if has_websocket_context() else None
        found: Any = None if asked is None else asked.scope
        return found  # type: ignore[no-any-return]  # a dict, whatever Quart calls it

    def routed(self, scope: Scope) -> bool:
        """Whether a view was found; of a websocket Quart raises where there is none."""
        return scope["type"] == "websocket" or super().routed(scope)

    async def _go_on(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        await self._own(scope, receive, send)
