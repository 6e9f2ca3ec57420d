"""The faces of packages: what they export, and what the SDKs take from them."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import failwell

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
    "first", ["", "from failwell.wire import parse_reply", "from failwell.wire.parse import build"]
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
