"""Checks an app's own `caller=` function: it is called with the request alone, and no `Depends` is resolved for it."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints


def check_caller(find: Any) -> None:
    """Return if *find* can be called with a request and nothing else.

    Raises:
        TypeError: it cannot, or it would be given something else by FastAPI.
    """
    if problem := _wrong_with(find):
        raise TypeError(
            f"caller= is called with the request alone, and {problem}. Let it take the request, as "
            "`async def caller(request: Request)`, and call in it what it depends on."
        )


def _wrong_with(find: Any) -> str | None:
    if not callable(find) or _is_fastapis(find):
        return f"this is a {type(find).__name__}"
    called = find if inspect.isroutine(find) else getattr(find, "__call__", find)  # noqa: B004 - for its annotations
    name = getattr(find, "__name__", type(find).__name__)
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        return f"{name} yields"
    try:
        parameters = list(inspect.signature(find).parameters.values())
    except (TypeError, ValueError):  # written in C
        return None
    try:
        hints = get_type_hints(called, include_extras=True)
    except (TypeError, NameError):  # known to type checkers only
        hints = {}
    for parameter in parameters:
        if any(map(_is_fastapis, (parameter.default, *get_args(hints.get(parameter.name))))):
            return f"{name} has the parameter {parameter.name}, which FastAPI fills for a dependency"
    if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
        return f"{name} takes no parameter"
    first, *others = parameters
    for parameter in others:
        if parameter.default is parameter.empty and parameter.kind not in {first.VAR_POSITIONAL, first.VAR_KEYWORD}:
            return f"{name} has the parameter {parameter.name}"
    hint = hints.get(first.name)
    if isinstance(hint, type) and hint.__module__ == "builtins" and hint is not object:
        return f"{name} has the parameter {first.name}, a {hint.__name__}"
    return None


def _is_fastapis(value: object) -> bool:
    """Whether *value* tells FastAPI what to fill in: `Depends(...)`, `Header()`, `Security(...)`."""
    return type(value).__module__ == "fastapi.params"
