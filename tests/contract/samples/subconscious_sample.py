"""The error contract of `spec/subconscious.txt` as a sample: one base class with many statuses, and a `ValueError`."""

from __future__ import annotations

from typing import Annotated, Any

import errata
from errata import Body, Case, Catalogue, Code, Local, Message, Status, field
from errata.wire import ErrorObject


class SubconsciousError(
    errata.Error, retry="transient", cases=(Case(None, 403), Case(None, 503), Case(None, 504), Case())
):
    """Base of the errors that the API answers with."""

    message: Message = field(kw_only=False)
    code: Annotated[str, Code()] = "internal_error"
    status: Annotated[int, Status()] = 500
    details: Annotated[Any, Body("error.info")] = None

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


class ValidationError(SubconsciousError, status=400, retry="never", fix="Fix request parameters."):
    """The request was invalid."""

    code: Annotated[str, Code()] = "invalid_request"
    status: Annotated[int, Status()] = 400


class AuthenticationError(SubconsciousError, status=401, retry="never", fix="Check API key."):
    """The API key is missing or invalid."""

    code: Annotated[str, Code()] = "authentication_failed"
    status: Annotated[int, Status()] = 401


class NotFoundError(SubconsciousError, status=404, retry="never", fix="Verify run ID."):
    """No such run."""

    code: Annotated[str, Code()] = "not_found"
    status: Annotated[int, Status()] = 404


class RateLimitError(SubconsciousError, status=429, retry="throttled", fix="Back off and retry."):
    """Too many requests."""

    code: Annotated[str, Code()] = "rate_limited"
    status: Annotated[int, Status()] = 429


class RequestTooLargeError(errata.Error, ValueError, source="client", on="too_large", fix="Split the input."):
    """The serialized run body exceeds the limit of the API. Not a `SubconsciousError`, by the page."""

    message: Message = field(kw_only=False)
    size: Annotated[int, Local()] = 0
    limit: Annotated[int, Local()] = 5 * 1024 * 1024


CATALOGUE = Catalogue(
    "subconscious",
    base=SubconsciousError,
    default=SubconsciousError,
    errors=(SubconsciousError, ValidationError, AuthenticationError, NotFoundError, RateLimitError),
    envelope=ErrorObject(),
)
