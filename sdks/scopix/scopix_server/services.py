"""What every route needs, handed to it by FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from failwell import server
from scopix_server.engine.provider import VisionProvider
from scopix_server.settings import Settings
from scopix_server.store import Store


@dataclass(frozen=True)
class Services(server.Services[Store, Settings]):
    """The parts of one running server."""

    provider: VisionProvider


Parts = Annotated[Services, Depends(server.current_services)]
