"""The FastAPI app: it raises the contract's errors, and leaves rendering them to who wraps it."""

from __future__ import annotations

import dataclasses

from fastapi import FastAPI

from failwell.clock import WallClock
from failwell.server import Jobs, reference_app
from vectorshift.exceptions import CATALOGUE
from vectorshift_server.routes import ROUTERS
from vectorshift_server.routes.files import signed
from vectorshift_server.services import Services
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store
from vectorshift_server.work import WORK, unfinished_jobs

BASE_PATH = "/v1"


def create_app(store: Store, *, clock: WallClock, settings: Settings | None = None) -> FastAPI:
    """The VectorShift API over *store*.

    Jobs are done by a worker process, which the first one starts; a server started on the same folder goes on.
    """
    settings = settings or Settings()
    jobs = Jobs(WORK, store.folder.path, dataclasses.asdict(settings))
    services = Services(CATALOGUE, store, clock, settings, jobs)
    app = reference_app("VectorShift", services, lambda: next(unfinished_jobs(store), None) is not None)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE_PATH)
    app.include_router(signed)
    return app
