"""The FastAPI app: it raises the contract's errors, and leaves rendering them to who wraps it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator

from fastapi import FastAPI

from failwell.clock import ServerClock
from failwell.server import Jobs
from subconscious_server.engine import engine_of
from subconscious_server.routes import Services, router
from subconscious_server.runs import unfinished_runs
from subconscious_server.settings import Settings
from subconscious_server.store import Store
from subconscious_server.work import WORK


def create_app(store: Store, *, clock: ServerClock, settings: Settings | None = None) -> FastAPI:
    """The Subconscious API over *store*.

    Runs are done by a worker process, which the first one starts. The app's lifespan begins with the runs that an
    earlier server left unfinished, and ends with the worker; a server started on the same folder goes on.
    """
    settings = settings or Settings()
    jobs = Jobs(WORK, store.folder.path, dataclasses.asdict(settings))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        try:
            jobs.watch(lambda: bool(unfinished_runs(store)))
            yield
        finally:
            jobs.close()

    # No redirect for a missing slash: a client that sends a key or a body must not follow one.
    app = FastAPI(
        title="Subconscious", version="1", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None
    )
    app.state.services = Services(store, clock, settings, engine_of(settings), jobs)
    app.include_router(router)
    return app
