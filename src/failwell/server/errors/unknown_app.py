"""What `install` says of something that is no app it knows: what it was given, and what to give instead."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType

DJANGO = "For Django, put failwell.server.frameworks.django.ContractMiddleware into MIDDLEWARE."
DEEPEST = 8
"""How many wrappers are looked into for an app."""


def unknown_app(given: object, known: Callable[[type], bool]) -> TypeError:
    """The error for *given*, which is no app of a framework; *known* tells the classes that are."""
    said, remedy = _described(given, known)
    return TypeError(
        f"install() needs an app of Starlette, FastAPI, Litestar, Quart, aiohttp.web or Flask, this is {said}. "
        f"{remedy} {DJANGO}"
    )


def _described(given: object, known: Callable[[type], bool]) -> tuple[str, str]:
    """What *given* is, and what to do."""
    if given is None:
        return "None", "Give it the app: a function that makes one has to return it."
    if isinstance(given, str):
        return f"the text {given[:80]!r}", "Import the app, and give it the app itself."
    if isinstance(given, ModuleType):
        apps = [name for name, value in vars(given).items() if known(type(value))]
        found = f"Give it the app in it: {given.__name__}.{apps[0]}." if apps else "Give it the app itself."
        return f"the module {given.__name__}", found
    if isinstance(given, type):
        return f"the class {given.__qualname__}", f"Give it the app itself: {given.__name__}(...)."
    if inspect.isroutine(given):
        return _of_function(given, known)
    kind = _kind(given)
    inner = next((each for each in _inside(given) if known(type(each))), None)
    if inner is None:
        return kind, "Give it the app itself, before it is wrapped in anything."
    return f"{kind} around a {type(inner).__qualname__}", "Give it the app itself, before it is wrapped in anything."


def _of_function(given: object, known: Callable[[type], bool]) -> tuple[str, str]:
    name = getattr(given, "__qualname__", "")
    owner = getattr(given, "__self__", None)
    if owner is not None and known(type(owner)):
        return f"the method {name}", f"Give it the {type(owner).__qualname__} itself."
    called = name.rpartition(".")[2]
    remedy = f"If it makes the app, call it: {called}()." if called.isidentifier() else "If it makes the app, call it."
    return f"the function {name}", f"{remedy} A plain ASGI or WSGI app has no errors of a framework to be answered."


def _kind(given: object) -> str:
    """The class of *given*, and whose it is."""
    cls = type(given)
    library = cls.__module__.partition(".")[0]
    named = f"an {cls.__qualname__}" if cls.__qualname__[0] in "AEIOU" else f"a {cls.__qualname__}"
    return named if library == "builtins" else f"{named} of {library}"


def _inside(given: object) -> Iterator[object]:
    """What *given* holds, the nearest first."""
    looked_into: set[int] = set()
    layer: list[object] = [given]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for each in layer:
            looked_into.add(id(each))
            values = [*getattr(each, "__dict__", {}).values(), getattr(each, "__self__", None)]
            values += [getattr(each, name, None) for name in getattr(type(each), "__slots__", ())]
            inner += [value for value in values if value is not None and id(value) not in looked_into]
        yield from inner
        # A wrapper holds what it wraps; lists and tables of other things are not looked through.
        wrappers: list[object] = [each for each in inner if callable(each) and not isinstance(each, type)]
        layer = wrappers[:32]
