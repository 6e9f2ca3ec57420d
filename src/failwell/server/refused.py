"""What the server's own rooms and its framework refuse, turned into errors of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from failwell.contract import Body, Catalogue, Error, Header
from failwell.contract.spec import FieldSpec, specs_of
from failwell.contract.types import UnfitError
from failwell.contract.value import changed
from failwell.wire import Reply, render
from failwell.wire.parse import build

NONE: Mapping[str, str] = MappingProxyType({})

ENTRIES = (Body("detail"), Body("error.details"))
"""Where a body lists the fields that were rejected."""


class Refused(Exception):  # noqa: N818 - an answer on its way, not an error
    """A request that goes no further, with the status and words of the answer. It never leaves this package.

    *entries* are the field errors of a 422. *headers* have lower-case names.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] = NONE,
        entries: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers
        self.entries = entries


def as_error(refused: Refused, catalogue: Catalogue) -> Error:
    """The error of *catalogue* for the status and code, with every field that *refused* has something for."""
    status = _known(refused, catalogue)
    cls, case = catalogue.resolve(status, refused.code)
    error = build(cls, {spec.name: _value(spec, refused, status) for spec in specs_of(cls)})
    # The status and the code hold even where the class is the catch-all, which has neither.
    wanted = changed(case, status=status, code=refused.code or case.code)
    if error.case != wanted:
        error.become(wanted)
    return error


def reply_to(refused: Refused, catalogue: Catalogue, request_id: str) -> Reply:
    """The reply that *refused* travels as, headers included."""
    reply = render(as_error(refused, catalogue), catalogue, request_id=request_id)
    return changed(reply, headers={**reply.headers, **refused.headers})


def _known(refused: Refused, catalogue: Catalogue) -> int:
    """The status of *refused*; 400 for a malformed request, where the catalogue knows no 422."""
    if refused.status != 422 or not refused.entries:
        return refused.status
    claimed = {case.status for _, case in catalogue.cases()}
    return 400 if 400 in claimed and 422 not in claimed else 422


def _value(spec: FieldSpec, refused: Refused, status: int) -> Any:
    if spec.is_message:
        return refused.message
    if spec.is_status:
        return status
    if spec.is_code:
        return refused.code if refused.code is not None else spec.fallback()
    found: Any = None
    if isinstance(spec.mark, Header):
        found = refused.headers.get(spec.mark.name.lower())
    elif refused.entries and spec.mark in ENTRIES:
        found = [dict(entry) for entry in refused.entries]
    if found is None:
        return spec.fallback()
    try:
        return spec.fit(found)
    except UnfitError:
        return spec.fallback()
