"""Raises the errors of a catalogue on a server, and answers for everything that goes wrong there (ASGI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.server.asgi import Contract
    from failwell.server.auth.callers import CurrentCaller
    from failwell.server.auth.keys import KeyRefusedError, Keys, KeyStore
    from failwell.server.auth.postgres_keys import PostgresKeyStore
    from failwell.server.auth.redis_keys import RedisKeyStore
    from failwell.server.auth.signed_urls import SignedUrls
    from failwell.server.caller import Caller
    from failwell.server.errors.redaction import MOST_FIELD_ERRORS, redacted_field_error, shorten
    from failwell.server.errors.undeclared import UndeclaredError, UnlistedError
    from failwell.server.frameworks.extension import Failwell
    from failwell.server.frameworks.reference_app import (
        CurrentServices,
        CurrentWriter,
        Services,
        current_services,
        reference_app,
    )
    from failwell.server.http.bodies import BodyLimits
    from failwell.server.http.header_limits import HeaderLimits
    from failwell.server.http.paging import ItemReply, Offset, PageLimit, PageReply, Pagination, page_of, rows_of_page
    from failwell.server.http.request_id import RequestIdFilter, current_request_id
    from failwell.server.http.service import Service
    from failwell.server.http.sse import EventStreamResponse, follow
    from failwell.server.http.sse_event import sse_event
    from failwell.server.idempotency.memory_store import MemoryStore
    from failwell.server.idempotency.policy import Idempotency
    from failwell.server.idempotency.postgres_store import PostgresStore
    from failwell.server.idempotency.redis_store import RedisStore
    from failwell.server.idempotency.sqlite_store import SqliteStore
    from failwell.server.idempotency.store import Claim, Claimed, Conflict, InProgress, Record, Store
    from failwell.server.installation import install
    from failwell.server.jobs.confined import ConfinedError, confined, limit_memory, limit_seconds
    from failwell.server.jobs.job_errors import (
        MOST_FAILURES,
        JobError,
        JobFailure,
        error_columns,
        job_error,
        job_failures,
    )
    from failwell.server.jobs.limited import BrokenPartError, Limited, TooSlowError
    from failwell.server.jobs.postgres_queue import PostgresJobQueue
    from failwell.server.jobs.postgres_store import PostgresJobStore
    from failwell.server.jobs.sqlite_queue import SqliteJobQueue
    from failwell.server.jobs.steps import step_key
    from failwell.server.jobs.store import JobQueue, JobStore, LostJobError, QueuedJob
    from failwell.server.jobs.submission_key import SubmissionKey
    from failwell.server.jobs.submissions import REMEMBERED, Submission, find_submission
    from failwell.server.jobs.supervisor import Jobs, JobsDownError
    from failwell.server.jobs.workflow import JobKind, Step, Workflow, Workload, immediately
    from failwell.server.limits.rate_limits import RateLimits
    from failwell.server.limits.shared_limits import SharedLimits
    from failwell.server.limits.tiers import UnknownTierError
    from failwell.server.side_effects import aside_effect, side_effect
    from failwell.server.storage.data_folder import DataFolder, DataFolderError
    from failwell.server.storage.data_store import DataStore
    from failwell.server.storage.errors import NotOurFileError, NotOurTableError, StoreDownError
    from failwell.server.storage.release import OtherReleaseError, share_release
    from failwell.server.storage.rows import FromJson, Moment, RowModel, find_row, insert
    from failwell.server.storage.sqlite import Schema
    from failwell.server.stored_response import StoredResponse

require("server", __name__)
lazy_exports(
    __name__,
    {
        "asgi": "Contract",
        "auth.callers": "CurrentCaller",
        "auth.keys": "KeyRefusedError KeyStore Keys",
        "auth.postgres_keys": "PostgresKeyStore",
        "auth.redis_keys": "RedisKeyStore",
        "auth.signed_urls": "SignedUrls",
        "caller": "Caller",
        "errors.redaction": "MOST_FIELD_ERRORS redacted_field_error shorten",
        "errors.undeclared": "UndeclaredError UnlistedError",
        "frameworks.extension": "Failwell",
        "frameworks.reference_app": "CurrentServices CurrentWriter Services current_services reference_app",
        "http.bodies": "BodyLimits",
        "http.header_limits": "HeaderLimits",
        "http.paging": "ItemReply Offset PageLimit PageReply Pagination page_of rows_of_page",
        "http.request_id": "RequestIdFilter current_request_id",
        "http.service": "Service",
        "http.sse": "EventStreamResponse follow",
        "http.sse_event": "sse_event",
        "idempotency.memory_store": "MemoryStore",
        "idempotency.policy": "Idempotency",
        "idempotency.postgres_store": "PostgresStore",
        "idempotency.redis_store": "RedisStore",
        "idempotency.sqlite_store": "SqliteStore",
        "idempotency.store": "Claim Claimed Conflict InProgress Record Store",
        "installation": "install",
        "jobs.confined": "ConfinedError confined limit_memory limit_seconds",
        "jobs.job_errors": "JobError JobFailure MOST_FAILURES error_columns job_error job_failures",
        "jobs.limited": "BrokenPartError Limited TooSlowError",
        "jobs.postgres_queue": "PostgresJobQueue",
        "jobs.postgres_store": "PostgresJobStore",
        "jobs.sqlite_queue": "SqliteJobQueue",
        "jobs.steps": "step_key",
        "jobs.store": "JobQueue JobStore LostJobError QueuedJob",
        "jobs.submission_key": "SubmissionKey",
        "jobs.submissions": "REMEMBERED Submission find_submission",
        "jobs.supervisor": "Jobs JobsDownError",
        "jobs.workflow": "JobKind Step Workflow Workload immediately",
        "limits.rate_limits": "RateLimits",
        "limits.shared_limits": "SharedLimits",
        "limits.tiers": "UnknownTierError",
        "side_effects": "aside_effect side_effect",
        "storage.data_folder": "DataFolder DataFolderError",
        "storage.data_store": "DataStore",
        "storage.errors": "NotOurFileError NotOurTableError StoreDownError",
        "storage.release": "OtherReleaseError share_release",
        "storage.rows": "FromJson Moment RowModel find_row insert",
        "storage.sqlite": "Schema",
        "stored_response": "StoredResponse",
    },
)

__all__ = [
    "MOST_FAILURES",
    "MOST_FIELD_ERRORS",
    "REMEMBERED",
    "BodyLimits",
    "BrokenPartError",
    "Caller",
    "Claim",
    "Claimed",
    "ConfinedError",
    "Conflict",
    "Contract",
    "CurrentCaller",
    "CurrentServices",
    "CurrentWriter",
    "DataFolder",
    "DataFolderError",
    "DataStore",
    "EventStreamResponse",
    "Failwell",
    "FromJson",
    "HeaderLimits",
    "Idempotency",
    "InProgress",
    "ItemReply",
    "JobError",
    "JobFailure",
    "JobKind",
    "JobQueue",
    "JobStore",
    "Jobs",
    "JobsDownError",
    "KeyRefusedError",
    "KeyStore",
    "Keys",
    "Limited",
    "LostJobError",
    "MemoryStore",
    "Moment",
    "NotOurFileError",
    "NotOurTableError",
    "Offset",
    "OtherReleaseError",
    "PageLimit",
    "PageReply",
    "Pagination",
    "PostgresJobQueue",
    "PostgresJobStore",
    "PostgresKeyStore",
    "PostgresStore",
    "QueuedJob",
    "RateLimits",
    "Record",
    "RedisKeyStore",
    "RedisStore",
    "RequestIdFilter",
    "RowModel",
    "Schema",
    "Service",
    "Services",
    "SharedLimits",
    "SignedUrls",
    "SqliteJobQueue",
    "SqliteStore",
    "Step",
    "Store",
    "StoreDownError",
    "StoredResponse",
    "Submission",
    "SubmissionKey",
    "TooSlowError",
    "UndeclaredError",
    "UnknownTierError",
    "UnlistedError",
    "Workflow",
    "Workload",
    "aside_effect",
    "confined",
    "current_request_id",
    "current_services",
    "error_columns",
    "find_row",
    "find_submission",
    "follow",
    "immediately",
    "insert",
    "install",
    "job_error",
    "job_failures",
    "limit_memory",
    "limit_seconds",
    "page_of",
    "redacted_field_error",
    "reference_app",
    "rows_of_page",
    "share_release",
    "shorten",
    "side_effect",
    "sse_event",
    "step_key",
]
