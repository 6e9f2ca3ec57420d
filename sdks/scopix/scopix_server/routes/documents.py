"""`/documents`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from failwell.server import CurrentCaller, CurrentWriter, ItemReply, Offset, PageLimit, PageReply, SubmissionKey
from scopix_server.documents.documents import (
    Document,
    DocumentName,
    accept_document,
    delete_document,
    get_document,
    list_documents,
)
from scopix_server.documents.search import Hit, search
from scopix_server.receiving import receive
from scopix_server.rejections import refuse_field
from scopix_server.services import Parts

router = APIRouter(prefix="/documents", tags=["documents"])


@router.post("", operation_id="documents.upload", status_code=202)
async def upload(
    caller: CurrentWriter,
    parts: Parts,
    request: Request,
    filename: Annotated[DocumentName, Query()],
    key: SubmissionKey,
) -> Document:
    """Take the bytes of a document. Its text is taken out after this answer."""
    parts.admit()
    received = await receive(parts.store.folder, filename, request.stream())
    # All bytes are here: a client that leaves now must not leave a file that nobody knows of.
    document: Document | None = None
    with anyio.CancelScope(shield=True):
        if not received.size:
            parts.store.folder.remove(received.file)
            refuse_field(["body"], "The document is empty. Send its bytes", "empty")
        accept = partial(accept_document, parts.store, parts.clock, parts.settings, tenant=caller.tenant)
        document = await run_in_threadpool(accept, received=received, key=key)
    assert document is not None  # for type checkers: the scope swallows nothing
    parts.jobs.nudge()
    return document


@router.get("", operation_id="documents.list")
def list_(caller: CurrentCaller, parts: Parts, limit: PageLimit = 100, offset: Offset = 0) -> PageReply[Document]:
    """List the documents of the account, newest first."""
    data, pagination = list_documents(parts.store, caller.tenant, limit=limit, offset=offset)
    return PageReply(data=data, pagination=pagination)


@router.get("/search", operation_id="documents.search")
def search_(
    caller: CurrentCaller,
    parts: Parts,
    q: Annotated[str, Query(min_length=1, max_length=1000, pattern=r"\S")],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> ItemReply[list[Hit]]:
    """Search the text of all documents."""
    return ItemReply(data=search(parts.store, caller.tenant, q, limit))


@router.get("/{document_id}", operation_id="documents.get")
def get(caller: CurrentCaller, parts: Parts, document_id: str) -> Document:
    """Get a document by its id."""
    return get_document(parts.store, caller.tenant, document_id)


@router.delete("/{document_id}", operation_id="documents.delete", status_code=204)
def delete(caller: CurrentWriter, parts: Parts, document_id: str, key: SubmissionKey) -> Response:
    """Delete a document that is not being processed."""
    delete_document(parts.store, parts.clock, caller.tenant, document_id, key)
    return Response(status_code=204)
