"""Subconscious as a vendor that `failwell` can put in a sandbox and check."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, closing
from pathlib import Path

from fastapi import FastAPI

from failwell.clock import Clock
from failwell.sandbox import DEMO_KEYS, SandboxError, Served, Vendor, assembled
from failwell.server import BodyLimits
from subconscious.exceptions import CATALOGUE, MOST_BYTES
from subconscious_server.app import create_app
from subconscious_server.settings import Settings
from subconscious_server.store import Store

SETTINGS = "SUBCONSCIOUS_SERVER"
"""The variable with the server's `Settings`, as JSON: `{"engine_state": "down"}`."""

KEYS = {**DEMO_KEYS, "other": ("globex", "member", "enterprise")}
"""The demo keys: whose, in which role and tier. "other" sees none of the others' runs."""


def serve(folder: Path, clock: Clock, settings: Settings | None = None) -> Served:
    """The reference server on *folder*, with fresh demo keys; without *settings* they are those of the environment.

    Raises:
        SandboxError: the folder cannot be used, or has no room, or the settings are none.
    """

    def build(opened: ExitStack) -> FastAPI:
        store = opened.enter_context(closing(Store(folder)))
        return create_app(store, clock=store.steady(clock), settings=settings or from_environment())

    return assembled(
        folder,
        clock,
        CATALOGUE,
        build,
        demo=KEYS,
        header="Authorization",
        prefix="sk-",
        bodies=BodyLimits(MOST_BYTES),
    )


def from_environment() -> Settings:
    """The settings in `SUBCONSCIOUS_SERVER`. Raises: SandboxError."""
    text = os.environ.get(SETTINGS, "{}")
    try:
        return Settings(**json.loads(text))
    except (ValueError, TypeError) as problem:
        message = (
            f'{SETTINGS} has no settings ({problem}). Set it to JSON like {{"engine_state": "down"}}, or unset it.'
        )
        raise SandboxError(message) from problem


VENDOR = Vendor(
    name="subconscious",
    catalogue=CATALOGUE,
    serve=serve,
    environment={"api_key": "SUBCONSCIOUS_API_KEY", "base_url": "SUBCONSCIOUS_BASE_URL"},
    promises="subconscious.promises:PROMISES",
    base_path="/v1",
)
