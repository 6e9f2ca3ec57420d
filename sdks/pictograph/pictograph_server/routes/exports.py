"""`/exports/`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from failwell.server import CurrentCaller, CurrentWriter, ItemReply, Offset, PageLimit, PageReply
from pictograph_server.downloads import DownloadUrl, offer_download
from pictograph_server.exports import (
    Export,
    ExportStatus,
    NewExport,
    create_export,
    delete_export,
    get_export,
    list_exports,
)
from pictograph_server.services import Parts

router = APIRouter(prefix="/exports", tags=["exports"])


@router.get("/", operation_id="exports.list")
def list_(
    caller: CurrentCaller,
    parts: Parts,
    *,
    dataset_name: str | None = None,
    status: ExportStatus | None = None,
    limit: PageLimit = 100,
    offset: Offset = 0,
) -> PageReply[Export]:
    """List the exports, newest first."""
    data, pagination = list_exports(
        parts.store, caller.tenant, dataset=dataset_name, status=status, limit=limit, offset=offset
    )
    return PageReply(data=data, pagination=pagination)


@router.post("/", operation_id="exports.create", status_code=201)
def create(caller: CurrentWriter, parts: Parts, body: NewExport) -> ItemReply[Export]:
    """Freeze the annotated images of a dataset."""
    return ItemReply(data=create_export(parts.store, parts.clock, caller.tenant, body))


@router.get("/{export}", operation_id="exports.get")
def get(caller: CurrentCaller, parts: Parts, export: str, dataset: str | None = None) -> ItemReply[Export]:
    """Get an export by its id, or by its name and *dataset*."""
    return ItemReply(data=get_export(parts.store, caller.tenant, dataset, export))


@router.delete("/{export}", operation_id="exports.delete", status_code=204)
def delete(caller: CurrentWriter, parts: Parts, export: str, dataset: str | None = None) -> Response:
    """Delete an export, known by its id, or by its name and *dataset*."""
    delete_export(parts.store, parts.clock, caller.tenant, dataset, export)
    return Response(status_code=204)


@router.get("/{export}/download", operation_id="exports.download")
def download(
    caller: CurrentCaller, parts: Parts, export: str, request: Request, dataset: str | None = None
) -> ItemReply[DownloadUrl]:
    """Ask where an export can be fetched as a zip archive."""
    seconds = parts.settings.download_seconds
    path = offer_download(parts.store, parts.clock, caller.tenant, dataset, export, seconds=seconds)
    server = (parts.settings.public_url or str(request.base_url)).rstrip("/")
    return ItemReply(data=DownloadUrl(download_url=server + path, expires_in=int(seconds)))
