"""What an error carries, and where each piece of it travels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar, overload

T = TypeVar("T")


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class MessageMark:
    """The human sentence; `args[0]` unless the class says otherwise."""


Message = Annotated[str, MessageMark()]
"""The type of the field that holds the human sentence."""


@dataclass(frozen=True, slots=True)
class Code:
    """The field that holds the machine-readable code, where the envelope puts it."""


@dataclass(frozen=True, slots=True)
class Status:
    """The field that holds the HTTP status the error travels with."""


@dataclass(frozen=True, slots=True)
class Body:
    """A field at a fixed place of the JSON body: `Body("detail.required")`."""

    path: str


@dataclass(frozen=True, slots=True)
class Header:
    """A field in a header: int, float, bool or printable ASCII."""

    name: str


@dataclass(frozen=True, slots=True)
class Details:
    """A field in the envelope's details, under *key* or its own name; mirrored in `e.details`."""

    key: str | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A field that never travels: it lives and ends on the side that raised."""


Mark = MessageMark | Code | Status | Body | Header | Details | Local
MARKS = (MessageMark, Code, Status, Body, Header, Details, Local)


@overload
def field(*, default: T, init: bool = True, kw_only: bool = True, missing: object = MISSING) -> T: ...
@overload
def field(
    *, default_factory: Callable[[], T], init: bool = True, kw_only: bool = True, missing: object = MISSING
) -> T: ...
@overload
def field(*, init: Literal[False], kw_only: bool = True, missing: object = MISSING) -> Any: ...
@overload
def field(*, init: bool = True, kw_only: bool = True, missing: object = MISSING) -> Any: ...
def field(
    *,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
    init: bool = True,
    kw_only: bool = True,
    missing: object = MISSING,
) -> Any:
    """One field of an error class, like `dataclasses.field`.

    *missing* is what the parser fills in when a reply does not say: a required field needs one.
    """
    given: dict[str, Any] = {"init": init, "kw_only": kw_only, "metadata": {"missing": missing}}
    if default is not dataclasses.MISSING:
        given["default"] = default
    if default_factory is not dataclasses.MISSING:
        given["default_factory"] = default_factory
    return dataclasses.field(**given)
