"""OpenAPI documents to import, and the modules that come of them."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

from failwell import Catalogue, Error
from failwell.reference.importing.planning import plan
from failwell.reference.importing.writing import module_text

BIN = Path(sys.executable).parent


def document(paths: Any, components: Any = None, title: str = "Shop API") -> dict[str, Any]:
    """An OpenAPI document."""
    return {"openapi": "3.1.0", "info": {"title": title}, "paths": paths, "components": components or {}}


def answering(responses: Any, /, **components: Any) -> dict[str, Any]:
    """A document of one operation with *responses*."""
    return document({"/orders": {"get": {"operationId": "orders.get", "responses": responses}}}, components)


def body(
    schema: Any, description: str = "It went wrong.", kind: str = "application/json", **more: Any
) -> dict[str, Any]:
    """A response with a body of *schema*."""
    return {"description": description, "content": {kind: {"schema": schema, **more}}}


def flat(**properties: Any) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": properties}


def imported(data: Any, vendor: str | None = None) -> types.ModuleType:
    """The module that is written for the document *data*, imported."""
    module = types.ModuleType("imported_errors")
    sys.modules[module.__name__] = module
    exec(compile(text_of(data, vendor), "imported_errors.py", "exec"), module.__dict__)  # noqa: S102 - what we wrote
    return module


def text_of(data: Any, vendor: str | None = None) -> str:
    """The text of that module."""
    return module_text(plan(data, where="x.json", vendor=vendor), source="x.json")


def catalogue(data: Any) -> Catalogue:
    """Its catalogue."""
    found = imported(data).CATALOGUE
    assert isinstance(found, Catalogue)
    return found


def named(data: Any, name: str) -> type[Error]:
    """The class of that module called *name*."""
    found: type[Error] = getattr(imported(data), name)
    return found


def reformatted(path: Path, width: int) -> str:
    """What ruff would change about *path* at this line length; "" for nothing."""
    command = [str(BIN / "ruff"), "format", "--isolated", "--line-length", str(width), "--diff", str(path)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout
