"""Every error the Pictograph SDK raises.

PictographError
├── ConfigurationError    — missing API key, invalid base URL
├── AuthError             — 401 (bad / missing / revoked key)
├── ForbiddenError        — 403 (role lacks permission)
├── NotFoundError         — 404 (resource missing)
├── ConflictError         — 409 (duplicate name, optimistic-lock fail)
├── ValidationError       — 422 (payload shape rejected)
├── PaymentRequiredError  — 402 (out of credits)
├── RateLimitError        — 429 (per-key rate cap hit)
├── ServerError           — 5xx (transient backend failure)
├── NetworkError          — connection / DNS / TLS failure
├── RequestTimeoutError   — request exceeded the SDK's timeout budget
├── PollTimeoutError      — long-running job (training, batch SAM3) didn't finish
└── ApiError              — catch-all for unmatched status codes
"""

from __future__ import annotations

from typing import Annotated, Any

import failwell
from failwell import Body, Case, Catalogue, Code, Header, Local, Message, Status, field
from failwell.wire import Detail


class PictographError(failwell.Error):
    """Base class of every error that the Pictograph SDK raises."""

    message: Message = field(kw_only=False)
    error_code: Annotated[str | None, Code()] = None
    """The backend's machine-readable code, e.g. "idempotency_conflict"."""
    status_code: Annotated[int | None, Status()] = field(default=None, init=False)
    """The HTTP status, or None for an error that no reply told of."""


class ConfigurationError(
    PictographError,
    source="client",
    on="configuration",
    fix="Set PICTOGRAPH_API_KEY, or pass `api_key` to the client.",
):
    """The client cannot be built: no API key, an invalid base URL, a negative timeout."""


class AuthError(PictographError, status=401, fix="Re-issue the key."):
    """The API key is missing, malformed, unknown or revoked."""


class ForbiddenError(PictographError, status=403, fix="Use a `member`+ key."):
    """The key's role lacks the permission, e.g. a `viewer` key calling a write operation."""


class NotFoundError(PictographError, status=404, fix="Verify the name with `pictograph datasets list`."):
    """The resource does not exist, or belongs to somebody else. Dataset names are case-sensitive."""


class ConflictError(
    PictographError,
    status=409,
    fix="Pass `skip_existing=True` to the upload workflow, or use a new name.",
    cases=(
        Case("duplicate_name", 409, cause="A dataset or an export of that name exists.", fix="Use a new name."),
        Case("duplicate_filename", 409, cause="The folder has an image of that filename."),
        Case(
            "version_conflict",
            409,
            cause="Somebody saved since the version that this save started from.",
            fix="Fetch the current version, merge, and save again.",
        ),
        Case(
            "idempotency_conflict",
            409,
            cause="The idempotency key was used for another body within the last 24 hours.",
            fix="Use a new `idempotency_key` for a new body.",
        ),
        Case(
            "idempotency_in_progress",
            409,
            cause="A call with the same idempotency key is still running.",
            fix="Wait for the first call to end.",
            retry="in_progress",
        ),
    ),
):
    """A duplicate name, a stale version, or an idempotency key used for another body."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None
    """Seconds until the first call with the same key is expected to be done."""


class ValidationError(PictographError, status=422, fix="Fix the payload: every offending field is in `e.errors`."):
    """The shape of the payload was rejected, e.g. `class` instead of `name`, or a flat polygon array."""

    errors: Annotated[list[dict[str, Any]], Body("detail")] = field(default_factory=list)
    """One `{"loc": [...], "msg": "...", "type": "..."}` per offending field."""


class PaymentRequiredError(PictographError, status=402, fix="Show `e.upgrade_url` to the user."):
    """Out of credits. Never retried."""

    required: Annotated[int | None, Body("detail.required")] = None
    """Credits the operation costs."""
    remaining: Annotated[int | None, Body("detail.remaining")] = None
    """Credits left."""
    upgrade_url: Annotated[str | None, Body("detail.upgrade_url")] = None
    """Where the user can top up."""


class RateLimitError(
    PictographError,
    status=429,
    retry="throttled",
    fix="Wait `e.retry_after` seconds. The SDK waits by itself for up to 120 s.",
):
    """The per-key rate cap was hit."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None
    """Seconds to wait before the next call."""


class ServerError(
    PictographError, status="5XX", retry="transient", fix="Try again later, and quote the request id if it persists."
):
    """The backend failed, and went on failing while the SDK retried."""

    status_code: Annotated[int | None, Status()] = None


class NetworkError(
    PictographError,
    source="transport",
    on="network",
    retry="transient",
    fix="Retry idempotent operations; look first whether a non-idempotent one took effect.",
):
    """The connection failed or was dropped: DNS, connect, TLS, reset, a cut reply."""


