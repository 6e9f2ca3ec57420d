"""What every route needs, handed to it by FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from pictograph_server.settings import Settings
from pictograph_server.store import Store
from pictograph_server.times import Clock
from pictograph_server.trainer import Trainer


@dataclass(frozen=True)
class Services:
    """The parts of one running server."""

    store: Store
    clock: Clock
    settings: Settings
    trainer: Trainer


async def services(request: Request) -> Services:
    """The parts that `create_app` put together."""
    return cast("Services", request.app.state.services)


Parts = Annotated[Services, Depends(services)]
