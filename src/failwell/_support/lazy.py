"""Lazy imports and lazily made members: loaded when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")

NO_FIELDS = ("ClassVar", "KW_ONLY")
"""Annotations that say something else than "this is a field"."""


def annotations_of(cls: type) -> dict[str, Any]:
    """The fields that *cls* itself declares, each with its annotation as it was written."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        found = get_annotations(cls, format=Format.FORWARDREF)
    else:
        # What `inspect.get_annotations` does, whose import takes longer than that of a contract.
        found = cls.__dict__.get("__annotations__", {})  # noqa: RUF063
    return {name: hint for name, hint in found.items() if _outermost(hint) not in NO_FIELDS}


def _outermost(hint: object) -> str:
    """The name of a type without its module and its brackets: "ClassVar" of `typing.ClassVar[int]`."""
    return str(hint).partition("[")[0].rpartition(".")[2]


def dataclass_like(cls: type, annotations: dict[str, Any], body: dict[str, Any], **options: bool) -> type:
    """A dataclass with the name, the module and the *annotations* of *cls*, and the defaults in *body*."""
    from dataclasses import dataclass

    # It has a docstring, because `dataclass` would write one at some cost.
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__name__}
    return dataclass(**options)(type(cls.__name__, (), {**body, **names, "__annotations__": annotations}))


class LazyMember:
    """A member of *owner*, as the dataclass has it that *make* makes of that class; made when somebody looks."""

    def __init__(self, owner: type, name: str, make: Callable[[type], type]) -> None:
        self.owner = owner
        self.name = name
        self.make = make

    def __get__(self, instance: object, cls: type | None = None) -> Any:
        # From here on the owner has the member itself. Two threads make the same, and the second replaces the first.
        member = getattr(self.make(self.owner), self.name)
        setattr(self.owner, self.name, member)
        return member.__get__(instance, cls) if isinstance(member, FunctionType) else member


class remembered(Generic[T]):  # noqa: N801 - it is written as `property` is
    """A property that is computed when it is first read: what `functools.cached_property` is, without its lock."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, cls: type) -> Self: ...
    @overload
    def __get__(self, instance: object, cls: type | None = None) -> T: ...
    def __get__(self, instance: object | None, cls: type | None = None) -> Self | T:
        if instance is None:
            return self
        # From here on the instance has the value itself. Two threads compute the same.
        value = instance.__dict__[self.compute.__name__] = self.compute(instance)
        return value


def lazy_exports(package: str, names: dict[str, str]) -> None:
    """Let the *names* of a *package*, in one text for each module that has them, be loaded when they are first used.

    The module is one of the *package*, or with a dot before it (".runtime.transport") one beside it. They are its
    `__all__`, unless it says another after this call.
    """
    module = sys.modules[package]
    late = {name: home for home, those in names.items() for name in those.split()}
    module.__dict__.update(_late=late, __all__=[*late])
    module.__class__ = _LatePackage


class _LatePackage(ModuleType):
    _late: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        if name not in self._late:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = self.__dict__[name] = getattr(import_module(f".{self._late[name]}", self.__name__), name)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._late})
