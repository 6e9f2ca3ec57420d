"""The faces of packages: what they export, and what the SDKs take from them."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import failwell
from tests.tracked import ROOT, tracked

PACKAGES = ["failwell", *(found.name for found in pkgutil.walk_packages(failwell.__path__, "failwell.") if found.ispkg)]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_face_shadows_no_module(package: str) -> None:
    """
    What a package exports under the name of one of its modules is that module.
    """
    face = importlib.import_module(package)
    taken = {name: getattr(face, name, None) for _, name, _ in pkgutil.iter_modules(face.__path__)}

    assert {} == {name: value for name, value in taken.items() if not (value is None or isinstance(value, ModuleType))}


@pytest.mark.parametrize(
    "first", ["", "from failwell.wire import parse_reply", "from failwell.wire.parse import specs_of"]
)
def test_import_gives_the_module(first: str) -> None:
    """
    `import failwell.wire.parse` gives the module, whatever was imported before.
    """
    program = (
        f"{first}\nimport failwell.wire.parse, failwell.policy.call\nprint(failwell.wire.parse, failwell.policy.call)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert 2 == ran.stdout.count("<module ")


FACES = [
    "failwell",
    "failwell.adapt.aiohttp",
    "failwell.adapt.engines",
    "failwell.adapt.httpx",
    "failwell.adapt.requests",
    "failwell.cli",
    "failwell.client",
    "failwell.clock",
    "failwell.conformance",
    "failwell.policy",
    "failwell.sandbox",
    "failwell.server",
    "failwell.server.frameworks.aiohttp",
    "failwell.server.frameworks.django",
    "failwell.server.frameworks.litestar",
    "failwell.testing",
    "failwell.wire",
]
"""What an SDK may import from. `failwell.clock` is a room of one file, and so its own face, as each file of `adapt` and
of `server.frameworks` is that is called like the library that it is for."""


SNIPPET = re.compile(r"^```python[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


def programs() -> Iterator[tuple[str, str]]:
    """Each program that stands on Failwell as those of its users do, with the name of its file."""
    for name in tracked():
        if name.startswith(("sdks/", "examples/")) and name.endswith(".py"):
            yield name, (ROOT / name).read_text(encoding="utf-8")
        elif name.startswith(("docs/", "sdks/", "README.md")) and name.endswith(".md"):
            text = (ROOT / name).read_text(encoding="utf-8")
            yield from ((name, block) for block in SNIPPET.findall(text))


def exported(face: str) -> set[str]:
    """The names that *face* has for others."""
    module = importlib.import_module(face)
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return {*names, *(other.rpartition(".")[2] for other in FACES if other.rpartition(".")[0] == face)}


def reached_past_the_faces(text: str) -> Iterator[str]:
    """What a program imports of Failwell that no face exports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names if name.name.startswith("failwell.")]
            yield from (name for name in names if name not in FACES)
        elif isinstance(node, ast.ImportFrom) and (module := node.module or "").partition(".")[0] == "failwell":
            had = exported(module) if module in FACES else set[str]()
            yield from (f"{module}:{name.name}" for name in node.names if name.name not in had)


def test_faces_only() -> None:
    """
    The SDKs, the examples and the snippets of the documentation import only what the faces of packages export.
    """
    found = {f"{name} imports {one}" for name, text in programs() for one in reached_past_the_faces(text)}

    assert [] == sorted(found)
