"""What works with nothing else installed, and what is said where an extra is missing."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from failwell import ContractError, MissingExtraError
from failwell.contract.extras import EXTRAS, needs, require

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in (SOURCE / "failwell").rglob("*.py")
)
PYTESTS_OWN = "failwell.testing.plugin"
"""It is loaded by pytest, and by nobody else."""

NEEDED = {
    "failwell.cli": "cli",
    "failwell.client": "client",
    "failwell.conformance": "sandbox",
    "failwell.reference.importing.yaml12": "cli",
    "failwell.reference.explanation.terminal": "cli",
    "failwell.sandbox": "sandbox",
    "failwell.server": "server",
    "failwell.testing.fault_injection": "sandbox",
    "failwell.testing.mock_replies": "client",
    "failwell.testing.transport": "client",
}
"""The extra that a module needs, with all that is below it. The others need none."""

IMPORT_ALL = """
import importlib, json
from failwell.contract.extras import MissingExtraError
lacking = {}
for name in NAMES:
    try:
        importlib.import_module(name)
    except MissingExtraError as missing:
        lacking[name] = missing.extra
print(json.dumps(lacking))
"""


def with_nothing(program: str) -> subprocess.CompletedProcess[str]:
    """Run *program* where Failwell can be imported, and the standard library, and nothing else."""
    # -S: no site-packages.
    program = f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n{program}"
    return subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)


FOR_REQUESTS = ("failwell.adapt.requests", "failwell.adapt.retry_adapter")
"""An adapter for requests is derived from a class of it: who imports it has it."""


@pytest.mark.slow
def test_every_module() -> None:
    """
    With nothing else installed, every module can be imported or names the extra that it needs.
    """
    names = [name for name in MODULES if name not in (PYTESTS_OWN, *FOR_REQUESTS)]
    ran = with_nothing(f"NAMES = {names!r}\n{IMPORT_ALL}")

    expected = {
        name: extra
        for name in names
        for needing, extra in NEEDED.items()
        if name == needing or name.startswith(f"{needing}.")
    }
    assert ("", expected) == (ran.stderr, json.loads(ran.stdout))


def test_without_extras_a_contract_is_played() -> None:
    """
    Declaring, rendering, parsing, deciding and playing need nothing but Python.
    """
    ran = with_nothing(
        """
import failwell
from failwell.policy import RetryPolicy, Send, with_retries
from failwell.testing import play
from failwell.wire import ErrorObject, Reply, Request, parse_reply, render_error


class ShopError(failwell.Error):
    "Base."

    message: failwell.Message = failwell.field(default="", kw_only=False)


class SoldError(ShopError, code="sold", status=409):
    "Somebody was faster."


