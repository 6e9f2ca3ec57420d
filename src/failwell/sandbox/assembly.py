"""Assembly of a sandboxed server: app, demo keys, idempotency records, and the contract around it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import MappingProxyType

from starlette.applications import Starlette

from failwell.clock import Clock
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.sandbox.errors import SandboxError
from failwell.sandbox.keyed_store import open_store
from failwell.sandbox.vendor import Served
from failwell.server import (
    BodyLimits,
    Caller,
    Idempotency,
    KeyStore,
    RateLimits,
    StoreDownError,
    install,
)
from failwell.server.auth.keys import NO_CODES, KeyProblem
from failwell.server.errors.translate import Convert
from failwell.server.idempotency.policy import BODY_CAP
from failwell.server.storage.data_folder import DataFolderError

REVOKED = "revoked"
"""The demo key of this name is withdrawn as soon as it is made."""

EXPIRED = "expired"
"""The time of a demo key of this name is over as soon as it is made."""

DEMO_KEYS = {
    "member": ("acme", "member", "enterprise"),
    "admin": ("acme", "admin", "enterprise"),
    "viewer": ("acme", "viewer", "enterprise"),
    "free": ("acme", "member", "free"),
    "pro": ("acme", "member", "pro"),
    REVOKED: ("acme", "member", "enterprise"),
}
"""The demo keys that each server has: whose, in which role and tier. A "viewer" may not write."""

# A key may make its burst at once after it was idle, and then goes on at its rate; it gets a 429 with `Retry-After: 1`
# in between. All tiers get a call back within a second, so that the SDK's own wait is never long.
FREE = RateLimits.rate("60/minute", burst=20)
TIERS: Mapping[str, RateLimits] = MappingProxyType(
    {
        "": FREE,
        "free": FREE,
        "pro": RateLimits.rate("600/minute", burst=100),
        "enterprise": RateLimits.rate("3000/minute", burst=300),
    }
)
"""What each tier may call, in numbers of ours: the vendors' pages give none. A key without a tier is "free"."""


def assembled(
    folder: Path,
    clock: Clock,
    catalogue: Catalogue,
    build: Callable[[ExitStack], Starlette],
    *,
    demo: Mapping[str, tuple[str, str, str]],
    header: str,
    prefix: str,
    public: Sequence[str] = (),
    bodies: BodyLimits | None = None,
    codes: Mapping[KeyProblem, str] = NO_CODES,
    check: Callable[[Starlette], Callable[[Caller], object]] | None = None,
    writers: Sequence[str] = ("member", "admin"),
    keyed_bytes: int = BODY_CAP,
    convert: Convert | None = None,
) -> Served:
    """A server on *folder* with fresh *demo* keys: by name, whose each is, in which role and tier.

    *build* makes the app; what it enters is closed with the server. *header*, *prefix* and *codes* are those of the
    keys, and so is the check that *check* makes for the app. *keyed_bytes* is what a body with an idempotency key may
    have; *bodies* and *convert* are as `install` says.

    Raises:
        SandboxError: the folder cannot be used, or has no room.
    """
    with ExitStack() as opened:
        try:
            app = build(opened)
            keys = KeyStore(
                folder / "keys.sqlite",
                header=header,
                prefix=prefix,
                codes=codes,
                check=None if check is None else check(app),
                clock=clock,
            )
            opened.enter_context(closing(keys))
            records = opened.enter_context(closing(open_store(folder, clock, catalogue)))
            made = {
                name: keys.create(tenant, role, tier=tier, expires_at=clock.wall() if name == EXPIRED else None)
                for name, (tenant, role, tier) in demo.items()
            }
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
            idempotency=Idempotency(records, body_cap=keyed_bytes),
            limits=TIERS,
            clock=clock,
            public=public,
            writers=writers,
            bodies=bodies or BodyLimits(),
            convert=convert,
            declares_effects=True,
        )
        return Served(contract, made, opened.pop_all().close, credential_headers=(header,))
