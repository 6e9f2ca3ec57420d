"""Litestar: `install(app, CATALOGUE)`, or `Litestar(plugins=[FailwellPlugin(CATALOGUE)])`."""

from __future__ import annotations

from typing import Any

from failwell.contract.extras import needs
from failwell.server.asgi import Contract, contract_around
from failwell.wire.contracts import AnyContract

with needs("litestar", __name__):
    from litestar import Litestar
    from litestar.config.app import AppConfig
    from litestar.plugins import InitPlugin

    from failwell.server.frameworks.litestar.adapter import LitestarFramework

__all__ = ["FailwellPlugin"]


class FailwellPlugin(InitPlugin):
    """Makes a Litestar app keep a contract from its start-up on; the settings are those of `install`."""

    def __init__(self, catalogue: AnyContract, **settings: Any) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._made: list[Contract] = []

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Put the contract around the app as soon as there is one."""
        app_config.on_startup.append(self._put_around)
        return app_config

    def _put_around(self, app: Litestar) -> None:
        framework = LitestarFramework(app)
        if framework.contract not in self._made:  # an app may be started again
            self._made.append(contract_around(framework, self._catalogue, **self._settings))
