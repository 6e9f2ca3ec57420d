"""Does what the policies decide, blocking and awaiting, over httpx2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.client.clients import ApiKeyClient, ApiSettings, AwaitingClient, BlockingClient
    from failwell.client.config import configuration_problem
    from failwell.client.core import Core
    from failwell.client.decoders import (
        Page,
        event,
        event_model,
        json_body,
        model,
        model_list,
        model_page,
        nothing,
        raw,
    )
    from failwell.client.operations.batches import AsyncBatch, Batch, BatchSpec, batch, batched
    from failwell.client.operations.operation import operation
    from failwell.client.operations.paging import Pages, paged
    from failwell.client.operations.polling import PollSpec, wait_for
    from failwell.client.operations.resuming import resumable, resume
    from failwell.client.operations.sessions import AsyncSession, JsonSessionHandler, Opening, Session, session
    from failwell.client.operations.streaming import AsyncEventStream, EventStream, streamed
    from failwell.client.operations.uploads import chunked_upload, resumable_uploads
    from failwell.client.resource import Awaiting, Blocking, Resource
    from failwell.client.transport.base import AsyncTransport, Transport
    from failwell.client.transport.paths import path
    from failwell.client.transport.targets import naming

require("client", __name__)

# Pages, streams and answers load with the first resource that has them.
lazy_exports(
    __name__,
    {
        "clients": (
            "AwaitingClient",
            "BlockingClient",
            "ApiKeyClient",
            "ApiSettings",
        ),
        "config": ("configuration_problem",),
        "core": ("Core",),
        "decoders": (
            "Page",
            "event_model",
            "json_body",
            "event",
            "model_list",
            "nothing",
            "model",
            "model_page",
            "raw",
        ),
        "operations.batches": (
            "AsyncBatch",
            "Batch",
            "BatchSpec",
            "batch",
            "batched",
        ),
        "operations.operation": ("operation",),
        "operations.paging": (
            "Pages",
            "paged",
        ),
        "operations.polling": (
            "PollSpec",
            "wait_for",
        ),
        "operations.resuming": (
            "resumable",
            "resume",
        ),
        "operations.sessions": (
            "AsyncSession",
            "JsonSessionHandler",
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
        "transport.paths": ("path",),
        "transport.targets": ("naming",),
    },
)

__all__ = [
    "ApiKeyClient",
    "ApiSettings",
    "AsyncBatch",
    "AsyncEventStream",
    "AsyncSession",
    "AsyncTransport",
    "Awaiting",
    "AwaitingClient",
    "Batch",
    "BatchSpec",
    "Blocking",
    "BlockingClient",
    "Core",
    "EventStream",
    "JsonSessionHandler",
    "Opening",
    "Page",
    "Pages",
    "PollSpec",
    "Resource",
    "Session",
    "Transport",
    "batch",
    "batched",
    "chunked_upload",
    "configuration_problem",
    "event",
    "event_model",
    "json_body",
    "model",
    "model_list",
    "model_page",
    "naming",
    "nothing",
    "operation",
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
