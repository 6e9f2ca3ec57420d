"""The FastAPI app: it raises the contract's errors, and leaves rendering them to who wraps it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from fastapi import FastAPI

from pictograph_server.routes import ROUTERS, signed
from pictograph_server.services import Services
from pictograph_server.settings import Settings
from pictograph_server.store import Store
from pictograph_server.times import Clock
from pictograph_server.trainer import Trainer, fail_orphans

BASE_PATH = "/api/v1/developer"


def create_app(store: Store, *, clock: Clock, settings: Settings | None = None) -> FastAPI:
    """The Pictograph API over *store*.

    Calls below `BASE_PATH` need `scope["errata.caller"]`; a PUT to a signed URL lies outside, and needs none.
    Runs that a dead server left unfinished are failed here. When the app's lifespan ends, training stops.
    """
    settings = settings or Settings()
    fail_orphans(store, clock)
    trainer = Trainer(store, clock, workers=settings.training_workers)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            trainer.close()

    # No redirect for a missing slash: a client that sends a key or a body must not follow one.
    app = FastAPI(
        title="Pictograph", version="1", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None
    )
    app.state.services = Services(store=store, clock=clock, settings=settings, trainer=trainer)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE_PATH)
    app.include_router(signed.router)
    return app
