"""Every error the VectorShift SDK raises.

VectorshiftError                    # base for every SDK error; itself: a call that cannot be made as it was written
├── VectorshiftApiError             # HTTP error from the API (alias: ApiStatusError)
│   ├── BadRequestError             # 400
│   ├── AuthenticationError         # 401, and no key
│   ├── PermissionDeniedError       # 403
│   ├── NotFoundError               # 404
│   ├── UnprocessableEntityError    # 422, and nodes that cannot work, before they are sent
│   ├── RateLimitError              # 429
│   ├── InternalServerError         # 500+
│   ├── PipelineRunFailedError      # run completed with failed status
│   └── PollTimeoutError            # polling exceeded the timeout; also a TimeoutError
├── ApiConnectionError              # network-level failure
│   └── ApiTimeoutError             # request timed out before reaching the API
├── SessionError                    # base for session errors; itself: what the server says in one
│   └── SessionDisconnectedError    # websocket dropped
└── KnowledgeBaseError              # base for ingestion errors
    ├── KbIngestionFailed           # ingestion completed with failed status
    ├── KbIngestionTimeout          # polling exceeded the timeout; also a TimeoutError
    └── KbNotFound                  # 404 of a knowledge base; also a NotFoundError
"""

from __future__ import annotations

from typing import Annotated

import failwell
from failwell import Case, Catalogue, Details, Local, Message, RetryRules, Status, field
from failwell.wire import FirstOf

MOST_KEPT = 1024 * 1024
"""Bytes of the original body that an error keeps: 1 MiB."""
MOST_SHOWN = 200
"""Characters of the original body that `str(e)` shows."""


class VectorshiftError(
    failwell.Error,
    cases=(
        Case(
            on="configuration",
            cause="A call cannot be made as it was written: a base URL, an argument, a number that cannot work.",
            fix="Pass what the message asks for.",
        ),
    ),
):
    """Base for every SDK error."""

    message: Message = field(kw_only=False)


class VectorshiftApiError(
    VectorshiftError, cases=(Case(fix="Read `e.error_message` and `e.raw_response`; quote the request id to support."),)
):
    """HTTP error from the API.

    `str(e)` is a line for a log: status, method, endpoint and message, what to do, and the beginning of the body.
    """

    status_code: Annotated[int, Status()] = 0
    """HTTP status returned by the API; 0 if there was no answer."""
    method: Annotated[str, Local()] = ""
    """HTTP method used ("GET", "POST", …)."""
    endpoint: Annotated[str, Local()] = ""
    """Path that was called, e.g. "/pipeline/<id>/run"."""

    @property
    def error_message(self) -> str:
        """What the body said: the first of `error`, `message`, `detail` and `errors` that says something."""
        return self.message

    @property
    def raw_response(self) -> str:
        """Original response body, up to 1 MiB, without the API key."""
        return self.body.decode("utf-8", "replace")

    def __str__(self) -> str:
        call = f"{self.method} {self.endpoint}".strip()
        where = " from ".join(str(part) for part in (self.status_code, call) if part)
        said = ": ".join(part for part in (where, super().__str__()) if part)
        said = said if said.endswith((".", "!", "?", "…")) else f"{said}."
        # What was cut in the middle of a character is no less readable for it.
        shown = self.body[: 4 * MOST_SHOWN].decode("utf-8", "replace")
        body = shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}…"
        return " ".join(part for part in (said, self.case.fix, f"Body: {body}" if body else "") if part)


ApiStatusError = VectorshiftApiError


class BadRequestError(VectorshiftApiError, status=400, fix="Check the call arguments against the reference."):
    """Malformed request body (e.g. unsupported `input_type`)."""


class AuthenticationError(
    VectorshiftApiError,
    status=401,
    fix="Generate a new key at https://app.vectorshift.ai/account/api-keys, and set VECTORSHIFT_API_KEY.",
):
    """`VECTORSHIFT_API_KEY` missing, expired, or revoked."""


class PermissionDeniedError(
    VectorshiftApiError,
    status=403,
    fix="Use a key from the org that owns the object, or ask an admin to grant access.",
):
    """Key valid, but lacks scope for the org or object."""


class NotFoundError(VectorshiftApiError, status=404, fix="Verify the id in the platform, or fetch by `name=` instead."):
    """Object id / name doesn't exist, or belongs to somebody else: the API does not tell which."""


class UnprocessableEntityError(
    VectorshiftApiError,
    status=422,
    fix="Correct the payload: `e.error_message` carries the reason.",
):
    """Server rejected the payload semantically (e.g. invalid node wiring)."""


class RateLimitError(VectorshiftApiError, status=429, retry="throttled", fix="Back off and retry with jitter."):
    """You're hitting rate limits; `e.error_message` names the limit and the wait."""


class InternalServerError(
    VectorshiftApiError, status="5XX", retry="transient", fix="Retry once. If it persists, contact support."
):
    """Server-side issue."""


class PipelineRunFailedError(
    VectorshiftApiError,
    source="job",
    cases=(Case(operation="pipeline", fix="Read `e.run_error`: it names the node, or the reference, that failed."),),
):
    """A run completed with failed status.

    Its HTTP attributes are those of the answer that said so.
    """

    task_id: Annotated[str, Details()] = ""
    """The run that failed."""
    run_error: Annotated[str, Details()] = ""
    """What the server said of it."""


