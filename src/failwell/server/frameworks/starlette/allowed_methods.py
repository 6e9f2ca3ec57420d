"""The `Allow` header of a 405: the methods of all routes at an address, not of the first that matches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from failwell.contract.extras import needs

with needs("starlette", __name__):
    from starlette.routing import Match
    from starlette.types import Scope


METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY")


def methods_of(app: Any, scope: Scope) -> list[str]:
    """The methods that *app* takes at the address of *scope*; [] where it cannot be told.

    *scope* is as it came to the app, before any route changed it.
    """
    root: str = getattr(app, "root_path", "") or scope.get("root_path", "")
    asked = {**scope, "root_path": root, "app": app}
    taken = [method for method in METHODS if _takes(getattr(app, "routes", ()), {**asked, "method": method})]
    return [] if scope["method"] in taken else taken


def _takes(routes: Any, asked: dict[str, Any]) -> bool:
    for route, child in _fitting(routes, asked):
        inner = getattr(route, "routes", None)
        # The first that fits answers. What is mounted and has no routes may take anything.
        return not inner or _takes(inner, {**asked, **child})
    return False


def _fitting(routes: Any, asked: dict[str, Any]) -> Iterator[tuple[Any, Scope]]:
    for route in routes:
        match, child = route.matches(asked)
        if match is Match.FULL:
            yield route, child
