"""How paths are spelled."""

from __future__ import annotations

from urllib.parse import quote

API = "/api/v1/developer"


def path(*parts: str) -> str:
    """`path("training", "run 1")` is "/api/v1/developer/training/run%201"."""
    return "/".join([API, *(quote(part, safe="") for part in parts)])
