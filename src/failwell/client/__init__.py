"""Does what the policies decide, blocking and awaiting, over httpx2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.contract.extras import require
from failwell.contract.late import load_late

if TYPE_CHECKING:
    from failwell.client.answers import Page, data, document, event, listing, nothing, one, page, raw
    from failwell.client.batch import AsyncBatch, Batch, Many, batch, batched
    from failwell.client.checks import configuration_problem
    from failwell.client.core import Core
    from failwell.client.keyed import AwaitingClient, BlockingClient, KeyedClient, Service
    from failwell.client.operation import operation
    from failwell.client.paging import Pages, paged
    from failwell.client.paths import path
    from failwell.client.resource import Awaiting, Blocking, Resource
    from failwell.client.resuming import resumable, resume
    from failwell.client.sessions import AsyncSession, JsonDialogue, Opening, Session, session
    from failwell.client.streamed import AsyncEventStream, EventStream, streamed
    from failwell.client.targets import naming
    from failwell.client.transport import AsyncTransport, Transport
    from failwell.client.uploading import chunked_upload, resumable_uploads
    from failwell.client.waiting import JobKind, wait_for

require("client", __name__)

# Pages, streams and answers load with the first resource that has them.
load_late(
    __name__,
    {
        "answers": ("Page", "data", "document", "event", "listing", "nothing", "one", "page", "raw"),
        "batch": ("AsyncBatch", "Batch", "Many", "batch", "batched"),
        "checks": ("configuration_problem",),
        "core": ("Core",),
        "keyed": ("AwaitingClient", "BlockingClient", "KeyedClient", "Service"),
        "operation": ("operation",),
        "paging": ("Pages", "paged"),
        "paths": ("path",),
        "resource": ("Awaiting", "Blocking", "Resource"),
        "resuming": ("resumable", "resume"),
        "sessions": ("AsyncSession", "JsonDialogue", "Opening", "Session", "session"),
        "streamed": ("AsyncEventStream", "EventStream", "streamed"),
        "targets": ("naming",),
        "transport": ("AsyncTransport", "Transport"),
        "uploading": ("chunked_upload", "resumable_uploads"),
        "waiting": ("JobKind", "wait_for"),
    },
)

__all__ = [
    "AsyncBatch",
    "AsyncEventStream",
    "AsyncSession",
    "AsyncTransport",
    "Awaiting",
    "AwaitingClient",
    "Batch",
    "Blocking",
    "BlockingClient",
    "Core",
    "EventStream",
    "JobKind",
    "JsonDialogue",
    "KeyedClient",
    "Many",
    "Opening",
    "Page",
    "Pages",
    "Resource",
    "Service",
    "Session",
    "Transport",
    "batch",
    "batched",
    "chunked_upload",
    "configuration_problem",
    "data",
    "document",
    "event",
    "listing",
    "naming",
    "nothing",
    "one",
    "operation",
    "page",
    "paged",
    "path",
    "raw",
    "resumable",
    "resumable_uploads",
    "resume",
    "session",
    "streamed",
    "wait_for",
]
