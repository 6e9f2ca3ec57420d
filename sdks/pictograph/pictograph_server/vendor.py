"""Pictograph as a vendor that `failwell` can put in a sandbox and check."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from fastapi import FastAPI

from failwell.clock import Clock
from failwell.sandbox import DEMO_KEYS, Served, Vendor, assembled
from failwell.server import BodyLimits
from pictograph.exceptions import CATALOGUE
from pictograph_server.app import create_app
from pictograph_server.demo_content import seed
from pictograph_server.store import Store

KEYS = {**DEMO_KEYS, "broke": ("globex", "member", "enterprise")}
"""The demo keys: whose, in which role and tier. "broke" has hardly any credits left."""

CREDITS = {"acme": 1_000_000, "globex": 3}


def serve(folder: Path, clock: Clock) -> Served:
    """The reference server on *folder*, with demo content and fresh demo keys.

    Raises:
        SandboxError: the folder cannot be used, or has no room.
    """

    def build(opened: ExitStack) -> FastAPI:
        store = opened.enter_context(closing(Store(folder)))
        steady = store.steady(clock)
        seed(store, clock=steady, credits_left=CREDITS)
        return create_app(store, clock=steady)

    return assembled(
        folder,
        clock,
        CATALOGUE,
        build,
        demo=KEYS,
        header="X-API-Key",
        prefix="pk_live_",
        public=("/signed/*",),
        # The bytes of an image come as a stream, and its route has a limit of its own.
        bodies=BodyLimits(most_values=1_000_000, uploads={"/signed/*": None}),
    )


VENDOR = Vendor(
    name="pictograph",
    catalogue=CATALOGUE,
    serve=serve,
    environment={"api_key": "PICTOGRAPH_API_KEY", "base_url": "PICTOGRAPH_BASE_URL"},
    promises="pictograph.promises:PROMISES",
)
