"""Attribute docstrings: the string literals below fields, read from the source of their class."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Mapping


def meanings(cls: type) -> Mapping[str, str]:
    """The meaning of each attribute of *cls*, its own or inherited; those that nothing says are left out.

    Python throws such strings away when it compiles, so they are there where the source is: in a checkout and in
    every wheel, but not in a program that was shipped as byte code.
    """
    found: dict[str, str] = {}
    for parent in reversed(cls.__mro__):
        found.update(_in_module(parent.__module__).get(parent.__qualname__, {}))
    return found


@functools.cache
def _in_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """The meanings in the module *name*, by the qualified name of the class."""
    module = sys.modules.get(name)
    if module is None:
        return {}
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):
        return {}  # byte code alone, or a module that is built in
    return dict(_classes(tree.body, ""))


def _classes(body: list[ast.stmt], above: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for node in body:
        if isinstance(node, ast.ClassDef):
            name = f"{above}{node.name}"
            found += [(name, _attributes(node.body)), *_classes(node.body, f"{name}.")]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += _classes(node.body, f"{above}{node.name}.<locals>.")
    return found


def _attributes(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node, below in itertools.pairwise(body):
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            found[node.target.id] = " ".join(inspect.cleandoc(below.value.value).split())
    return found
