"""The vendors' published pages in `spec/`, as text, as trees and as constructors."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(os.environ.get("FAILWELL_SPEC") or Path(__file__).parents[1] / "spec")


class Leaf(NamedTuple):
    """One line of a published tree."""

    name: str
    parent: str | None
    comment: str


def page(name: str) -> str:
    """The text of one page: `page("pictograph")`."""
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def tree(name: str) -> list[Leaf]:
    """The class tree that a page draws with box characters, in its order."""
    leaves: list[Leaf] = []
    above: list[str] = []
    for line in page(name).splitlines():
        drawn = re.fullmatch(r"((?:│ {3}| {4})*(?:[├└]── )?)(\w+Error)\b\s*(?:[—#]\s*(.*))?", line)
        if not drawn or (leaves and not drawn[1]):
            continue
        depth = len(drawn[1]) // 4
        above[depth:] = [drawn[2]]
        leaves.append(Leaf(drawn[2], above[depth - 1] if depth else None, (drawn[3] or "").strip()))
    return leaves


def constructors() -> dict[str, ast.arguments]:
    """Every constructor that the Scopix page prints, by class."""
    printed = re.compile(
        r"class (\w+)\((?:ScopixError|Exception)\):(?:(?!class \w+\().)*?def __init__\((.*?)\) -> None", re.DOTALL
    )
    found: dict[str, ast.arguments] = {}
    for name, parameters in printed.findall(page("scopix-sdk")):
        without_comments = re.sub(r"#.*?(?=\w+: )", "", parameters)
        function = ast.parse(f"def __init__({without_comments}): ...").body[0]
        assert isinstance(function, ast.FunctionDef)
        found[name] = function.args
    return found
