"""The Pictograph reference server: datasets, pictures, annotations and training, for real, on one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports
from failwell.server import DataFolderError

if TYPE_CHECKING:
    from pictograph_server.app import create_app
    from pictograph_server.credits import add_credits, credit_balance, set_credits
    from pictograph_server.demo_content import seed
    from pictograph_server.settings import Settings
    from pictograph_server.store import Store

# The process that does the jobs needs no FastAPI.
lazy_exports(
    __name__,
    {
        "app": "create_app",
        "credits": "add_credits credit_balance set_credits",
        "demo_content": "seed",
        "settings": "Settings",
        "store": "Store",
    },
)

__all__ = [
    "DataFolderError",
    "Settings",
    "Store",
    "add_credits",
    "create_app",
    "credit_balance",
    "seed",
    "set_credits",
]
