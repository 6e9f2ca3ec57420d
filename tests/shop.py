"""A small contract for the tests of failwell itself, which import no vendor's SDK where any contract will do.

It has a class for what each kind of test needs: a status, a code with cases, a range, fields from a header and a body,
each failure of a call, and a job.
"""

from __future__ import annotations

from typing import Annotated, Any

import failwell
from failwell import Body, Case, Catalogue, Code, Header, Local, Message, Status, field
from failwell.wire import Detail


class ShopError(failwell.Error):
    """Base of everything that the shop raises."""

    message: Message = field(kw_only=False)
    error_code: Annotated[str | None, Code()] = None
    status_code: Annotated[int | None, Status()] = field(default=None, init=False)


class ConfigurationError(ShopError, source="client", on="configuration", fix="Pass `api_key`."):
    """The client cannot be built."""


class AuthError(ShopError, status=401):
    """The key is unknown."""


class NotFoundError(ShopError, status=404, fix="Look at the list."):
    """It is not there."""


class ConflictError(
    ShopError,
    status=409,
    cases=(
        Case("duplicate_name", 409, cause="There is one of that name.", fix="Use a new name."),
        Case("idempotency_conflict", 409, cause="The key was used for another body.", fix="Use a new key."),
        Case("idempotency_in_progress", 409, cause="A call with the same key still runs.", retry="in_progress"),
    ),
):
    """Somebody else has it."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


class ValidationError(ShopError, status=422, fix="Look at `e.errors`."):
    """The order is wrong."""

    errors: Annotated[list[dict[str, Any]], Body("detail")] = field(default_factory=list)


class PaymentRequiredError(ShopError, status=402, fix="Show `e.upgrade_url` to the user."):
    """The purse is empty."""

    required: Annotated[int | None, Body("detail.required")] = None
    remaining: Annotated[int | None, Body("detail.remaining")] = None
    upgrade_url: Annotated[str | None, Body("detail.upgrade_url")] = None


class RateLimitError(ShopError, status=429, retry="throttled", fix="Wait `e.retry_after` seconds."):
    """Too many customers at once."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


class ServerError(
    ShopError, status="5XX", retry="transient", fix="Try again later, and quote the request id if it persists."
):
    """The shop is broken."""

    status_code: Annotated[int | None, Status()] = None


class NetworkError(ShopError, source="transport", on="network", retry="transient", fix="Look at the cable."):
    """No whole answer came."""


class RequestTimeoutError(ShopError, source="transport", on="timeout", retry="transient", fix="Raise `timeout`."):
    """No answer came in time."""

    timeout: Annotated[float | None, Local()] = None


class PollTimeoutError(
    ShopError,
    source="client",
    on="poll_timeout",
    fix="It was not cancelled. Re-poll with `client.orders.get(e.resource_id)`.",
):
    """An order was not done in time."""

    resource_id: Annotated[str | None, Local()] = None
    timeout: Annotated[float | None, Local()] = None
    last_result: Annotated[Any, Local()] = None


class ApiError(ShopError, fix="Read the message."):
    """Whatever else the shop says."""

    status_code: Annotated[int | None, Status()] = 400


CATALOGUE = Catalogue(
    "shop",
    base=ShopError,
    default=ApiError,
    envelope=Detail(code="error_code"),
    idempotency="server",
    everywhere=(AuthError, RateLimitError, ServerError, NetworkError, RequestTimeoutError, ApiError),
    operations={
        "things.get": NotFoundError,
        "things.create": (NotFoundError, PaymentRequiredError, ConflictError, ValidationError),
    },
)
