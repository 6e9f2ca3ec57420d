"""The error contract of `spec/vectorshift.txt` as a sample: a deep tree, a lossy envelope, a raised body cap."""

from __future__ import annotations

from typing import Annotated

import failwell
from failwell import Catalogue, Details, Local, Message, Status, field
from failwell.wire import FirstOf


class VectorshiftError(failwell.Error):
    """Base for every SDK error."""

    message: Message = field(kw_only=False)


class VectorshiftApiError(VectorshiftError):
    """HTTP error from the API."""

    status_code: Annotated[int | None, Status()] = None
    method: Annotated[str, Local()] = ""
    endpoint: Annotated[str, Local()] = ""

    @property
    def error_message(self) -> str:
        """What the server said."""
        return self.message

    @property
    def raw_response(self) -> str:
        """Original response body."""
        return self.body.decode("utf-8", "replace")

    def __str__(self) -> str:
        call = f"{self.status_code} from {self.method} {self.endpoint}: {super().__str__()}"
        return f"{call} {self.case.fix}" if self.case.fix else call


ApiStatusError = VectorshiftApiError


class BadRequestError(VectorshiftApiError, status=400, fix="Check the call arguments against the reference."):
    """Malformed request body."""


class AuthenticationError(VectorshiftApiError, status=401, fix="Generate a new key."):
    """The key is missing, expired or revoked."""


class PermissionDeniedError(VectorshiftApiError, status=403, fix="Use a key from the org that owns the object."):
    """The key is valid, but lacks scope."""


class NotFoundError(VectorshiftApiError, status=404, fix="Verify the id in the platform, or fetch by name."):
    """The object does not exist, or is not yours."""


class UnprocessableEntityError(VectorshiftApiError, status=422):
    """The payload was rejected semantically."""


class RateLimitError(VectorshiftApiError, status=429, retry="throttled", fix="Back off and retry with jitter."):
    """Too many requests."""


class InternalServerError(VectorshiftApiError, status="5XX", retry="transient", fix="Retry once."):
    """Server-side issue."""


class PipelineRunFailedError(VectorshiftApiError, source="job", fix="Read `e.run_error`."):
    """The run completed with failed status."""

    task_id: Annotated[str | None, Details()] = None
    run_error: Annotated[str | None, Details()] = None


class PollTimeoutError(VectorshiftApiError, source="client", on="poll_timeout"):
    """Polling exceeded the timeout."""

    task_id: Annotated[str | None, Local()] = None
    timeout: Annotated[float | None, Local()] = None


class ApiConnectionError(VectorshiftError, source="transport", on="network"):
    """Network-level failure."""


class ApiTimeoutError(ApiConnectionError, source="transport", on="timeout"):
    """The request timed out before reaching the API."""


class SessionError(VectorshiftError, source="transport", on="session"):
    """Base for session errors."""


class SessionDisconnectedError(SessionError, source="transport", on="disconnected"):
    """The websocket dropped."""

    close_code: Annotated[int | None, Local()] = None
    reason: Annotated[str, Local()] = ""


CATALOGUE = Catalogue(
    "vectorshift",
    base=VectorshiftError,
    default=VectorshiftApiError,
    errors=(
        VectorshiftError,
        VectorshiftApiError,
        BadRequestError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        UnprocessableEntityError,
        RateLimitError,
        InternalServerError,
        PipelineRunFailedError,
        PollTimeoutError,
        ApiConnectionError,
        ApiTimeoutError,
        SessionError,
        SessionDisconnectedError,
    ),
    envelope=FirstOf(),
    body_cap=1024 * 1024,
)
