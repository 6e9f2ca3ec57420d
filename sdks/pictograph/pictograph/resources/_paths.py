"""How paths are spelled."""

from __future__ import annotations

from failwell.client import path as below

API = "/api/v1/developer"


def path(*parts: str) -> str:
    """`path("training", "run 1")` is "/api/v1/developer/training/run%201".

    Raises:
        TypeError: a part is no text.
        ValueError: a part is empty, "." or "..", which would lead to another place.
    """
    return below(API, *parts)


def collection(name: str) -> str:
    """`collection("datasets")` is "/api/v1/developer/datasets/"."""
    return f"{API}/{name}/"
