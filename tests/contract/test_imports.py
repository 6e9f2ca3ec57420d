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


@pytest.mark.parametrize(
    "module",
    [
        "failwell",
        "failwell.wire",
        "failwell.policy",
        "pictograph.exceptions",
        "scopix.exceptions",
        "vectorshift.exceptions",
    ],
)
def test_a_contract_is_light(module: str) -> None:
    """
    Declaring and catching errors loads no HTTP library, no event loop, no models and no server.
    """
    assert "" == loaded_of(HEAVY, module)


@pytest.mark.parametrize("module", ["pictograph.client", "scopix.client", "subconscious.client", "vectorshift.client"])
def test_a_client_is_light(module: str) -> None:
    """
    P4. What sends is loaded with the first client that is made: an import loads httpx2 and no more than that does.
    """
    more = ("httpcore2", "anyio", "trio", "h11", "pydantic", "pyreqwest", "websockets", "uuid", "decimal")

    assert loaded_of([*more], "httpx2") == loaded_of([*more], module)


@pytest.mark.parametrize(
    "module",
    ["pictograph_server.work", "scopix_server.work", "subconscious_server.work", "subconscious_server.confined"],
)
def test_a_worker_is_light(module: str) -> None:
    """
    The processes that do the jobs of a server load no web framework, no event loop and no HTTP client.
    """
    assert "" == loaded_of([name for name in HEAVY if name not in ("pydantic", "socket", "ssl")], module)


@pytest.mark.parametrize(
    ("statement", "most"),
    [
        ("import failwell", 18),
        ("from failwell import raise_for", 22),
        ("from failwell import calling, raise_for, translating", 30),
        ("from failwell import acalling, araise_for, calling, raise_for, translating", 30),
        ("import pictograph.exceptions", 22),
        ("from pictograph import Client", 36),
    ],
)
def test_what_adopts_a_contract_is_few_modules(statement: str, most: int) -> None:
    """
    P4, P9. Adopting a contract loads at most 30 modules of ours, a client 36; a policy comes with the first call.
    """
    ours = [name for name in loaded_with(statement) if name.partition(".")[0] in ("failwell", "pictograph")]

    assert len(ours) <= most, ours


def loaded_of(names: list[str], module: str) -> str:
    """Those of *names* that are loaded with *module*."""
    return " ".join(name for name in loaded_with(f"import {module}") if name in names)


def loaded_with(statement: str) -> list[str]:
    """The modules that *statement* loads, in a fresh interpreter."""
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}; before = set(sys.modules); {statement}; "
        "print(*sorted(set(sys.modules) - before))"
    )
    # -I -S: neither the environment nor a .pth file of another package imports anything first.
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    return ran.stdout.split()
