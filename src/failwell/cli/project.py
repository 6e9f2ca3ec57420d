"""The HTTP library that a project has, by the dependencies that it declares."""

from __future__ import annotations

import re
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
BELOW_OTHERS = frozenset({"urllib3"})
"""What a frozen list names because another library needs it."""


def clients_of(folder: Path, known: Collection[str]) -> tuple[str, ...]:
    """Those of the *known* libraries that the project in *folder* depends on; what it only tests with comes second.

    Files that are not there, or cannot be read, say nothing.
    """
    for requirements in (_of_the_program(folder), _of_its_surroundings(folder)):
        found = dict.fromkeys(name for name in map(_name, requirements) if name in known)
        if found:
            return tuple(
                found if found.keys() <= BELOW_OTHERS else (name for name in found if name not in BELOW_OTHERS)
            )
    return ()


def _of_the_program(folder: Path) -> Iterator[str]:
    """What pyproject.toml and requirements.txt ask for."""
    project = _pyproject(folder)
    yield from _texts(_table(project, "project").get("dependencies"))
    yield from _table(project, "tool", "poetry", "dependencies")
    yield from _lines(folder / "requirements.txt")


def _of_its_surroundings(folder: Path) -> Iterator[str]:
    """What extras, dependency groups and other files of requirements ask for."""
    project = _pyproject(folder)
    groups = (
        _table(project, "project", "optional-dependencies"),
        _table(project, "dependency-groups"),
        _table(project, "tool", "pdm", "dev-dependencies"),
    )
    yield from chain.from_iterable(_texts(group) for table in groups for group in table.values())
    for name in _table(project, "tool", "poetry", "group"):
        yield from _table(project, "tool", "poetry", "group", name, "dependencies")
    for path in sorted((*folder.glob("requirements*.txt"), *folder.glob("requirements/*.txt"))):
        yield from _lines(path)


def _pyproject(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _table(data: Any, *names: str) -> dict[str, Any]:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _texts(found: object) -> Iterator[str]:
    yield from (each for each in found if isinstance(each, str)) if isinstance(found, list) else ()


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
    except OSError:
        return []
    # PowerShell's `pip freeze > requirements.txt` is UTF-16.
    wide = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig", "replace").splitlines()


def _name(requirement: str) -> str:
    """The name in *requirement*, as registries spell it; "" for an option, a comment or a path."""
    found = NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""
