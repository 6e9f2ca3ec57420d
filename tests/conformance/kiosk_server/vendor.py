"""The kiosk as a vendor, with a reference server that sells one paper."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from failwell.clock import Clock
from failwell.sandbox import Served, Vendor
from failwell.server import install
from tests.conformance.kiosk.exceptions import CATALOGUE


def serve(_folder: Path, _clock: Clock) -> Served:
    """The reference server."""
    app = FastAPI()

    @app.get("/papers/{name}", operation_id="papers.get")
    def get(name: str) -> dict[str, str]:
        return {"name": name}

    return Served(install(app, CATALOGUE, strict=False), {"member": "k"})


VENDOR = Vendor("kiosk", CATALOGUE, serve, {}, "tests.conformance.kiosk.promises:ADAPTER")
