"""Requests that are refused for one field, as FastAPI refuses those which do not fit."""

from __future__ import annotations

from typing import NoReturn

from fastapi.exceptions import RequestValidationError


def refuse_field(loc: list[str | int], msg: str, kind: str = "value_error") -> NoReturn:
    """Refuse the request for the field at *loc*."""
    raise RequestValidationError([{"loc": loc, "msg": msg, "type": kind}])
