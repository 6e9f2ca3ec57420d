"""What this software is called, and which version it is: said in one place each."""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import metadata, version

import pytest

from tests.tracked import ROOT, tracked

DISTRIBUTIONS = {
    "failwell": ".",
    "failwell-pictograph": "sdks/pictograph",
    "failwell-scopix": "sdks/scopix",
    "failwell-subconscious": "sdks/subconscious",
    "failwell-vectorshift": "sdks/vectorshift",
}

FORMER = "err" + "ata"
"""The name until 0.1, which belongs to somebody else. Written so that this file does not have it."""
MAY_TELL = ("CHANGELOG.md", "changelog.d/", "tests/test_folders.py")
"""The changelog says what happened, and a test puts a clone into a folder of that name."""


def test_former_name() -> None:
    """
    No tracked file has the former name, in its path or its content.
    """
    names = [name for name in tracked() if not name.startswith(MAY_TELL)]
    have = [name for name in names if FORMER in name.lower() or FORMER.encode() in (ROOT / name).read_bytes().lower()]

    assert [] == have
    assert len(names) > 500


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_version(distribution: str) -> None:
    """
    A distribution has the version that its package says, which stands nowhere else.
    """
    project = tomllib.loads((ROOT / DISTRIBUTIONS[distribution] / "pyproject.toml").read_text(encoding="utf-8"))
    package = importlib.import_module(distribution.removeprefix("failwell-"))

    assert (["version"], None) == (project["project"]["dynamic"], project["project"].get("version"))
    assert version(distribution) == package.__version__


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_addresses(distribution: str) -> None:
    """
    A distribution says where its source, its documentation and its changes are.
    """
    urls = dict(url.split(", ", 1) for url in metadata(distribution).get_all("Project-URL") or [])

    assert ["Changelog", "Documentation", "Repository"] == sorted(urls)
    assert {"https://github.com/failwell/failwell"} == {"/".join(url.split("/")[:5]) for url in urls.values()}


TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
"""Not that of a constant, nor of a type variable."""


def public_types(module: ast.Module) -> Iterator[str]:
    """The classes and the named types that *module* defines for others."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            yield from (name for name in names if TYPE_NAME.fullmatch(name))


def test_one_word_means_one_thing() -> None:
    """
    No two modules of the library give a public class, or a named type, the same name.
    """
    homes: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "src" / "failwell").rglob("*.py")):
        for name in public_types(ast.parse(path.read_text(encoding="utf-8"))):
            homes[name].append(str(path.relative_to(ROOT / "src" / "failwell")))

    assert {} == {name: where for name, where in homes.items() if len(where) > 1 and not name.startswith("_")}
    assert len(homes) > 400


RAISES = re.compile(r"^( *)Raises:\n((?:\1 +.*\n?)+)", re.MULTILINE)
RAISED = re.compile(r"^ *([A-Z]\w+(?:, [A-Z]\w+)*): ", re.MULTILINE)


ELSEWHERE = {"ClientDisconnect", "ImproperlyConfigured"}
"""Exceptions of libraries that ours let through, or raise where their users expect it."""


def test_what_docstrings_say_is_raised() -> None:
    """
    What a docstring says under "Raises:" are exceptions that its module knows, or that are defined in the repository.
    """
    known, said = {*dir(builtins), *ELSEWHERE}, set[tuple[str, str]]()
    for name in tracked():
        if not name.startswith(("src/", "sdks/")) or not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                known.add(node.name)
            elif isinstance(node, ast.Attribute):
                known.add(node.attr)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                for _, section in RAISES.findall(f"{ast.get_docstring(node) or ''}\n"):
                    said |= {(name, one) for those in RAISED.findall(section) for one in those.split(", ")}

    assert [] == sorted((name, one) for name, one in said if one not in known)
    assert len(said) > 100
