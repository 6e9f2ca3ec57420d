"""What every route needs, handed to it by FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from failwell.server import Jobs, JobsDownError
from pictograph.exceptions import ServerError
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
        """Go on with the jobs that an earlier server left unfinished, or that another one of the folder leaves."""
        self.jobs.watch(lambda: next(unfinished_jobs(self.store), None) is not None)

    def admit(self) -> None:
        """Let a job be accepted. Raises: ServerError, if nobody could do it."""
        try:
            self.jobs.admit()
        except JobsDownError as problem:
            message = "Jobs cannot be started at the moment: the server cannot work on them. Try again in a minute."
            raise ServerError(message, status_code=503) from problem


async def services(request: Request) -> Services:
    """The parts that `create_app` put together."""
    return cast("Services", request.app.state.services)


Parts = Annotated[Services, Depends(services)]
