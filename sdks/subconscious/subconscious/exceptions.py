"""Every error the Subconscious SDK raises.

SubconsciousError        — any failure: permission_denied, service_unavailable, timeout, internal_error
├── ValidationError      — 400 invalid_request
├── AuthenticationError  — 401 authentication_failed
├── NotFoundError        — 404 not_found
└── RateLimitError       — 429 rate_limited

RequestTooLargeError     — a ValueError: a run's body above 5 MiB, raised before any request
"""

from __future__ import annotations

from typing import Annotated, Any

import failwell
from failwell import Body, Case, Catalogue, Code, Header, Local, Message, Status, field
from failwell.wire import ErrorObject

MOST_BYTES = 5 * 1024 * 1024
"""The limit of the API for the body of a run, in bytes as they are sent: 5 MiB."""

BACK_OFF = "Wait `e.retry_after` seconds where the server says so; the SDK waits by itself, with exponential backoff."


class SubconsciousError(
    failwell.Error,
    retry="never",
    cases=(
        Case(
            "internal_error",
            "5XX",
            cause="The server failed, in a way that has no code of its own.",
            fix="Retry with backoff; the SDK did, where that was safe.",
            retry="transient",
        ),
        Case(
            "internal_error",
            cause="The server gave an answer that has no line of its own on the page.",
            fix="Read the message; quote the request id to support.",
        ),
        Case("permission_denied", 403, cause="The key may not do this.", fix="Check the permissions of the key."),
        Case(
            "service_unavailable",
            503,
            cause="The engine is down.",
            fix="Retry in a few minutes.",
            retry="transient",
        ),
        Case("timeout", 504, cause="The engine was too slow.", fix="Retry with a longer `timeout`.", retry="transient"),
        Case(
            "service_unavailable",
            on="network",
            cause="No whole answer came: connect, DNS, TLS, reset, or a stream that broke off.",
            fix="Look first whether the run took effect, then try again.",
            retry="transient",
        ),
        Case(
            "timeout",
            on="timeout",
            cause="No answer came within the client's `timeout`.",
            fix="Retry with a longer `timeout`.",
            retry="transient",
        ),
        Case(
            "timeout",
            on="poll_timeout",
            cause="The run did not end within the `timeout` of the wait.",
            fix="The run was not canceled. Wait on with `client.wait(run_id)`.",
        ),
        Case(
            "internal_error",
            on="unreadable",
            cause="The answer could not be read.",
            fix="Quote the request id to support.",
        ),
    ),
):
    """The API refused a request, failed, or did not answer. `str(e)` is "<code>: <message>"."""

    message: Message = field(kw_only=False)
    code: Annotated[str, Code()] = field(init=False)
    """What went wrong: one of the page's eight codes. The HTTP status decides it; `body_code` is the body's."""
    status: Annotated[int, Status()] = field(init=False)
    """The HTTP status, 0 if none was received. So it is for a failed run, or an error in a stream."""
    details: Annotated[Any, Body("error.details")] = None
    """More about it, e.g. one entry for each invalid field, or None."""
    run_id: Annotated[str | None, Local()] = None
    """The id of the run that failed, or that was waited for in vain."""
    last_result: Annotated[Any, Local()] = None
    """What the last look at a run saw, where a wait ended before the run."""

    def __init__(
        self, code: str = "internal_error", message: str = "", status: int | None = None, details: Any = None
    ) -> None:
        self.code = code
        self.message = message
        self.status = STATUSES.get(code, 500) if status is None else status
        self.details = details
        self.args = (message,)

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


class ValidationError(
    SubconsciousError,
    code="invalid_request",
    status=400,
    fix="Fix the request: `e.details` says which fields are missing or wrong.",
    cases=(
        Case(
            "invalid_request",
            on="configuration",
            cause="The client cannot be built, or the call not be made: a base URL, a number that cannot work.",
            fix="Pass what the message asks for.",
        ),
    ),
):
    """A field is missing, of the wrong type, or has a value that cannot work."""

    def __init__(self, message: str = "The request is invalid", details: Any = None) -> None:
        super().__init__("invalid_request", message, 400, details)


class AuthenticationError(
    SubconsciousError,
    code="authentication_failed",
    status=401,
    fix="Add the header `Authorization: Bearer sk-...`; check that the key is active in the dashboard.",
):
    """The API key is missing, unknown or not active."""

    def __init__(self, message: str = "Invalid API key", details: Any = None) -> None:
        super().__init__("authentication_failed", message, 401, details)


class NotFoundError(SubconsciousError, code="not_found", status=404, fix="Verify the run id."):
    """There is no such run."""

    def __init__(self, message: str = "Resource not found", details: Any = None) -> None:
        super().__init__("not_found", message, 404, details)


class RateLimitError(SubconsciousError, code="rate_limited", status=429, retry="throttled", fix=BACK_OFF):
    """Too many requests."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None
    """Seconds until the next request is welcome, where the server says so."""

    def __init__(
        self, message: str = "Rate limit exceeded", details: Any = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__("rate_limited", message, 429, details)
        self.retry_after = retry_after


class RequestTooLargeError(ValueError):
    """The body of a run is above the API's limit of 5 MiB. Raised before any request; no `SubconsciousError`.

    *size* and *limit* are bytes.
    """

    def __init__(self, size: int, limit: int = MOST_BYTES) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"The body of the run has {self.size:,} bytes, {self.size - self.limit:,} more than the API takes "
            f"({self.limit:,}). Nothing was sent. Split the input over several runs, or send smaller images."
        )


STATUSES = {
    "invalid_request": 400,
    "authentication_failed": 401,
    "permission_denied": 403,
    "not_found": 404,
    "rate_limited": 429,
    "internal_error": 500,
    "service_unavailable": 503,
    "timeout": 504,
}
"""The page's codes, each with the status that it travels with."""

EVERYWHERE = (SubconsciousError, ValidationError, AuthenticationError, RateLimitError)
"""What any operation may raise."""

CATALOGUE = Catalogue(
    "subconscious",
    base=SubconsciousError,
    default=SubconsciousError,
    envelope=ErrorObject(details=False),
    idempotency="server",
    everywhere=EVERYWHERE,
    operations={
        "run": (),
        "stream": (),
        "get": NotFoundError,
        "wait": NotFoundError,
        "cancel": NotFoundError,
    },
    status_decides=True,
)

__all__ = [
    "CATALOGUE",
    "MOST_BYTES",
    "AuthenticationError",
    "NotFoundError",
    "RateLimitError",
    "RequestTooLargeError",
    "SubconsciousError",
    "ValidationError",
]
