"""What of FastAPI is loaded: nothing is an instance of what nobody has loaded."""

from __future__ import annotations

import sys
from typing import Any


def of_fastapi(module: str, name: str) -> Any:
    """The *name* of FastAPI's *module*, or () where nobody has loaded that: then nothing is an instance of it."""
    return getattr(sys.modules.get(f"fastapi.{module}"), name, ())
