"""The Pictograph reference server: datasets, pictures, annotations and training, for real, on one folder."""

from __future__ import annotations

from failwell.server import DataFolderError
from pictograph_server.app import create_app
from pictograph_server.credits import add_credits, credit_balance, set_credits
from pictograph_server.seed import seed
from pictograph_server.settings import Settings
from pictograph_server.store import Store

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
