"""Flask, as a contract meets it: the extension `Failwell(app, CATALOGUE)`, or `install(app, CATALOGUE)`."""

from __future__ import annotations

from typing import Any

from failwell.contract.extras import needs
from failwell.server.frameworks.blocking import BlockingFramework
from failwell.server.frameworks.wsgi import Wsgi
from failwell.server.protocol import ASGIApp, Scope

with needs("flask", __name__):
    from flask import Flask, has_request_context, request

    from failwell.server.frameworks.werkzeug import WerkzeugFramework


class FlaskFramework(BlockingFramework, WerkzeugFramework):
    """The Flask *app*."""

    app: Flask

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._wsgi = Wsgi(app.wsgi_app)
        self.asgi = self._wsgi.asgi

    def enter_through(self, contract: ASGIApp) -> None:
        """Let requests that reach the app go through *contract*, as Flask's own documentation wraps middleware."""
        through: Any = self._wsgi.through(contract)
        self.app.wsgi_app = through  # type: ignore[method-assign]  # as Flask's documentation does
        self.app.after_request(self.named)

    def current_request(self) -> Any:
        """Flask's request."""
        return request

    def scope(self) -> Scope | None:
        """The scope that was made of Flask's request."""
        found: Scope | None = request.environ.get("failwell.scope") if has_request_context() else None
        return found
