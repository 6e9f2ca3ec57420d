"""Scopix as a vendor that `failwell` can put in a sandbox and check."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette

from failwell.clock import Clock
from failwell.sandbox import DEMO_KEYS, SandboxError, Served, Vendor, assembled
from failwell.server import BodyLimits, Caller
from failwell.wire import summarize_field_errors
from scopix.exceptions import CATALOGUE
from scopix_server.accounts import payment_check
from scopix_server.app import BASE_PATH, create_app
from scopix_server.demo import FULL, PAST_DUE, USED_UP, seed
from scopix_server.engine.plugins import analyser_of, provider_of, responder_of
from scopix_server.settings import Settings
from scopix_server.store import Store

SETTINGS = "SCOPIX_SERVER"
"""The variable with the server's `Settings`, as JSON: `{"vision_state": "down"}`."""

KEYS = {
    **DEMO_KEYS,
    "other": ("globex", "member", "enterprise"),
    "expired": ("acme", "member", "enterprise"),
    "past_due": (PAST_DUE, "member", "enterprise"),
    "full": (FULL, "member", "enterprise"),
    "used_up": (USED_UP, "member", "enterprise"),
}
"""The demo keys: whose, in which role and tier. "other" sees nothing of the others; "revoked" is deactivated."""


def serve(folder: Path, clock: Clock, settings: Settings | None = None) -> Served:
    """The reference server on *folder*, with fresh demo keys; without *settings* they are those of the environment.

    Raises:
        SandboxError: the folder cannot be used, or has no room, or the settings are none.
    """
    chosen = settings or from_environment()

    def build(opened: ExitStack) -> FastAPI:
        store = opened.enter_context(closing(Store(folder)))
        steady = store.steady(clock)
        seed(store, steady)
        return create_app(store, clock=steady, settings=chosen)

    return assembled(
        folder,
        clock,
        CATALOGUE,
        build,
        demo=KEYS,
        header="Authorization",
        prefix="sk_",
        codes={"invalid": "INVALID_API_KEY", "expired": "EXPIRED_API_KEY", "revoked": "DEACTIVATED_API_KEY"},
        check=_payment_check,
        # What a key may not do is said by the handlers: their answers have another shape.
        writers=("member", "admin", "viewer"),
        bodies=BodyLimits(
            uploads={
                f"{BASE_PATH}/uploads/*": chosen.max_file_bytes,
                f"{BASE_PATH}/documents": chosen.max_file_bytes,
                f"{BASE_PATH}/videos/*/chunks/*": chosen.video_chunk_bytes,
            }
        ),
        keyed_bytes=chosen.max_file_bytes,
    )


def _payment_check(app: Starlette) -> Callable[[Caller], None]:
    return payment_check(app.state.services.store)


def from_environment() -> Settings:
    """The settings in `SCOPIX_SERVER`. Raises: SandboxError."""
    text = os.environ.get(SETTINGS, "{}")
    try:
        settings = Settings(**json.loads(text))
        TypeAdapter(Settings).validate_json(text, strict=True)
        for part_of in (provider_of, responder_of, analyser_of):
            part_of(settings)
        return settings
    except (ValueError, TypeError, ImportError, AttributeError) as problem:
        said: object = problem
        if isinstance(problem, ValidationError):
            said = summarize_field_errors([{**entry, "loc": [*entry["loc"]]} for entry in problem.errors()])
        message = f'{SETTINGS} has no settings ({said}). Set it to JSON like {{"vision_state": "down"}}, or unset it.'
        raise SandboxError(message) from problem


VENDOR = Vendor(
    name="scopix",
    catalogue=CATALOGUE,
    serve=serve,
    environment={"api_key": "SCOPIX_API_KEY", "base_url": "SCOPIX_BASE_URL"},
    promises="scopix.promises:PROMISES",
    base_path=BASE_PATH,
)
