"""Reference servers: a FastAPI app on a store, the worker of its jobs, and the dependencies of its routes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from failwell.clock import WallClock
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.extras import needs
from failwell.server.auth.callers import CurrentCaller
from failwell.server.caller import Caller
from failwell.server.jobs.supervisor import Jobs, JobsDownError
from failwell.server.refusal import Refusal, as_error

with needs("fastapi", __name__):
    from fastapi import Depends, FastAPI, Request

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Services(Generic[S, T]):
    """The parts of one running server, and the *catalogue* whose errors it raises."""

    catalogue: Catalogue
    store: S
    clock: WallClock
    settings: T
    jobs: Jobs

    def admit(self, what: str = "Jobs") -> None:
        """Let a job be accepted. Raises: the catalogue's 503, if nobody could do it."""
        try:
            self.jobs.admit()
        except JobsDownError as problem:
            message = f"{what} cannot be started at the moment: the server cannot work on them. Try again in a minute."
            refused = Refusal(503, message, headers={"retry-after": "60"})
            refused.__cause__ = problem
            raise as_error(refused, self.catalogue) from refused


async def current_services(request: Request) -> Any:
    """The `Services` of the server that answers *request*."""
    return request.app.state.services


CurrentServices = Annotated[Services[S, T], Depends(current_services)]
"""The type of a handler's argument that is given the services: `CurrentServices[Store, Settings]`."""


async def current_writer(caller: CurrentCaller, parts: CurrentServices[Any, Any]) -> Caller:
    """The caller, if the role allows changes. Raises: the catalogue's 403."""
    # A role that is not known may not write either.
    if caller.role not in {"member", "admin"}:
        message = f'This API key has the role "{caller.role}", which cannot write. Use a key of a member.'
        raise as_error(Refusal(403, message), parts.catalogue)
    return caller


CurrentWriter = Annotated[Caller, Depends(current_writer)]
"""The type of a handler's argument that is given a caller who may write."""


def reference_app(title: str, services: Services[Any, Any], unfinished: Callable[[], bool]) -> FastAPI:
    """An app without routes, which leaves rendering the errors of the contract to `install`.

    Its lifespan begins with the jobs that an earlier server left *unfinished*, and ends with the worker.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        try:
            services.jobs.watch(unfinished)
            yield
        finally:
            services.jobs.close()

    # No redirect for a missing slash: a client that sends a key or a body must not follow one.
    app = FastAPI(title=title, version="1", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None)
    app.state.services = services
    return app
