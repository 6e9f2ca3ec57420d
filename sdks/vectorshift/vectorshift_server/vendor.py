"""VectorShift as a vendor that `failwell` can put in a sandbox and check."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, closing
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from failwell.clock import Clock
from failwell.sandbox import DEMO_KEYS, SandboxError, Served, Vendor, assembled
from failwell.server import BodyLimits, Caller, redacted_field_error
from failwell.wire import summarize_field_errors
from vectorshift.exceptions import CATALOGUE, BadRequestError
from vectorshift_server.access import User
from vectorshift_server.app import BASE_PATH, create_app
from vectorshift_server.demo import seed
from vectorshift_server.engine.responder import responder_of
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store

SETTINGS = "VECTORSHIFT_SERVER"
"""The variable with the server's `Settings`, as JSON: `{"answer_seconds": 5}`."""

KEYS = {
    **{name: (f"{tenant}/ada", role, tier) for name, (tenant, role, tier) in DEMO_KEYS.items()},
    "admin": ("acme/ann", "admin", "enterprise"),
    "viewer": ("acme/vic", "viewer", "enterprise"),
    "colleague": ("acme/bob", "member", "enterprise"),
    "other": ("globex/gus", "member", "enterprise"),
    "expired": ("acme/ada", "member", "enterprise"),
}
"""The demo keys: of which user of which organisation, in which role and tier. "other" sees nothing of the others."""


def serve(folder: Path, clock: Clock, settings: Settings | None = None) -> Served:
    """The reference server on *folder*, with fresh demo keys; without *settings* they are those of the environment.

    Raises:
        SandboxError: the folder cannot be used, or has no room, or the settings are none.
    """
    chosen = settings or from_environment()

    def build(opened: ExitStack) -> FastAPI:
        store = opened.enter_context(closing(Store(folder)))
        steady = store.steady(clock)
        seed(store, steady, [User.of(Caller(tenant, name, role)) for name, (tenant, role, _) in KEYS.items()])
        return create_app(store, clock=steady, settings=chosen)

    return assembled(
        folder,
        clock,
        CATALOGUE,
        build,
        demo=KEYS,
        header="Authorization",
        prefix="vs-",
        codes={"invalid": "invalid_key", "expired": "expired_key", "revoked": "revoked_key"},
        # What a key may not do is said by the handlers, which first look whether the object is there for it at all.
        writers=("member", "admin", "viewer"),
        public=("/signed/*",),
        bodies=BodyLimits(uploads={"/signed/*": chosen.max_file_bytes}),
        convert=malformed,
    )


def malformed(problem: Exception) -> Exception | None:
    """The 400 for a request that does not fit its operation: a 422 is for what fits, and makes no sense."""
    if not isinstance(problem, RequestValidationError):
        return None
    return BadRequestError(summarize_field_errors([redacted_field_error(each) for each in problem.errors()]))


def from_environment() -> Settings:
    """The settings in `VECTORSHIFT_SERVER`. Raises: SandboxError."""
    text = os.environ.get(SETTINGS, "{}")
    try:
        settings = Settings(**json.loads(text))
        TypeAdapter(Settings).validate_json(text, strict=True)
        responder_of(settings)
        return settings
    except (ValueError, TypeError, ImportError, AttributeError) as problem:
        said: object = problem
        if isinstance(problem, ValidationError):
            said = summarize_field_errors([{**entry, "loc": [*entry["loc"]]} for entry in problem.errors()])
        message = f'{SETTINGS} has no settings ({said}). Set it to JSON like {{"answer_seconds": 5}}, or unset it.'
        raise SandboxError(message) from problem


VENDOR = Vendor(
    name="vectorshift",
    catalogue=CATALOGUE,
    serve=serve,
    environment={"api_key": "VECTORSHIFT_API_KEY", "base_url": "VECTORSHIFT_BASE_URL"},
    promises="vectorshift.promises:PROMISES",
    base_path=BASE_PATH,
)
