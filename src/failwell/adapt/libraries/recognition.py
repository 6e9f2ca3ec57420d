"""Which library a response or an exception is of, by the module of its class: no library is imported to find out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from failwell.adapt.libraries.base import FailureRow, Library

LIBRARIES = {
    "requests": ("requests", "Requests"),
    "niquests": ("requests", "Requests"),
    "httpx": ("httpx", "Httpx"),
    "httpx2": ("httpx", "Httpx"),
    "httpcore": ("httpx", "Httpx"),
    "httpcore2": ("httpx", "Httpx"),
    "urllib3": ("urllib3", "Urllib3"),
    "aiohttp": ("aiohttp", "Aiohttp"),
    "pyreqwest": ("pyreqwest", "Pyreqwest"),
    "botocore": ("botocore", "Botocore"),
    "urllib": ("urllib", "Urllib"),
    "http": ("urllib", "Urllib"),
}
"""By the package that its classes are in: the file of this room, and the class in it."""
UNDERSTOOD = "requests, niquests, httpx, httpx2, urllib3, aiohttp, pyreqwest, urllib, http.client, or botocore's dicts"
WHERE_SYSTEM_ERRORS_ARE_THEIRS = frozenset({*LIBRARIES, "socket", "ssl"})
"""A bare `ConnectionResetError` or `JSONDecodeError` is a library's if it came out of one of these."""


SUCCESSES = frozenset({*range(200, 300), 304})
"""Statuses of an answer to go on with; 304 is one to a question that asked for it."""


class UnknownResponseError(TypeError):
    """What was given is no response of a library that is understood."""

    def __init__(self, given: object) -> None:
        kind = type(given)
        super().__init__(
            f"{kind.__module__}.{kind.__qualname__} is no response that Failwell understands: it reads those of "
            f"{UNDERSTOOD}. Pass what the library gave you, before `.json()` or `.text`."
        )


@cache
def library(root: str) -> Library | None:
    """What knows the classes of the package *root*."""
    if root not in LIBRARIES:
        return None
    module, name = LIBRARIES[root]
    made: Library = getattr(import_module(f"failwell.adapt.libraries.{module}"), name)()
    return made


def library_of_response(response: object) -> Library | None:
    """The library that *response* is of, or None."""
    found = _of_class(cast("type", type(response)))
    if found is None and isinstance(response, Mapping) and isinstance(response.get("ResponseMetadata"), Mapping):
        return library("botocore")
    return found


@cache
def _of_class(cls: type) -> Library | None:
    for each in cls.__mro__:
        if (found := library(each.__module__.partition(".")[0])) is not None:
            # A library has other classes, too; what urllib's `urlopen` raises and returns is an `addinfourl`.
            return found if any("Response" in name or name == "addinfourl" for name in _names(cls)) else None
    return None


def _names(cls: type) -> list[str]:
    return [each.__name__ for each in cls.__mro__]


def library_of_exception(problem: BaseException) -> tuple[Library, FailureRow | None] | None:
    """The library that raised *problem*, and what that is there; None for one of somebody else."""
    for cls in type(problem).__mro__:
        root = cls.__module__.partition(".")[0]
        if root in LIBRARIES:
            found = library(root)
            assert found is not None
            return found, found.row(problem)
    if isinstance(problem, SYSTEM_ERRORS) and _came_out_of_a_library(problem):
        found = library("urllib")
        assert found is not None
        return None if (row := found.row(problem)) is None else (found, row)
    return None


SYSTEM_ERRORS = (OSError, EOFError, ValueError, OverflowError, RecursionError, MemoryError)
"""What the standard library raises where a server sends what cannot be: lengths below 0, or beyond all memory."""


def _came_out_of_a_library(problem: BaseException) -> bool:
    """Whether *problem* was raised in a library, or by the standard library for one, and not in a hook of the caller's.

    The frames of its traceback say so, from the caller's own to the innermost.
    """
    theirs, tail = False, problem.__traceback__
    while tail is not None:
        root = str(tail.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        theirs = root in WHERE_SYSTEM_ERRORS_ARE_THEIRS or (theirs and root in sys.stdlib_module_names)
        tail = tail.tb_next
    return theirs
