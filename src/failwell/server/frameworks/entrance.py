"""The entrance to an app that has a contract, for who serves the app itself."""

from __future__ import annotations

from collections.abc import Awaitable

from failwell.server.protocol import CONTRACT, ASGIApp, ASGISend, Receive, Scope


class ContractEntrance:
    """The way into an *app*: through its *contract*, also if the server was given the app itself; *way* leads there."""

    def __init__(self, app: ASGIApp, contract: ASGIApp, way: ASGIApp | None = None) -> None:
        self.app = app
        self._contract = contract
        self._way = way or contract

    def __call__(self, scope: Scope, receive: Receive, send: ASGISend) -> Awaitable[None]:
        """Go on to the app, or first through the contract."""
        if scope.get(CONTRACT) is self._contract or scope["type"] == "lifespan":
            return self.app(scope, receive, send)
        return self._way(scope, receive, send)
