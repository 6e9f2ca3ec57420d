"""The FastAPI app: it raises the contract's errors, and leaves rendering them to who wraps it."""

from __future__ import annotations

import dataclasses

from fastapi import FastAPI

from failwell.clock import WallClock
from failwell.server import Jobs, Services, reference_app
from pictograph.exceptions import CATALOGUE
from pictograph_server.routes import ROUTERS, signed
from pictograph_server.settings import Settings
from pictograph_server.store import Store
from pictograph_server.work import WORK, unfinished_jobs

BASE_PATH = "/api/v1/developer"


def create_app(store: Store, *, clock: WallClock, settings: Settings | None = None) -> FastAPI:
    """The Pictograph API over *store*.

    Calls below `BASE_PATH` need `scope["failwell.caller"]`; a PUT to a signed URL lies outside, and needs none.
    Jobs are done by a worker process, which the first job starts; a server started on the same folder goes on.
    """
    settings = settings or Settings()
    jobs = Jobs(WORK, store.folder.path, dataclasses.asdict(settings))
    services = Services(CATALOGUE, store, clock, settings, jobs)
    app = reference_app("Pictograph", services, lambda: next(unfinished_jobs(store), None) is not None)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE_PATH)
    app.include_router(signed.router)
    return app
