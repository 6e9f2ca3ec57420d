"""`/images/`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from failwell.server import CurrentCaller, CurrentWriter, ItemReply, Offset, PageLimit, PageReply
from pictograph_server.images import Image, NewImage, get_image, list_images, register_image
from pictograph_server.names import Directory
from pictograph_server.services import Parts
from pictograph_server.uploads import NewUpload, UploadUrl, offer_upload

router = APIRouter(prefix="/images", tags=["images"])


@router.post("/upload-url", operation_id="images.upload_url")
def upload_url(caller: CurrentWriter, parts: Parts, body: NewUpload, request: Request) -> ItemReply[UploadUrl]:
    """Ask where the bytes of a new image go."""
    seconds = parts.settings.upload_seconds
    path = offer_upload(parts.store, parts.clock, caller.tenant, body, seconds)
    server = (parts.settings.public_url or str(request.base_url)).rstrip("/")
    return ItemReply(data=UploadUrl(upload_url=server + path, expires_in=int(seconds)))


@router.post("/register", operation_id="images.register", status_code=201)
def register(caller: CurrentWriter, parts: Parts, body: NewImage) -> ItemReply[Image]:
    """Make an image of what was uploaded."""
    return ItemReply(data=register_image(parts.store, parts.clock, parts.settings, caller.tenant, body))


@router.get("/", operation_id="images.list")
def list_(
    caller: CurrentCaller,
    parts: Parts,
    *,
    dataset: Annotated[str, Query(min_length=1)],
    directory_path: Directory | None = None,
    filename: str | None = None,
    limit: PageLimit = 100,
    offset: Offset = 0,
) -> PageReply[Image]:
    """List the images of a dataset, newest first."""
    data, pagination = list_images(
        parts.store,
        caller.tenant,
        dataset,
        directory_path=directory_path,
        filename=filename,
        limit=limit,
        offset=offset,
    )
    return PageReply(data=data, pagination=pagination)


@router.get("/{image_id}", operation_id="images.get")
@router.get("/{image_id}/metadata", operation_id="images.get", include_in_schema=False)
def get(caller: CurrentCaller, parts: Parts, image_id: str) -> ItemReply[Image]:
    """Get an image by its id. The published client asks for it at `/metadata`."""
    return ItemReply(data=get_image(parts.store, caller.tenant, image_id))
