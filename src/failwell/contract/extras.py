"""Optional dependencies: what each extra installs, and the `MissingExtraError` that names the one to install."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.errors import ContractError

if TYPE_CHECKING:
    from types import TracebackType

EXTRAS: dict[str, tuple[str, ...]] = {
    "aiohttp": ("aiohttp",),
    "cli": ("typer", "rich"),
    "client": ("httpx2", "anyio"),
    "django": ("django",),
    "fast": ("pyreqwest",),
    "fastapi": ("fastapi", "pydantic"),
    "flask": ("flask",),
    "jobs": (),
    "limits": ("limits",),
    "litestar": ("litestar",),
    "models": ("pydantic",),
    "otel": ("opentelemetry",),
    "postgres": ("psycopg",),
    "quart": ("quart",),
    "redis": ("redis",),
    "sandbox": ("starlette", "uvicorn", "trustme"),
    "server": ("anyio",),
    "starlette": ("starlette",),
    "ws": ("wsproto",),
}
"""The packages that an extra is needed for, by the names under which they are imported."""

FOR_SOME = {"cli": ("yaml",), "flask": ("werkzeug",)}
"""What an extra installs too, for a part of what it is for."""


class MissingExtraError(ExceptionFields, ContractError, ImportError):
    """Packages that *what* needs are *missing*; *extra* installs them."""

    what: str
    extra: str
    missing: tuple[str, ...]

    @property
    def name(self) -> str | None:  # type: ignore[override]  # of an ImportError: what could not be imported
        """The first of them."""
        return self.missing[0]

    def __str__(self) -> str:
        names = " and ".join(filter(None, (", ".join(self.missing[:-1]), self.missing[-1])))
        are, them = ("is", "it") if len(self.missing) == 1 else ("are", "them")
        return (
            f"{self.what} needs {names}, which {are} not installed. "
            f'Install {them} with: pip install "failwell[{self.extra}]"'
        )


def missing(extra: str) -> tuple[str, ...]:
    """The packages of *extra* that are not installed. None of them is loaded to find out."""
    from importlib.util import find_spec

    return tuple(name for name in EXTRAS[extra] if sys.modules.get(name) is None and find_spec(name) is None)


def require(extra: str, what: str) -> None:
    """Go on where the packages of *extra* are installed, which *what* needs, now or later.

    Raises:
        MissingExtraError: they are not.
    """
    if lacking := missing(extra):
        raise MissingExtraError(what, extra, lacking)


class needs:  # noqa: N801 - read as a word: `with needs("fast", __name__): import pyreqwest`
    """Around the imports of packages of *extra*, which *what* needs.

    Raises:
        MissingExtraError: one of them is not installed.
    """

    def __init__(self, extra: str, what: str) -> None:
        self._extra = extra
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        if isinstance(problem, ModuleNotFoundError) and (problem.name or "").partition(".")[0] in (
            *EXTRAS[self._extra],
            *FOR_SOME.get(self._extra, ()),
        ):
            lacking = missing(self._extra) or (str(problem.name),)
            raise MissingExtraError(self._what, self._extra, lacking) from None


def run_command(name: str, module: str, install: str) -> None:
    """Run the command *name* of an SDK: `start()` of *module*, made with `failwell.cli`. Ends the program.

    Without what its extra installs, it says how to get it: *install* is what pip is told.
    """
    from importlib import import_module

    try:
        import_module("failwell.cli")
    except MissingExtraError as problem:
        needed = " and ".join(problem.missing)
        sys.stderr.write(f'The {name} command needs {needed}. Install it with: pip install "{install}"\n')
        sys.exit(2)
    try:
        start = import_module(module).start
    except KeyboardInterrupt:
        sys.exit(130)
    start()
