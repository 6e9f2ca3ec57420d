"""Field marks (`Body`, `Header`, `Details`, `Local`): what an error carries, and where each piece travels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar, overload

from failwell._support.frozen import Frozen

T = TypeVar("T")


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


class MessageMark(Frozen):
    """The human sentence; `args[0]` unless the class says otherwise."""


Message = Annotated[str, MessageMark()]
"""The type of the field that holds the human sentence."""


class Code(Frozen):
    """The field that holds the machine-readable code, where the envelope puts it."""


class Status(Frozen):
    """The field that holds the HTTP status the error travels with."""


class Body(Frozen):
    """A field at a fixed place of the JSON body: `Body("detail.required")`."""

    path: str


class Header(Frozen):
    """A field in a header: int, float, bool or printable ASCII."""

    name: str


class Details(Frozen):
    """A field in the envelope's details, under *key* or its own name; mirrored in `e.details`.

    It is left out where its value is the default, which says the same to our clients, unless it is sent *always*.
    """

    key: str | None = None
    always: bool = False


class AllDetails(Frozen):
    """A dict of all that the envelope's details hold, but what has a field of its own: often called `details`."""


class Local(Frozen):
    """A field that never travels: it lives and ends on the side that raised."""


Mark = MessageMark | Code | Status | Body | Header | Details | AllDetails | Local
MARKS = (MessageMark, Code, Status, Body, Header, Details, AllDetails, Local)


class Declared(Frozen):
    """What `field()` says, until its class is complete."""

    default: Any = MISSING
    factory: Any = MISSING
    init: bool = True
    kw_only: bool = True
    missing: object = MISSING

    @property
    def required(self) -> bool:
        """Whether nothing says what to fill in when a reply is silent."""
        return self.default is MISSING and self.factory is MISSING and self.missing is MISSING


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
    default: Any = MISSING,
    default_factory: Any = MISSING,
    init: bool = True,
    kw_only: bool = True,
    missing: object = MISSING,
) -> Any:
    """One field of an error class, like `dataclasses.field`.

    *missing* is what the parser fills in when a reply does not say: a required field needs one.
    """
    return Declared(default, default_factory, init, kw_only, missing)
