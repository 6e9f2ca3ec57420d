"""The FastAPI app: it raises the contract's errors, and leaves rendering them to who wraps it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator

from fastapi import FastAPI

from failwell.server import Jobs
from pictograph_server.routes import ROUTERS, signed
from pictograph_server.services import Services
from pictograph_server.settings import Settings
from pictograph_server.store import Store
from pictograph_server.times import Clock
from pictograph_server.work import WORK

BASE_PATH = "/api/v1/developer"


def create_app(store: Store, *, clock: Clock, settings: Settings | None = None) -> FastAPI:
    """The Pictograph API over *store*.

    Calls below `BASE_PATH` need `scope["failwell.caller"]`; a PUT to a signed URL lies outside, and needs none.
    Jobs are done by a worker process, which the first job starts. The app's lifespan begins with the jobs that an
    earlier server left unfinished, and ends with the worker; a server started on the same folder goes on.
    """
    settings = settings or Settings()
    jobs = Jobs(WORK, store.folder.path, dataclasses.asdict(settings))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        try:
            app.state.services.take_up()
            yield
        finally:
            jobs.close()

    # No redirect for a missing slash: a client that sends a key or a body must not follow one.
    app = FastAPI(
        title="Pictograph", version="1", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None
    )
    app.state.services = Services(store=store, clock=clock, settings=settings, jobs=jobs)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE_PATH)
    app.include_router(signed.router)
    return app
