"""Does what the policies decide, blocking and awaiting, over httpx2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.client.api import Api, Pages
    from failwell.client.both_colours import TwofoldObject, twofold, twofold_session, twofold_stream
    from failwell.client.clients import ApiKeyClient
    from failwell.client.config import as_json, several
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
    from failwell.client.operations.batches import (
        AsyncBatch,
        Batch,
        BatchOutcome,
        BatchProgress,
        BatchSpec,
        batch,
        batched,
        check_batch,
    )
    from failwell.client.operations.composition import all_of, batch_of, in_thread
    from failwell.client.operations.folders import FolderFiles, files_in, is_image
    from failwell.client.operations.operation import operation
    from failwell.client.operations.paging import paged
    from failwell.client.operations.polling import PollSpec, check_timeout, failed_job, poll_job, wait_for
    from failwell.client.operations.progress import progress_bar
    from failwell.client.operations.resuming import resumable, resume
    from failwell.client.operations.sessions import AsyncSession, JsonSessionHandler, Opening, Session, session
    from failwell.client.operations.streaming import AsyncEventStream, EventStream, streamed
    from failwell.client.operations.uploads import chunked_upload, resumable_uploads, upload_source
    from failwell.client.operations.workers import work_in_tasks, work_in_threads
    from failwell.client.resource import Awaiting, Blocking, Resource, paced
    from failwell.client.shared import SharedClients
    from failwell.client.transport.paths import path
    from failwell.client.transport.targets import naming
    from failwell.contract.construction import configuration_problem, error_on
    from failwell.runtime.transport import AsyncTransport, Transport

require("client", __name__)

# Pages, streams and answers load with the first resource that has them.
lazy_exports(
    __name__,
    {
        "api": "Api Pages",
        "both_colours": "TwofoldObject twofold twofold_session twofold_stream",
        "clients": "ApiKeyClient",
        "config": "as_json several",
        "core": "Core",
        "decoders": "Page event event_model json_body model model_list model_page nothing raw",
        "operations.batches": "AsyncBatch Batch BatchOutcome BatchProgress BatchSpec batch batched check_batch",
        "operations.composition": "all_of batch_of in_thread",
        "operations.folders": "FolderFiles files_in is_image",
        "operations.operation": "operation",
        "operations.paging": "paged",
        "operations.polling": "PollSpec check_timeout failed_job poll_job wait_for",
        "operations.progress": "progress_bar",
        "operations.resuming": "resumable resume",
        "operations.sessions": "AsyncSession JsonSessionHandler Opening Session session",
        "operations.streaming": "AsyncEventStream EventStream streamed",
        "operations.uploads": "chunked_upload resumable_uploads upload_source",
        "operations.workers": "work_in_tasks work_in_threads",
        "resource": "Awaiting Blocking Resource paced",
        "shared": "SharedClients",
        "transport.paths": "path",
        "transport.targets": "naming",
        ".contract.construction": "configuration_problem error_on",
        ".runtime.transport": "AsyncTransport Transport",
    },
)

__all__ = [
    "Api",
    "ApiKeyClient",
    "AsyncBatch",
    "AsyncEventStream",
    "AsyncSession",
    "AsyncTransport",
    "Awaiting",
    "Batch",
    "BatchOutcome",
    "BatchProgress",
    "BatchSpec",
    "Blocking",
    "Core",
    "EventStream",
    "FolderFiles",
    "JsonSessionHandler",
    "Opening",
    "Page",
    "Pages",
    "PollSpec",
    "Resource",
    "Session",
    "SharedClients",
    "Transport",
    "TwofoldObject",
    "all_of",
    "as_json",
    "batch",
    "batch_of",
    "batched",
    "check_batch",
    "check_timeout",
    "chunked_upload",
    "configuration_problem",
    "error_on",
    "event",
    "event_model",
    "failed_job",
    "files_in",
    "in_thread",
    "is_image",
    "json_body",
    "model",
    "model_list",
    "model_page",
    "naming",
    "nothing",
    "operation",
    "paced",
    "paged",
    "path",
    "poll_job",
    "progress_bar",
    "raw",
    "resumable",
    "resumable_uploads",
    "resume",
    "session",
    "several",
    "streamed",
    "twofold",
    "twofold_session",
    "twofold_stream",
    "upload_source",
    "wait_for",
    "work_in_tasks",
    "work_in_threads",
]
