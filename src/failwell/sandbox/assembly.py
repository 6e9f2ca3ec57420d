"""What every reference server is put together from: its app, demo keys, kept answers, and the contract around it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from starlette.applications import Starlette

from failwell.clock import Clock
from failwell.contract.catalogue import Catalogue
from failwell.sandbox.errors import SandboxError
from failwell.sandbox.vendor import Served
from failwell.server import BodyLimits, Idempotency, KeyStore, RateLimits, SqliteStore, StoreDownError, install
from failwell.server.errors.translate import Convert
from failwell.server.storage.data_folder import DataFolderError

REVOKED = "revoked"
"""The demo key of this name is withdrawn as soon as it is made."""


def assembled(
    folder: Path,
    clock: Clock,
    catalogue: Catalogue,
    build: Callable[[ExitStack], Starlette],
    *,
    demo: Mapping[str, tuple[str, str, str]],
    limits: Mapping[str, RateLimits],
    header: str,
    prefix: str,
    convert: Convert | None = None,
    public: Sequence[str] = (),
    bodies: BodyLimits | None = None,
) -> Served:
    """A server on *folder* with fresh *demo* keys: by name, whose each is, in which role and tier.

    *build* makes the app; what it enters is closed with the server. *header* and *prefix* are those of the keys, the
    others as `install` says.

    Raises:
        SandboxError: the folder cannot be used, or has no room.
    """
    with ExitStack() as opened:
        try:
            app = build(opened)
            keys = KeyStore(folder / "keys.sqlite", header=header, prefix=prefix, clock=clock)
            opened.enter_context(closing(keys))
            records = opened.enter_context(closing(SqliteStore(folder / "idempotency.sqlite", clock=clock)))
            made = {name: keys.create(tenant, role, tier=tier) for name, (tenant, role, tier) in demo.items()}
            if REVOKED in made:
                keys.revoke(made[REVOKED])
        except DataFolderError as problem:
            raise SandboxError(str(problem)) from problem
        except (OSError, sqlite3.Error, StoreDownError) as problem:
            raise SandboxError(
                f"{folder} cannot hold the server's files: {problem}. Free some space, or name another folder."
            ) from problem
        contract = install(
            app,
            catalogue,
            keys=keys,
            idempotency=Idempotency(records),
            limits=limits,
            clock=clock,
            convert=convert,
            public=public,
            bodies=bodies or BodyLimits(),
        )
        return Served(contract, made, opened.pop_all().close, credential_headers=(header,))
