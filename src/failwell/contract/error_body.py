"""What an error body says whatever its envelope: status, code, message, details, request id."""

# Without `from __future__ import annotations`: a NamedTuple compiles types that are text, each time it is imported.
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from failwell.contract.case import EnvelopeLayer

NO_DETAILS: Mapping[str, Any] = MappingProxyType({})


class ErrorBody(NamedTuple):
    """What an error body says, whatever its shape. *address* is the page that explains its code.

    *reserved* are the keys of the details that are the envelope's own, *layer* is who says it: see `Case`.
    *field_errors* are there where the message is to be a sentence about them, and has not been made yet.
    """

    status: int = 0
    code: str | None = None
    message: str | None = None
    details: Mapping[str, Any] = NO_DETAILS
    request_id: str | None = None
    address: str | None = None
    reserved: frozenset[str] = frozenset()
    layer: EnvelopeLayer | None = None
    field_errors: list[Any] | None = None