class PollTimeoutError(
    VectorshiftApiError,
    TimeoutError,
    source="client",
    on="poll_timeout",
    fix="The run goes on. Look at it again with `pipeline.run_status(e.task_id)`.",
):
    """A run did not complete within the `timeout` of the wait.

    Its HTTP attributes are those of the last answer.
    """

    task_id: Annotated[str, Local()] = ""
    """The run that was waited for."""
    timeout: Annotated[float, Local()] = 0.0
    """Seconds that were waited."""


class ApiConnectionError(
    VectorshiftError,
    source="transport",
    on="network",
    retry="transient",
    fix="Check the network, its proxy and VECTORSHIFT_BASE_URL, then try again.",
):
    """Network-level failure: DNS, TLS, refused or broken connections."""


class ApiTimeoutError(
    ApiConnectionError, source="transport", on="timeout", retry="transient", fix="Try again, or raise the `timeout`."
):
    """Request timed out before reaching the API, or before it answered."""


class SessionError(
    VectorshiftError,
    source="stream",
    cases=(Case(operation="agent", fix="Read the message; the session goes on."),),
):
    """Base for session errors; itself: the server told of an error in a session."""


class SessionDisconnectedError(
    SessionError, source="transport", on="session", fix="Reconnect, and send again what is in `e.unsent`."
):
    """The websocket dropped."""


class KnowledgeBaseError(VectorshiftError):
    """Base for the errors of knowledge bases."""


class KbIngestionFailed(  # noqa: N818 - what the vendor calls it
    KnowledgeBaseError,
    source="job",
    cases=(Case(operation="knowledge_base", fix="Read `e.run_error`, and add the files again."),),
):
    """An ingestion completed with failed status."""

    task_id: Annotated[str, Details()] = ""
    """The ingestion that failed."""
    run_error: Annotated[str, Details()] = ""
    """What the server said of it."""


class KbIngestionTimeout(  # noqa: N818 - the same
    KnowledgeBaseError,
    TimeoutError,
    source="client",
    on="ingestion_timeout",
    fix="The ingestion goes on. Look at it again with `knowledge_base.ingestion_status(e.task_id)`.",
):
    """An ingestion did not complete within the `timeout` of the wait."""

    task_id: Annotated[str, Local()] = ""
    """The ingestion that was waited for."""
    timeout: Annotated[float, Local()] = 0.0
    """Seconds that were waited."""


class KbNotFound(  # noqa: N818 - the same
    KnowledgeBaseError,
    NotFoundError,
    cases=(Case(status=404, operation="knowledge_base", fix="Verify the id, or fetch by `name=` instead."),),
):
    """The knowledge base doesn't exist, or belongs to somebody else: the API does not tell which."""


EVERYWHERE = (
    BadRequestError,
    AuthenticationError,
    PermissionDeniedError,
    UnprocessableEntityError,
    RateLimitError,
    InternalServerError,
    VectorshiftApiError,
    ApiConnectionError,
    ApiTimeoutError,
    VectorshiftError,
)
"""What any operation may raise."""
ONE_OBJECT = NotFoundError
RUN = (NotFoundError, PipelineRunFailedError, PollTimeoutError)

CATALOGUE = Catalogue(
    "vectorshift",
    base=VectorshiftError,
    default=VectorshiftApiError,
    envelope=FirstOf(),
    body_cap=MOST_KEPT,
    # "Back off and retry with jitter" after 429, "retry once" after 500+.
    retries=RetryRules(max_retries=2, max_transient=1),
    everywhere=EVERYWHERE,
    operations={
        "pipeline.fetch": ONE_OBJECT,
        "pipeline.list": (),
        "pipeline.new": (),
        "pipeline.save": ONE_OBJECT,
        "pipeline.delete": ONE_OBJECT,
        "pipeline.run": RUN,
        "pipeline.result": RUN,
        "pipeline.start": ONE_OBJECT,
        "pipeline.stream": (NotFoundError, PipelineRunFailedError),
        "pipeline.run_status": ONE_OBJECT,
        "pipeline.terminate": ONE_OBJECT,
        "agent.fetch": ONE_OBJECT,
        "agent.list": (),
        "agent.session": (NotFoundError, SessionError, SessionDisconnectedError),
        "knowledge_base.new": (),
        "knowledge_base.fetch": KbNotFound,
        "knowledge_base.delete": KbNotFound,
        "knowledge_base.query": KbNotFound,
        "knowledge_base.list": (),
        "knowledge_base.add_files": KbNotFound,
        "knowledge_base.add_files_and_wait": (KbNotFound, KbIngestionFailed, KbIngestionTimeout),
        "knowledge_base.ingestion_status": KbNotFound,
    },
)

__all__ = [
    "CATALOGUE",
    "ApiConnectionError",
    "ApiStatusError",
    "ApiTimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "InternalServerError",
    "KbIngestionFailed",
    "KbIngestionTimeout",
    "KbNotFound",
    "KnowledgeBaseError",
    "NotFoundError",
    "PermissionDeniedError",
    "PipelineRunFailedError",
    "PollTimeoutError",
    "RateLimitError",
    "SessionDisconnectedError",
    "SessionError",
    "UnprocessableEntityError",
    "VectorshiftApiError",
    "VectorshiftError",
]
