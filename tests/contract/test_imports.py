from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = [
    "httpx2",
    "httpcore2",
    "anyio",
    "pydantic",
    "asyncio",
    "fastapi",
    "starlette",
    "uvicorn",
    "limits",
    "trio",
    "socket",
    "ssl",
]


@pytest.mark.parametrize("module", ["failwell", "failwell.wire", "failwell.policy", "pictograph.exceptions"])
def test_a_contract_is_light(module: str) -> None:
    """
    Declaring and catching errors loads no HTTP library, no event loop, no models and no server.
    """
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}; before = set(sys.modules); import {module}; "
        f"print(*sorted(set({HEAVY!r}) & (set(sys.modules) - before)))"
    )
    # -I -S: neither the environment nor a .pth file of another package imports anything first.
    printed = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)

    assert "" == printed.stdout.strip()