catalogue = failwell.Catalogue(
    "shop", base=ShopError, default=ShopError, errors=(ShopError, SoldError), envelope=ErrorObject()
)
again = parse_reply(render_error(SoldError("Gone"), catalogue), catalogue)
played = play(with_retries(Send(Request("GET", "/")), RetryPolicy()), [Reply(503, {}, b""), Reply(200, {}, b"")])
print(type(again).__name__, again, played.result.outcome.status)
"""
    )

    assert ("", "SoldError Gone 200\n") == (ran.stderr, ran.stdout)


CLIENT = 'httpx2 and anyio, which are not installed. Install them with: pip install "failwell[client]"'
SERVER = 'anyio, which is not installed. Install it with: pip install "failwell[server]"'
SANDBOX = 'starlette, uvicorn and trustme, which are not installed. Install them with: pip install "failwell[sandbox]"'
COMMAND = 'typer and rich, which are not installed. Install them with: pip install "failwell[cli]"'


@pytest.mark.parametrize(
    ("door", "said"),
    [
        ("import failwell; failwell.batch", f"failwell.client needs {CLIENT}"),
        ("import failwell; failwell.resume", f"failwell.client needs {CLIENT}"),
        ("from failwell import Batch", f"failwell.client needs {CLIENT}"),
        ("import failwell.client", f"failwell.client needs {CLIENT}"),
        ("from failwell.client.transport.httpx.transport import BlockingHttpx", f"failwell.client needs {CLIENT}"),
        ("from failwell.testing import replies", f"failwell.client needs {CLIENT}"),
        ("from failwell.server import install", f"failwell.server needs {SERVER}"),
        ("from failwell.server.jobs.supervisor import Jobs", f"failwell.server needs {SERVER}"),
        ("from failwell.sandbox import Sandbox", f"failwell.sandbox needs {SANDBOX}"),
        ("from failwell.testing import faults", f"failwell.sandbox needs {SANDBOX}"),
        ("from failwell.conformance import check", f"failwell.conformance needs {SANDBOX}"),
        ("from failwell.cli.commands import app", f"The failwell command needs {COMMAND}"),
    ],
)
def test_doors_of_the_library(door: str, said: str) -> None:
    """
    Whoever lacks an extra is told which, by a `MissingExtraError` and nothing before it.
    """
    ran = with_nothing(door)

    assert "ModuleNotFoundError" not in ran.stderr
    assert f"failwell.contract.extras.MissingExtraError: {said}" == ran.stderr.splitlines()[-1]


def test_the_command_with_nothing() -> None:
    """
    The command without its extra is a sentence and exit code 2, not a traceback.
    """
    ran = with_nothing("import runpy; runpy.run_module('failwell', run_name='__main__')")

    assert (2, "", f"The failwell command needs {COMMAND}\n") == (ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "door", "extra"),
    [
        ("pyreqwest", "import failwell.client.transport.pyreqwest", "fast"),
        ("opentelemetry", "import failwell.client.observability.opentelemetry", "otel"),
        ("wsproto", "from failwell.wire.websocket import Frames; Frames()", "ws"),
        ("anyio", "import asyncio; from failwell.clock import SystemClock as C; asyncio.run(C().asleep(0))", "client"),
        ("anyio", "import asyncio; from failwell.clock import VirtualClock as C; asyncio.run(C().asleep(9))", "client"),
        ("anyio", "import failwell.server.side_effects", "server"),
        ("starlette", "import failwell.server.frameworks.starlette.adapter", "starlette"),
        ("starlette", "from failwell.server import EventStreamResponse", "starlette"),
        ("fastapi", "import failwell.server.auth.callers", "fastapi"),
        ("fastapi", "import failwell.server.jobs.submission_key", "fastapi"),
        ("pydantic", "import failwell.server.jobs.job_errors", "fastapi"),
        ("limits", "from failwell.server import RateLimits; RateLimits('1/second')", "limits"),
        ("limits", "from failwell.server import RateLimits; RateLimits.rate('1/second', burst=2)", "limits"),
        ("uvicorn", "import failwell.sandbox.faults.steps", "sandbox"),
        ("trustme", "import failwell.testing.fault_injection", "sandbox"),
        ("rich", "import failwell.conformance.reports.terminal", "cli"),
        ("typer", "import failwell.cli.explain", "cli"),
    ],
)
def test_one_package_is_missing(package: str, door: str, extra: str) -> None:
    """
    Where one package of an extra is missing, it alone is named.
    """
    program = f"import sys; sys.modules[{package!r}] = None\n{door}"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    remedy = f'needs {package}, which is not installed. Install it with: pip install "failwell[{extra}]"'
    assert "ModuleNotFoundError" not in ran.stderr
    assert remedy in ran.stderr.splitlines()[-1]


def test_a_server_without_a_framework() -> None:
    """
    The contract, keys, limits, idempotency and `install` load no framework.
    """
    names = "Contract, Idempotency, KeyStore, Jobs, RateLimits, SqliteStore, install"
    frameworks = {"aiohttp", "django", "fastapi", "flask", "litestar", "pydantic", "quart", "starlette", "werkzeug"}
    program = f"import sys; from failwell.server import {names}; print(*{frameworks!r} & {{*sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "\n" == ran.stdout


@pytest.mark.parametrize("module", ["failwell.server", "failwell.server.asgi", "failwell.sandbox", "failwell.testing"])
def test_a_server_without_fastapi(module: str) -> None:
    """
    What FastAPI and rate limits need is not loaded for an app without them.
    """
    program = f"import sys, {module}; print(*{{'fastapi', 'limits', 'pydantic', 'httpx2'}} & {{*sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "\n" == ran.stdout


def test_a_starlette_app_is_installed() -> None:
    """
    `install` keeps the contract of a Starlette app where FastAPI is not installed.
    """
    program = """
