"""Raises the errors of a catalogue on a server, and answers for everything that goes wrong there (ASGI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.server.asgi import Contract, install
    from failwell.server.auth.keys import Keys, KeyStore
    from failwell.server.caller import Caller
    from failwell.server.errors.undeclared import UndeclaredError, UnlistedError
    from failwell.server.http.bodies import BodyLimits
    from failwell.server.http.request_id import RequestIdFilter, current_request_id
    from failwell.server.idempotency.policy import Idempotency
    from failwell.server.idempotency.sqlite_store import SqliteStore
    from failwell.server.idempotency.store import Claim, Claimed, Conflict, InProgress, Record, Store
    from failwell.server.jobs.supervisor import Jobs, JobsDownError
    from failwell.server.jobs.workflow import JobKind, Step, Workflow, Workload, immediately
    from failwell.server.limits.rate_limits import RateLimits
    from failwell.server.limits.tiers import UnknownTierError
    from failwell.server.side_effects import side_effect
    from failwell.server.storage.errors import StoreDownError
    from failwell.server.storage.sqlite import NotOurFileError
    from failwell.server.stored_response import StoredResponse

require("server", __name__)
lazy_exports(
    __name__,
    {
        "asgi": (
            "Contract",
            "install",
        ),
        "auth.keys": (
            "KeyStore",
            "Keys",
        ),
        "caller": ("Caller",),
        "errors.undeclared": (
            "UndeclaredError",
            "UnlistedError",
        ),
        "http.bodies": ("BodyLimits",),
        "http.request_id": (
            "RequestIdFilter",
            "current_request_id",
        ),
        "idempotency.policy": ("Idempotency",),
        "idempotency.sqlite_store": ("SqliteStore",),
        "idempotency.store": (
            "Claim",
            "Claimed",
            "Conflict",
            "InProgress",
            "Record",
            "Store",
        ),
        "jobs.supervisor": (
            "Jobs",
            "JobsDownError",
        ),
        "jobs.workflow": (
            "JobKind",
            "Step",
            "Workload",
            "Workflow",
            "immediately",
        ),
        "limits.rate_limits": ("RateLimits",),
        "limits.tiers": ("UnknownTierError",),
        "side_effects": ("side_effect",),
        "storage.errors": ("StoreDownError",),
        "storage.sqlite": ("NotOurFileError",),
        "stored_response": ("StoredResponse",),
    },
)

__all__ = [
    "BodyLimits",
    "Caller",
    "Claim",
    "Claimed",
    "Conflict",
    "Contract",
    "Idempotency",
    "InProgress",
    "JobKind",
    "Jobs",
    "JobsDownError",
    "KeyStore",
    "Keys",
    "NotOurFileError",
    "RateLimits",
    "Record",
    "RequestIdFilter",
    "SqliteStore",
    "Step",
    "Store",
    "StoreDownError",
    "StoredResponse",
    "UndeclaredError",
    "UnknownTierError",
    "UnlistedError",
    "Workflow",
    "Workload",
    "current_request_id",
    "immediately",
    "install",
    "side_effect",
]
