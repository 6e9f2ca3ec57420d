"""The FastAPI app: it raises the contract's errors, and leaves rendering them to who wraps it."""

from __future__ import annotations

import dataclasses

from fastapi import FastAPI

from failwell.clock import WallClock
from failwell.server import Jobs, reference_app
from subconscious.exceptions import CATALOGUE
from subconscious_server.engine import engine_of
from subconscious_server.routes import Services, router
from subconscious_server.runs import unfinished_runs
from subconscious_server.settings import Settings
from subconscious_server.store import Store
from subconscious_server.work import WORK


def create_app(store: Store, *, clock: WallClock, settings: Settings | None = None) -> FastAPI:
    """The Subconscious API over *store*.

    Runs are done by a worker process, which the first one starts; a server started on the same folder goes on.
    """
    settings = settings or Settings()
    jobs = Jobs(WORK, store.folder.path, dataclasses.asdict(settings))
    services = Services(CATALOGUE, store, clock, settings, jobs, engine_of(settings))
    app = reference_app("Subconscious", services, lambda: bool(unfinished_runs(store)))
    app.include_router(router)
    return app
