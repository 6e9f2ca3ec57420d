"""The Scopix reference server: files, descriptions by a vision provider, and quotas that fill, on one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports

if TYPE_CHECKING:
    from scopix_server.app import create_app
    from scopix_server.engine.provider import ProviderDownError, ProviderSlowError, VisionProvider
    from scopix_server.settings import Settings
    from scopix_server.store import Store

# The process that does the jobs needs no FastAPI.
lazy_exports(
    __name__,
    {
        "app": "create_app",
        "engine.provider": "ProviderDownError ProviderSlowError VisionProvider",
        "settings": "Settings",
        "store": "Store",
    },
)

__all__ = [
    "ProviderDownError",
    "ProviderSlowError",
    "Settings",
    "Store",
    "VisionProvider",
    "create_app",
]
