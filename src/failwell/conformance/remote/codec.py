"""Decodes results and exceptions that the SDK's process sends."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, ClassVar, cast

from failwell._support.exception_fields import ExceptionFields
from failwell.conformance.errors import ShortfallError


class MissingAttributeError(ExceptionFields, ShortfallError, AttributeError):
    """What the SDK returned has no attribute *attribute*; *has* are those there are."""

    kind: str
    attribute: str
    has: tuple[str, ...]

    template = "{kind}.{attribute}: expected a value, saw no such attribute; it has {has}"


class RemoteObject:
    """What the SDK returned: its attributes, as they were when it did."""

    def __init__(self, kind: str, shown: str, attributes: Mapping[str, Any]) -> None:
        self._kind = kind
        self._shown = shown
        self._attributes = attributes

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._attributes:
            raise MissingAttributeError(self._kind, name, tuple(self._attributes))
        return self._attributes[name]

    def __repr__(self) -> str:
        return self._shown


class RemoteError(Exception):
    """What the SDK raised: its text, its attributes, its cause. Each class of the SDK has a class of its own here.

    *mro* names the bases of the SDK's class, itself first. *unpicklable* is what pickling did to it there, or "".
    """

    mro: ClassVar[tuple[str, ...]] = ()
    unpicklable = ""


class Unreadable:
    """An attribute of the SDK's that cannot be read; *problem* is what reading it raised."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __repr__(self) -> str:
        return f"<reading it raises {self.problem}>"


class RemoteClasses:
    """The SDK's exception classes: one class on this side for each."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], type[RemoteError]] = {}

    def of(self, picture: Mapping[str, Any]) -> type[RemoteError]:
        """The class that *picture* is of."""
        module, name = picture["module"], picture["name"]
        if (module, name) not in self._known:
            content = {"__module__": module, "__qualname__": name, "mro": tuple(picture["mro"])}
            self._known[module, name] = type(name.rpartition(".")[2], (RemoteError,), content)
        return self._known[module, name]

    def error(self, picture: Mapping[str, Any]) -> RemoteError:
        """The exception that *picture* is of, with what caused it."""
        error = self.of(picture["class"])(picture["text"])
        error.unpicklable = picture.get("unpicklable", "")
        vars(error).update({name: decoded(part) for name, part in picture["attributes"].items()})
        if picture["cause"] is not None:
            error.__cause__ = self.error(picture["cause"])
        return error


def decoded(picture: Any) -> Any:
    """The value that *picture* is of."""
    if isinstance(picture, list):
        return [decoded(part) for part in picture]
    if not isinstance(picture, dict):
        return picture
    ((kind, content),) = cast("dict[str, Any]", picture).items()
    if kind == "dict":
        return {_hashable(decoded(key)): decoded(part) for key, part in content}
    if kind == "tuple":
        return tuple(decoded(part) for part in content)
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "path":
        return Path(content)
    if kind == "unreadable":
        return Unreadable(content)
    attributes = {name: decoded(part) for name, part in content["attributes"].items()}
    return RemoteObject(content["class"]["name"], content["repr"], attributes)


def encoded(value: Any) -> Any:
    """*value*, for the SDK's process.

    Raises:
        TypeError: it is neither of JSON's types nor a tuple, bytes or a path.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if isinstance(value, Mapping):
        return {"dict": [[encoded(key), encoded(part)] for key, part in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [encoded(part) for part in value]}
    if isinstance(value, Sequence):
        return [encoded(part) for part in value]
    raise TypeError(f"{type(value).__name__} cannot be handed to an SDK in another process: pass plain values.")


def _hashable(key: Any) -> Any:
    return tuple(_hashable(part) for part in key) if isinstance(key, list) else key
