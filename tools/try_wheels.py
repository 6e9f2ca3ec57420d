"""Look into the wheels of a folder, then try each, and each extra alone: .venv/bin/python tools/try_wheels.py DIST."""

import subprocess
import sys
import tempfile
import venv
import zipfile
from importlib.metadata import distributions
from pathlib import Path

WORKS = {
    "": "import failwell, failwell.wire, failwell.policy, failwell.testing; failwell.testing.play",
    "client": "import failwell; failwell.batch, failwell.resume; import failwell.client.transport.httpx.transport",
    "fast": "import failwell.client.transport.pyreqwest",
    "ws": "from failwell.wire.websocket import Frames; Frames().message('hello')",
    "models": "import failwell.client.decoders, pydantic",
    "otel": "import failwell.client.observability.opentelemetry",
    "server": "from failwell.server import Idempotency, KeyStore, install",
    "aiohttp": "import failwell.server.frameworks.aiohttp",
    "django": "import failwell.server.frameworks.django",
    "flask": "import failwell.server.frameworks.flask",
    "litestar": "import failwell.server.frameworks.litestar",
    "postgres": "from failwell.server import PostgresStore",
    "quart": "import failwell.server.frameworks.quart",
    "redis": "from failwell.server import RedisStore",
    "starlette": "import failwell.server.frameworks.starlette.adapter",
    "fastapi": "from failwell.server import CurrentCaller, SubmissionKey",
    "limits": "from failwell.server import RateLimits; RateLimits('600/minute')",
    "jobs": "import failwell.server.jobs.worker",
    "sandbox": (
        "from urllib.request import urlopen; from failwell.testing import faults\n"
        "from starlette.applications import Starlette; from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "app = Starlette(routes=[Route('/', lambda request: PlainTextResponse('hello'))])\n"
        "with faults(app) as sandbox: assert b'hello' == urlopen(sandbox.url).read()"
    ),
    "cli": "import failwell.cli.commands, failwell.reference.explanation.terminal, yaml",
    "all": "import failwell.client.transport.pyreqwest, failwell.server.jobs.worker"
    "; import failwell.testing.fault_injection, failwell.cli.commands",
}
"""What whoever installs an extra does with it; "" is Failwell alone."""

EACH_MODULE = """
import importlib, sys
from failwell import MissingExtraError
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except MissingExtraError:
        pass
"""
"""Whoever lacks an extra is told which, wherever he comes in. Any other exception ends this."""

FOR_REQUESTS = frozenset({"failwell.adapt.requests", "failwell.adapt.retry_adapter"})
"""An adapter for requests is derived from a class of it: who imports it has it."""


def main(dist: Path) -> None:
    wheels = {wheel.name.split("-")[0]: wheel for wheel in sorted(dist.glob("*.whl"))}
    packages = {name: sorted(packages_in(wheel)) for name, wheel in wheels.items()}
    for name, found in packages.items():
        print(f"{wheels[name].name}: {', '.join(found)}")
        untyped = [package for package in found if f"{package}/py.typed" not in files_in(wheels[name])]
        if untyped:
            sys.exit(
                f"{wheels[name].name} has no py.typed in {', '.join(untyped)}: type checkers would ignore its types."
            )

    # The vendors publish wheels with the import names of the SDKs, so these must stay out of ours.
    if packages.get("failwell") != ["failwell"]:
        sys.exit(f"The failwell wheel must hold the package failwell alone, and holds {packages.get('failwell')}.")

    modules = [module for module in modules_in(wheels["failwell"]) if module not in FOR_REQUESTS]
    print("\nInstalled into an empty environment    packages      MB")
    for extra, program in WORKS.items():
        with tempfile.TemporaryDirectory() as folder:
            wanted = f"failwell[{extra}]" if extra else "failwell"
            python = installed(folder, dist, wanted)
            subprocess.run([python, "-c", program], check=True)
            subprocess.run([python, "-c", EACH_MODULE, *modules], check=True)
            if extra == "cli":
                subprocess.run([python, "-m", "failwell", "--help"], check=True, stdout=subprocess.DEVNULL)
                subprocess.run([Path(folder, "bin", "failwell"), "--version"], check=True, stdout=subprocess.DEVNULL)
            print(f"  {wanted:<37} {measured(folder)}", flush=True)
    for name in sorted(set(wheels) - {"failwell"}):
        package, distribution = packages[name][0], name.replace("_", "-")
        with tempfile.TemporaryDirectory() as folder:
            python = installed(folder, dist, distribution)
            subprocess.run([python, "-c", f"import {package}.exceptions; import {package}.client"], check=True)
            print(f"  {distribution:<37} {measured(folder)}", flush=True)
            wanted = f"{distribution}[cli,server]"
            installed(folder, dist, wanted, "failwell[cli]")
            subprocess.run([python, "-c", f"import {', '.join(packages[name])}"], check=True)
            # A distribution's commands, among them one with the name of an SDK's package.
            for command in commands_in(wheels[name]) | {"failwell"}:
                subprocess.run([Path(folder, "bin", command), "--help"], check=True, stdout=subprocess.DEVNULL)
            print(f"  {wanted:<37} {measured(folder)}", flush=True)


def installed(folder: str, dist: Path, *wanted: str) -> str:
    """The Python of the environment in *folder* after what is *wanted*, wheels of *dist*, was installed into it."""
    python = Path(folder, "bin", "python")
    if not python.exists():
        venv.create(folder, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "-c", "constraints.txt", "--find-links", dist, *wanted], check=True)
    return str(python)


def measured(folder: str) -> str:
    """How many packages the environment in *folder* has, and how large they are."""
    [place] = Path(folder).glob("lib/python*/site-packages")
    # What was compiled while trying is not installed by a wheel.
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return f"{len(list(distributions(path=[str(place)]))):>7} {size / 1e6:>8.1f}"


def files_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def packages_in(wheel: Path) -> set[str]:
    return {folder for name in files_in(wheel) if not (folder := name.split("/")[0]).endswith(".dist-info")}


def modules_in(wheel: Path) -> list[str]:
    """The modules of *wheel*, but for the plugin that only pytest loads."""
    names = {name.removesuffix(".py").removesuffix("/__init__") for name in files_in(wheel) if name.endswith(".py")}
    return sorted(name.replace("/", ".") for name in names - {"failwell/testing/plugin"})


def commands_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        [points] = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        text = archive.read(points).decode()
    _, _, section = text.partition("[console_scripts]\n")
    return {line.split(" = ")[0] for line in section.partition("\n[")[0].splitlines() if " = " in line}


main(Path(sys.argv[1]))
