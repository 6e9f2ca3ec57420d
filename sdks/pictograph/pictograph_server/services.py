"""What every route needs, handed to it by FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from failwell.server import Jobs
from pictograph_server.settings import Settings
from pictograph_server.store import Store
from pictograph_server.times import Clock
from pictograph_server.work import unfinished_jobs


@dataclass(frozen=True)
class Services:
    """The parts of one running server."""

    store: Store
    clock: Clock
    settings: Settings
    jobs: Jobs

    def take_up(self) -> None:
        """Go on with the jobs that an earlier server left unfinished."""
        if next(unfinished_jobs(self.store), None) is not None:
            self.jobs.nudge()


async def services(request: Request) -> Services:
    """The parts that `create_app` put together."""
    return cast("Services", request.app.state.services)


Parts = Annotated[Services, Depends(services)]
