"""Which test holds which line of a page, read from the tests' own source: nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .units import Unit

NOT_HOLDING = {"skip", "skipif", "xfail"}
"""A test with one of these markers tells what is missing; it does not hold the line."""


@dataclass(frozen=True)
class Documented:
    """One marker: the test, the page and the lines that it holds, and what its docstring says."""

    file: str
    test: str
    page: str
    lines: tuple[int, ...]
    promise: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.file}::{self.test} ({self.page}.txt:{'-'.join(map(str, self.lines))})"


def documented(folder: Path) -> list[Documented]:
    """Every marker of every test of the files in *folder*."""
    return [found for file in sorted(folder.glob("test_*.py")) for found in _in(file)]


def without_a_test(units: Iterable[Unit], tests: Iterable[Documented]) -> list[Unit]:
    """Those of *units* that none of *tests* holds."""
    held = {test.lines for test in tests if test.holds}
    return [unit for unit in units if unit.lines not in held]


def _in(file: Path) -> Iterator[Documented]:
    for node in ast.parse(file.read_text(encoding="utf-8"), str(file)).body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        holds = NOT_HOLDING.isdisjoint(map(_marker, node.decorator_list))
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _marker(decorator) == "documented":
                page, lines = _meant(decorator)
                yield Documented(file.name, node.name, page, lines, ast.get_docstring(node) or "", holds)


def _marker(decorator: ast.expr) -> str:
    """The name after `pytest.mark.`, or "" for another *decorator*."""
    found = decorator.func if isinstance(decorator, ast.Call) else decorator
    return found.attr if isinstance(found, ast.Attribute) and ast.unparse(found.value) == "pytest.mark" else ""


def _meant(call: ast.Call) -> tuple[str, tuple[int, ...]]:
    """The page and the lines that a marker names, and which of the units that share them."""
    page = ast.literal_eval(call.args[0])
    named = {keyword.arg or "**": ast.literal_eval(keyword.value) for keyword in call.keywords}
    part = (named.pop("part"),) if "part" in named else ()
    if set(named) == {"line"}:
        return page, (named["line"], named["line"], *part)
    if set(named) == {"lines"}:
        return page, (*named["lines"], *part)
    raise ValueError(f"line {call.lineno}: a documented marker names line= or lines=, this one {sorted(named)}.")
