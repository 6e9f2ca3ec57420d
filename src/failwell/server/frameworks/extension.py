"""The extension for Flask and Quart."""

from __future__ import annotations

from typing import Any

from failwell.server.asgi import Contract
from failwell.server.installation import install
from failwell.wire.contracts import AnyContract


class Failwell:
    """A contract around a Flask or Quart app, as an extension: `Failwell(app, CATALOGUE)`, or later with `init_app`.

    The settings are those of `install`.
    """

    contract: Contract
    """The contract of the app that came last."""

    def __init__(self, app: Any = None, catalogue: AnyContract | None = None, **settings: Any) -> None:
        if app is not None or catalogue is not None or settings:
            if catalogue is None:
                raise TypeError("Failwell() was given no contract. Give both, Failwell(app, CATALOGUE), or none.")
            self.init_app(app, catalogue, **settings)

    def init_app(self, app: Any, catalogue: AnyContract, **settings: Any) -> None:
        """Put the contract around *app*."""
        self.contract = install(app, catalogue, **settings)
        app.extensions["failwell"] = self
