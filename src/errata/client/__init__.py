"""Does what the policies decide, blocking and awaiting, over httpx2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errata.contract.late import load_late

if TYPE_CHECKING:
    from errata.client.answers import Page, data, document, event, listing, nothing, one, page, raw
    from errata.client.batch import AsyncBatch, Batch, Many, batch, batched
    from errata.client.checks import configuration_problem
    from errata.client.core import Core
    from errata.client.keyed import AwaitingClient, BlockingClient, KeyedClient, Service
    from errata.client.operation import operation
    from errata.client.paging import Pages, paged
    from errata.client.paths import path
    from errata.client.resource import Awaiting, Blocking, Resource
    from errata.client.resuming import resumable, resume
    from errata.client.sessions import AsyncSession, JsonDialogue, Opening, Session, session
    from errata.client.streamed import AsyncEventStream, EventStream, streamed
    from errata.client.transport import AsyncTransport, Transport
    from errata.client.uploading import chunked_upload, resumable_uploads
    from errata.client.waiting import JobKind, wait_for

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
