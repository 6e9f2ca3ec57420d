from __future__ import annotations

from typing import Annotated, Any

import pytest

import failwell
from failwell import Code, Local, Message, Status, field
from failwell._support import truncation


class DeskError(failwell.Error):
    message: Message = field(default="No.", kw_only=False)


class LostError(DeskError, status=404, code="lost"):
    number: int | None = None
    tags: list[str] = field(default_factory=list)


class NamedError(failwell.Error):
    message: Message = field(kw_only=False)
    error_code: Annotated[str | None, Code()] = None
    status_code: Annotated[int | None, Status()] = None
    kept: Annotated[Any, Local()] = None


class BareError(failwell.Error): ...


class OddError(DeskError):
    """Its field cannot be shown."""

    what: Annotated[Any, Local()] = None


class Unshown:
    """Fails when it is shown."""

    def __repr__(self) -> str:
        raise ValueError("no")


SHOWN: list[tuple[failwell.Error, str]] = [
    (LostError("Gone", number=5), "LostError('Gone', code='lost', status=404, number=5, tags=[])"),
    (LostError(), "LostError('No.', code='lost', status=404, tags=[])"),
    (DeskError("x"), "DeskError('x')"),
    (NamedError("x", error_code="busy", status_code=429), "NamedError('x', error_code='busy', status_code=429)"),
    (NamedError("x", kept={"a": 1}), "NamedError('x', kept={'a': 1})"),
    (BareError(), "BareError()"),
    (OddError("x", what=Unshown()), "OddError('x', what=<Unshown>)"),
    (OddError("x", what=[Unshown()]), "OddError('x', what=<list>)"),
]


@pytest.mark.parametrize(("error", "expected"), SHOWN)
def test_repr(error: failwell.Error, expected: str) -> None:
    """
    The repr of an error shows its message, code and status, and its fields that hold something.
    """
    assert expected == repr(error)


def test_repr_is_short() -> None:
    """
    R5. It stays short, whatever the fields hold.
    """
    long = LostError("x" * 100_000, tags=["y" * 1000] * 1000)

    assert len(repr(long)) < truncation.TEXT
    assert repr(long).startswith("LostError('xxx")
