"""Raises the errors of a catalogue on a server, and answers for everything that goes wrong there (ASGI)."""

from errata.server.asgi import Contract, install
from errata.server.effects import side_effect
from errata.server.idempotency import Idempotency
from errata.server.jobs import Jobs
from errata.server.keys import Caller, Keys, KeyStore
from errata.server.limits import RateLimits
from errata.server.request_id import RequestIdFilter, current_request_id
from errata.server.sqlite import NotOurFileError
from errata.server.store import Answer, Claim, Claimed, Conflict, InProgress, Record, Store, StoreDownError
from errata.server.store_sqlite import SqliteStore
from errata.server.tiers import UnknownTierError
from errata.server.times import Clock
from errata.server.undeclared import UndeclaredError, UnlistedError
from errata.server.work import Kind, Step, Work, Workflow, immediately

__all__ = [
    "Answer",
    "Caller",
    "Claim",
    "Claimed",
    "Clock",
    "Conflict",
    "Contract",
    "Idempotency",
    "InProgress",
    "Jobs",
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
