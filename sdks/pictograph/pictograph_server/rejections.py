"""Rejected fields as a `ValidationError`, which lists them and sums them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from failwell.server import MOST_FIELD_ERRORS
from failwell.wire import summarize_field_errors
from pictograph.exceptions import ValidationError


def invalid(errors: Iterable[Mapping[str, Any]]) -> ValidationError:
    """A `ValidationError` about the fields that *errors* tell of."""
    listed = [dict(error) for error in islice(errors, MOST_FIELD_ERRORS)]
    return ValidationError(summarize_field_errors(listed), errors=listed)


def invalid_field(loc: list[str | int], msg: str, kind: str = "value_error") -> ValidationError:
    """A `ValidationError` about the one field at *loc*."""
    return invalid([{"loc": loc, "msg": msg, "type": kind}])
