"""Fault injection for any ASGI app: behind the layer that resets, cuts, drips and stays silent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from failwell.clock import Clock
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.sandbox.sandbox import Sandbox
from failwell.sandbox.vendor import Served, Vendor
from failwell.wire.envelopes import ErrorObject


def faults(
    app: Any, catalogue: Catalogue | None = None, *, keys: Mapping[str, str] | None = None, clock: Clock | None = None
) -> Sandbox:
    """The ASGI *app* on a free port of 127.0.0.1 for the length of a `with` block, with each failure on cue.

    `arm` takes steps, `next` an error of *catalogue*. *keys* are API keys of the app, for `sandbox.keys`.

        with faults(app, SHOP) as sandbox:
            sandbox.arm(Reset(), times=2)
            client = Client(base_url=sandbox.url, ...)

    Raises:
        SandboxError: the app does not start.
    """

    def serve(_folder: Path, _clock: Clock) -> Served:
        return Served(app, dict(keys or {}))

    catalogue = catalogue or Catalogue("app", base=Error, default=Error, errors=(), envelope=ErrorObject())
    return Sandbox(Vendor("app", catalogue, serve, {}, ""), clock=clock)
