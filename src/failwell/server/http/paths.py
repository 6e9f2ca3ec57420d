"""Path patterns (`"/v2/*"`): which requests a setting is about."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from failwell.server.errors.framework import Framework
from failwell.server.protocol import Scope


class Paths:
    """Paths of an app of *framework* by patterns such as `"/v1/*"`, in which "*" stands for anything, "/" too.

    With *whole*, `"/v1/*"` also means `/v1` itself.

    Raises:
        ValueError: a pattern does not begin with "/" or "*", so that it could never fit.
        TypeError: one text was given for several.
    """

    def __init__(self, patterns: Iterable[str], framework: Framework, *, argument: str, whole: bool = False) -> None:
        if isinstance(patterns, str):
            raise TypeError(f'{argument}={patterns!r} is one text. Give several: {argument}=("{patterns}",)')
        self.patterns = tuple(patterns)
        self._framework = framework
        for pattern in self.patterns:
            if not pattern.startswith(("/", "*")):
                raise ValueError(f'{argument}= has {pattern!r}, and no path begins like that. Write "/{pattern}".')
        if whole:
            self.patterns += tuple(pattern[:-2] for pattern in self.patterns if pattern.endswith("/*") and pattern[:-2])

    def first(self, scope: Scope) -> str | None:
        """The first pattern that fits the path of *scope*, or None."""
        if not self.patterns:
            return None
        path = self.path(scope)
        return next((pattern for pattern in self.patterns if fnmatchcase(path, pattern)), None)

    def path(self, scope: Scope) -> str:
        """The path as the app's own routes see it: below a proxy's prefix."""
        return path_of(scope, self._framework)


def path_of(scope: Scope, framework: Framework) -> str:
    """The path of *scope* as the own routes of an app of *framework* see it: below a proxy's prefix."""
    # As FastAPI and Starlette do it: what they route, and what is decided here, must be the same path.
    root = framework.root_path(scope)
    path: str = scope["path"]
    below = path[len(root) :]
    return below if root and path.startswith(root) and below[:1] in {"/", ""} else path
