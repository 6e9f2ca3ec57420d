"""What every route needs, handed to it by FastAPI."""

from __future__ import annotations

from failwell.server import CurrentServices
from pictograph_server.settings import Settings
from pictograph_server.store import Store

Parts = CurrentServices[Store, Settings]
