"""Raises the errors of a catalogue on a server, and answers for everything that goes wrong there (ASGI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.contract.extras import require
from failwell.contract.late import load_late

if TYPE_CHECKING:
    from failwell.server.asgi import Contract, install
    from failwell.server.bodies import BodyLimits
    from failwell.server.effects import side_effect
    from failwell.server.idempotency import Idempotency
    from failwell.server.jobs import Jobs, JobsDownError
    from failwell.server.keys import Caller, Keys, KeyStore
    from failwell.server.limits import RateLimits
    from failwell.server.request_id import RequestIdFilter, current_request_id
    from failwell.server.sqlite import NotOurFileError
    from failwell.server.store import Answer, Claim, Claimed, Conflict, InProgress, Record, Store, StoreDownError
    from failwell.server.store_sqlite import SqliteStore
    from failwell.server.tiers import UnknownTierError
    from failwell.server.times import ServerClock
    from failwell.server.undeclared import UndeclaredError, UnlistedError
    from failwell.server.work import Kind, Step, Work, Workflow, immediately

require("server", __name__)
load_late(
    __name__,
    {
        "asgi": ("Contract", "install"),
        "bodies": ("BodyLimits",),
        "effects": ("side_effect",),
        "idempotency": ("Idempotency",),
        "jobs": ("Jobs", "JobsDownError"),
        "keys": ("Caller", "Keys", "KeyStore"),
        "limits": ("RateLimits",),
        "request_id": ("RequestIdFilter", "current_request_id"),
        "sqlite": ("NotOurFileError",),
        "store": ("Answer", "Claim", "Claimed", "Conflict", "InProgress", "Record", "Store", "StoreDownError"),
        "store_sqlite": ("SqliteStore",),
        "tiers": ("UnknownTierError",),
        "times": ("ServerClock",),
        "undeclared": ("UndeclaredError", "UnlistedError"),
        "work": ("Kind", "Step", "Work", "Workflow", "immediately"),
    },
)

__all__ = [
    "Answer",
    "BodyLimits",
    "Caller",
    "Claim",
    "Claimed",
    "ServerClock",
    "Conflict",
    "Contract",
    "Idempotency",
    "InProgress",
    "Jobs",
    "JobsDownError",
    "KeyStore",
    "Keys",
    "Kind",
    "NotOurFileError",
    "RateLimits",
    "Record",
    "RequestIdFilter",
    "SqliteStore",
    "Step",
    "Store",
    "StoreDownError",
    "UndeclaredError",
    "UnknownTierError",
    "UnlistedError",
    "Work",
    "Workflow",
    "current_request_id",
    "immediately",
    "install",
    "side_effect",
]