class RequestTimeoutError(
    PictographError,
    source="transport",
    on="timeout",
    retry="transient",
    fix="Raise `timeout`, or send less at once.",
):
    """One attempt took longer than the client's `timeout`."""

    timeout: Annotated[float | None, Local()] = None
    """The budget of one attempt, in seconds."""


class PollTimeoutError(
    PictographError,
    source="client",
    on="poll_timeout",
    fix="The job was not cancelled. Re-poll with `client.training.get(e.run_id)`.",
    cases=(
        Case(
            on="batch_poll_timeout",
            cause="A batch auto-annotation did not finish within `timeout`.",
            fix="The job was not cancelled. Re-poll with `client.auto_annotate.get_batch(e.job_id)`.",
        ),
        Case(
            on="import_poll_timeout",
            cause="A dataset import did not finish within `timeout`.",
            fix="The job was not cancelled. Re-poll with `client.connectors.get_import(e.import_id)`.",
        ),
    ),
):
    """A long-running job did not finish within `timeout`. It keeps running on the backend."""

    resource_id: Annotated[str | None, Local()] = None
    """The id of the job, whatever its kind."""
    run_id: Annotated[str | None, Local()] = None
    """The id of a training run."""
    job_id: Annotated[str | None, Local()] = None
    """The id of a batch auto-annotation."""
    import_id: Annotated[str | None, Local()] = None
    """The id of a dataset import."""
    timeout: Annotated[float | None, Local()] = None
    """How long was waited, in seconds."""
    last_result: Annotated[Any, Local()] = None
    """What the last poll saw."""


class ApiError(PictographError, fix="Read the message; quote the request id to support."):
    """Any other status: the catch-all for codes that no other class claims."""

    status_code: Annotated[int | None, Status()] = 400


EVERYWHERE = (
    AuthError,
    ForbiddenError,
    RateLimitError,
    ServerError,
    NetworkError,
    RequestTimeoutError,
    ApiError,
)
"""What any operation may raise."""

WRITES = (ConflictError, ValidationError)

JOBS = (NotFoundError, PaymentRequiredError, ValidationError)
"""What a job may end with, told to whoever waits for it."""

CATALOGUE = Catalogue(
    "pictograph",
    base=PictographError,
    default=ApiError,
    envelope=Detail(code="error_code"),
    idempotency="server",
    everywhere=EVERYWHERE,
    operations={
        "datasets.list": ValidationError,
        "datasets.iter": ValidationError,
        "datasets.get": NotFoundError,
        "datasets.create": WRITES,
        "images.list": (NotFoundError, ValidationError),
        "images.iter": (NotFoundError, ValidationError),
        "images.get": NotFoundError,
        "images.upload": (*WRITES, NotFoundError),
        "images.upload_url": (*WRITES, NotFoundError),
        "images.put": (ValidationError, ConflictError),
        "images.register": (*WRITES, NotFoundError),
        "annotations.get": NotFoundError,
        "annotations.save": (*WRITES, NotFoundError),
        "auto_annotate.batch": (*WRITES, NotFoundError, PaymentRequiredError, PollTimeoutError),
        "auto_annotate.get_batch": NotFoundError,
        "auto_annotate.cancel_batch": (NotFoundError, ConflictError),
        "auto_annotate.quote": (NotFoundError, ValidationError, ConflictError),
        "auto_annotate.wait_for_batch": (*JOBS, PollTimeoutError),
        "connectors.validate": WRITES,
        "connectors.import_": (*WRITES, NotFoundError, PaymentRequiredError, PollTimeoutError),
        "connectors.get_import": NotFoundError,
        "connectors.cancel_import": (NotFoundError, ConflictError),
        "connectors.wait_for_import": (*JOBS, ConflictError, PollTimeoutError),
        "exports.list": (NotFoundError, ValidationError),
        "exports.iter": (NotFoundError, ValidationError),
        "exports.create": (*WRITES, NotFoundError),
        "exports.get": NotFoundError,
        "exports.delete": (NotFoundError, ConflictError),
        "exports.content": (NotFoundError, ValidationError),
        "exports.download": (NotFoundError, ConflictError),
        "training.create": (*WRITES, NotFoundError, PaymentRequiredError, PollTimeoutError),
        "training.get": NotFoundError,
        "training.list": ValidationError,
        "training.iter": ValidationError,
        "training.wait_for_completion": (NotFoundError, PollTimeoutError),
        "models.get": NotFoundError,
        "models.list": ValidationError,
        "models.iter": ValidationError,
    },
)

__all__ = [
    "CATALOGUE",
    "ApiError",
    "AuthError",
    "ConfigurationError",
    "ConflictError",
    "ForbiddenError",
    "NetworkError",
    "NotFoundError",
    "PaymentRequiredError",
    "PictographError",
    "PollTimeoutError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "ValidationError",
]
