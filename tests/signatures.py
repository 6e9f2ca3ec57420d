"""Constructors, as a page prints them and as a class has them: names, order, kinds, defaults, types."""

from __future__ import annotations

import ast
import inspect
import typing
from typing import Any

from failwell import Error


def evaluated(annotation: ast.expr | None) -> Any:
    """The type that an annotation of the page means."""
    assert annotation is not None
    return eval(ast.unparse(annotation), vars(typing).copy())  # noqa: S307 - the page is ours to read


def printed_parameters(arguments: ast.arguments) -> list[tuple[str, Any, Any, Any]]:
    """Name, kind, default and type of each parameter, as the page prints them."""
    plain = arguments.args[1:]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    rows: list[tuple[ast.arg, Any, ast.expr | None]] = [
        *(
            (argument, inspect.Parameter.POSITIONAL_OR_KEYWORD, default)
            for argument, default in zip(plain, defaults, strict=True)
        ),
        *(
            (argument, inspect.Parameter.KEYWORD_ONLY, default)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    ]
    return [
        (
            argument.arg,
            kind,
            inspect.Parameter.empty if default is None else ast.literal_eval(default),
            evaluated(argument.annotation),
        )
        for argument, kind, default in rows
    ]


def real_parameters(cls: type[Error]) -> list[tuple[str, Any, Any, Any]]:
    """The same of the class itself."""
    hints = typing.get_type_hints(cls.__init__)
    return [
        (name, parameter.kind, parameter.default, hints[name])
        for name, parameter in inspect.signature(cls).parameters.items()
    ]
