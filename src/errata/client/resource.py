"""A group of operations, in the colour of the client it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from errata.client.core import Core


class Blocking:
    """The colour of a client whose methods return."""


class Awaiting:
    """The colour of a client whose methods are awaited."""


C = TypeVar("C", Blocking, Awaiting)


class Resource(Generic[C]):
    """Operations under one name: `class Training(Resource[C], name="training")`."""

    resource: ClassVar[str] = ""

    def __init_subclass__(cls, *, name: str | None = None) -> None:
        super().__init_subclass__()
        if name is not None:
            cls.resource = name

    def __init__(self, core: Core) -> None:
        self._core = core
