"""FastAPI's own complaints as errors of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from failwell.server import MOST_FIELD_ERRORS, redacted_field_error, shorten
from pictograph.exceptions import ValidationError

_SHOWN = 3
_LONGEST_KEY = 64


def as_contract_error(exc: Exception) -> Exception | None:
    """The error of the contract that says the same as *exc*, or None if nothing is known about it.

    A malformed request becomes `ValidationError`, without the values that were sent.
    """
    if isinstance(exc, RequestValidationError):
        return invalid(redacted_field_error(problem) for problem in exc.errors()[:MOST_FIELD_ERRORS])
    if isinstance(exc, HTTPException) and exc.status_code == 400:
        # FastAPI's answer to a body that its JSON decoder gave up on: nested too deep, a number of 5,000 digits.
        return invalid([{"loc": ["body"], "msg": "The body cannot be read as JSON", "type": "json_invalid"}])
    return None


def invalid(errors: Iterable[Mapping[str, Any]]) -> ValidationError:
    """A `ValidationError` that lists *errors* and sums them up."""
    listed = [dict(error) for error in islice(errors, MOST_FIELD_ERRORS)]
    shown = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in listed[:_SHOWN])
    more = f"; and {len(listed) - _SHOWN} more in .errors" if len(listed) > _SHOWN else ""
    fields = "1 field was" if len(listed) == 1 else f"{len(listed)} fields were"
    return ValidationError(f"{fields} rejected: {shown}{more}.", errors=listed)


def invalid_field(loc: list[str | int], msg: str, kind: str = "value_error") -> ValidationError:
    """A `ValidationError` about the one field at *loc*."""
    return invalid([{"loc": loc, "msg": msg, "type": kind}])


def shortened(key: object) -> str:
    """*key* fit to be shown: short, and without what UTF-8 cannot carry."""
    return shorten(str(key), _LONGEST_KEY)