import asyncio, sys
sys.modules["fastapi"] = sys.modules["limits"] = sys.modules["httpx2"] = None
from starlette.applications import Starlette
import failwell
from failwell.server import install
from failwell.wire import ErrorObject

class ShopError(failwell.Error):
    "Base."

    message: failwell.Message = failwell.field(default="", kw_only=False)

catalogue = failwell.Catalogue("shop", base=ShopError, default=ShopError, errors=(ShopError,), envelope=ErrorObject())
sent = []

async def receive():
    return {"type": "http.request", "body": b""}

async def send(message):
    sent.append(message)

scope = {"type": "http", "method": "GET", "path": "/nowhere", "raw_path": b"/nowhere", "query_string": b"",
         "headers": [], "http_version": "1.1", "scheme": "http", "root_path": "", "server": None, "client": None}
asyncio.run(install(Starlette(), catalogue)(scope, receive, send))
print(sent[0]["status"], b"There is nothing at this address" in sent[1]["body"])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ("", "404 True\n") == (ran.stderr, ran.stdout)


def test_facts() -> None:
    """
    The error has its facts as attributes, is an `ImportError` too, and survives pickling.
    """
    error = MissingExtraError("failwell.client", "client", ("httpx2", "anyio"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    facts = ("failwell.client", "client", ("httpx2", "anyio"), "httpx2")
    for one in (error, again):
        assert facts == (one.what, one.extra, one.missing, one.name)
        assert f"failwell.client needs {CLIENT}" == str(one)
        assert isinstance(one, ContractError)
        assert isinstance(one, ImportError)


def test_what_is_installed_passes() -> None:
    """
    Where an extra is installed nothing is said, and no package is loaded to find out.
    """
    for extra in EXTRAS:
        require(extra, "The test")


def test_another_missing_module_is_not_ours() -> None:
    """
    A module that belongs to no extra stays what it is: a `ModuleNotFoundError`.
    """
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needs("fast", "The test"):
        __import__("no_such_module")


IMPORTED_AS = {
    "pyyaml": "yaml",
    "psycopg[binary]": "psycopg",
    "opentelemetry-api": "opentelemetry",
    "httpx2[ws]": "wsproto",
}

OWN_FRAMEWORK = frozenset({"aiohttp", "django", "flask", "litestar", "quart"})
"""Extras for apps of one framework, which is there already: "all" brings none of them along."""


def test_extras_of_the_distribution() -> None:
    """
    The packages that an extra is asked for are those that it installs; "all" has them all, and without any nothing is.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def packages(extra: str) -> set[str]:
        found: set[str] = set()
        for requirement in extras[extra]:
            if requirement.startswith("failwell["):
                found |= {name for one in requirement[9:-1].split(",") for name in packages(one)}
            else:
                name: str = requirement.partition(">")[0]
                found.add(IMPORTED_AS.get(name, name))
        return found

    assert [] == project["dependencies"]
    assert {*EXTRAS, "all"} == set(extras)
    assert {extra: set() for extra in EXTRAS} == {extra: set(EXTRAS[extra]) - packages(extra) for extra in EXTRAS}
    assert {name for extra in set(EXTRAS) - OWN_FRAMEWORK for name in packages(extra)} == packages("all")
