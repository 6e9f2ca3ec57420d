"""The FastAPI app: it raises the contract's errors, and leaves rendering them to who wraps it."""

from __future__ import annotations

import dataclasses

from fastapi import FastAPI

from failwell.clock import WallClock
from failwell.server import Jobs, reference_app
from scopix.exceptions import CATALOGUE
from scopix_server.engine.plugins import provider_of
from scopix_server.routes import ROUTERS
from scopix_server.services import Services
from scopix_server.settings import Settings
from scopix_server.store import Store
from scopix_server.work import WORK, unfinished_jobs

BASE_PATH = "/api/v2"


def create_app(store: Store, *, clock: WallClock, settings: Settings | None = None) -> FastAPI:
    """The Scopix API over *store*.

    Jobs are done by a worker process, which the first one starts; a server started on the same folder goes on.
    """
    settings = settings or Settings()
    jobs = Jobs(WORK, store.folder.path, dataclasses.asdict(settings))
    services = Services(CATALOGUE, store, clock, settings, jobs, provider_of(settings))
    app = reference_app("Scopix", services, lambda: next(unfinished_jobs(store), None) is not None)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE_PATH)
    return app
