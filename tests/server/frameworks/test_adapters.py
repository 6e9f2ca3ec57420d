"""What an adapter for a framework may be: small, and loaded for the apps of its framework only."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from failwell.server.installation import FRAMEWORKS

MODULES = sorted({module for module, _ in FRAMEWORKS.values()} | {"django", "django.adapter"})
LIBRARIES = ("aiohttp", "django", "fastapi", "flask", "litestar", "quart", "rest_framework", "starlette", "werkzeug")


@pytest.mark.parametrize("module", MODULES)
def test_adapters_are_thin(module: str) -> None:
    """
    An adapter has 120 lines at most.
    """
    path = inspect.getsourcefile(import_module(f"failwell.server.frameworks.{module}"))

    assert path is not None
    assert len(Path(path).read_text().splitlines()) <= 120


def test_no_framework_is_loaded() -> None:
    """
    `failwell.server`, `install` and the core of the contract load no framework at all.
    """
    program = (
        "import sys; from failwell.server import BodyLimits, Contract, Failwell, Idempotency, KeyStore, RateLimits, "
        f"SqliteStore, install; print(*sorted(set(sys.modules) & set({LIBRARIES!r})))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == ""
