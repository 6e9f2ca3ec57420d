"""Does what the policies decide, blocking and awaiting, over httpx2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import load_late
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.client.clients import AwaitingClient, BlockingClient, KeyedClient, Service
    from failwell.client.config import configuration_problem
    from failwell.client.core import Core
    from failwell.client.decoders import Page, data, document, event, listing, nothing, one, page, raw
    from failwell.client.operations.batches import AsyncBatch, Batch, Many, batch, batched
    from failwell.client.operations.operation import operation
    from failwell.client.operations.paging import Pages, paged
    from failwell.client.operations.polling import JobKind, wait_for
    from failwell.client.operations.resuming import resumable, resume
    from failwell.client.operations.sessions import AsyncSession, JsonDialogue, Opening, Session, session
    from failwell.client.operations.streaming import AsyncEventStream, EventStream, streamed
    from failwell.client.operations.uploads import chunked_upload, resumable_uploads
    from failwell.client.resource import Awaiting, Blocking, Resource
    from failwell.client.transport.base import AsyncTransport, Transport
    from failwell.client.transport.requests import path
    from failwell.client.transport.targets import naming

require("client", __name__)

# Pages, streams and answers load with the first resource that has them.
load_late(
    __name__,
    {
        "clients": (
            "AwaitingClient",
            "BlockingClient",
            "KeyedClient",
            "Service",
        ),
        "config": ("configuration_problem",),
        "core": ("Core",),
        "decoders": (
            "Page",
            "data",
            "document",
            "event",
            "listing",
            "nothing",
            "one",
            "page",
            "raw",
        ),
        "operations.batches": (
            "AsyncBatch",
            "Batch",
            "Many",
            "batch",
            "batched",
        ),
        "operations.operation": ("operation",),
        "operations.paging": (
            "Pages",
            "paged",
        ),
        "operations.polling": (
            "JobKind",
            "wait_for",
        ),
        "operations.resuming": (
            "resumable",
            "resume",
        ),
        "operations.sessions": (
            "AsyncSession",
            "JsonDialogue",
            "Opening",
            "Session",
            "session",
        ),
        "operations.streaming": (
            "AsyncEventStream",
            "EventStream",
            "streamed",
        ),
        "operations.uploads": (
            "chunked_upload",
            "resumable_uploads",
        ),
        "resource": (
            "Awaiting",
            "Blocking",
            "Resource",
        ),
        "transport.base": (
            "AsyncTransport",
            "Transport",
        ),
        "transport.requests": ("path",),
        "transport.targets": ("naming",),
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
