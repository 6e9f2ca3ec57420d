"""Pictograph as a vendor that `errata` can put in a sandbox and check."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from errata.clock import Clock
from errata.sandbox.problems import SandboxError
from errata.sandbox.vendor import Served, Vendor
from errata.server import Idempotency, KeyStore, SqliteStore, StoreDownError, install
from pictograph.exceptions import CATALOGUE
from pictograph_server.app import create_app
from pictograph_server.folder import DataFolderError
from pictograph_server.framework_errors import as_contract_error
from pictograph_server.seed import seed
from pictograph_server.store import Store
from pictograph_server.tiers import TIERS

KEYS = {
    "member": ("acme", "member", "enterprise"),
    "admin": ("acme", "admin", "enterprise"),
    "viewer": ("acme", "viewer", "enterprise"),
    "free": ("acme", "member", "free"),
    "pro": ("acme", "member", "pro"),
    "broke": ("globex", "member", "enterprise"),
    "revoked": ("acme", "member", "enterprise"),
}
"""The demo keys: whose, in which role and tier. "broke" has hardly any credits left, "revoked" was withdrawn."""

CREDITS = {"acme": 1_000_000, "globex": 3}


def serve(folder: Path, clock: Clock) -> Served:
    """The reference server on *folder*, with demo content and fresh demo keys.

    Raises:
        SandboxError: the folder cannot be used, or has no room.
    """
    with ExitStack() as opened:
        try:
            store = opened.enter_context(closing(Store(folder)))
            seed(store, clock=clock, credits_left=CREDITS)
            keys = opened.enter_context(closing(KeyStore(folder / "keys.sqlite", clock=clock)))
            records = opened.enter_context(closing(SqliteStore(folder / "idempotency.sqlite")))
            demo = {name: keys.create(tenant, role, tier=tier) for name, (tenant, role, tier) in KEYS.items()}
            keys.revoke(demo["revoked"])
            app = create_app(store, clock=clock)
        except DataFolderError as problem:
            raise SandboxError(str(problem)) from problem
        except (OSError, sqlite3.Error, StoreDownError) as problem:
            raise SandboxError(
                f"{folder} cannot hold the server's files: {problem}. Free some space, or name another folder."
            ) from problem
        contract = install(
            app,
            CATALOGUE,
            keys=keys,
            idempotency=Idempotency(records),
            limits=TIERS,
            clock=clock,
            convert=as_contract_error,
            public=("/signed/*",),
        )
        return Served(contract, demo, opened.pop_all().close)


VENDOR = Vendor(
    name="pictograph",
    catalogue=CATALOGUE,
    serve=serve,
    environment={"api_key": "PICTOGRAPH_API_KEY", "base_url": "PICTOGRAPH_BASE_URL"},
    promises="pictograph.promises:PROMISES",
)
