from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from pictograph.exceptions import ValidationError
from pictograph_server import Settings
from pictograph_server.pictures import decode

from .api import Api, picture


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header promises *width* x *height* and that has nothing else."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 1000) + b"IDAT"


def refused(api: Api, content: bytes, **more: Any) -> dict[str, Any]:
    """Why *content* cannot be registered: the one entry of `errors`."""
    with pytest.raises(ValidationError) as caught:
        api.upload(content, **more)
    assert [] == api.get("/images/?dataset=ds")["data"]
    (entry,) = caught.value.errors
    return entry


@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"])
def test_kinds(api: Api, kind: str) -> None:
    """
    BMP, GIF, JPEG, PNG, TIFF and WEBP are taken.
    """
    content_type = f"image/{kind.lower()}"

    image = api.upload(picture(kind=kind), f"x.{kind.lower()}", content_type)

    assert (32, 24, content_type) == (image["width"], image["height"], image["content_type"])


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"<html>", picture()[:-40], picture()[:30], b"\x89PNG\r\n\x1a\n" + b"\xff" * 100],
    ids=["empty", "one byte", "HTML", "truncated", "header only", "garbage"],
)
def test_broken_picture(api: Api, content: bytes) -> None:
    """
    What cannot be decoded to the last pixel is a ValidationError with an entry in `errors`, and no image.
    """
    entry = refused(api, content)

    assert (["body", "filename"], "image_broken") == (entry["loc"], entry["type"])
    assert f"The {len(content)} bytes are not a picture" in entry["msg"]


def test_broken_picture_can_be_replaced(api: Api) -> None:
    """
    After a broken picture the same name may be uploaded again.
    """
    refused(api, b"broken")

    assert 32 == api.upload(picture())["width"]


# Pillow warns of some damage, and decodes nevertheless.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"])
def test_damaged_pictures(kind: str) -> None:
    """
    A picture with any one byte changed or cut off anywhere is decoded or is a ValidationError, and nothing else.
    """
    content = picture(size=(9, 7), kind=kind)
    for place in range(len(content)):
        for damaged in (content[:place], content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]):
            with contextlib.suppress(ValidationError):
                assert 10_000 >= decode(damaged, max_pixels=10_000).width


@pytest.mark.parametrize("size", [(7000, 7000), (10_000, 10_000), (2**31 - 1, 2**31 - 1), (40_000_001, 1)])
def test_too_many_pixels(api: Api, size: tuple[int, int]) -> None:
    """
    More than 40,000,000 pixels are a ValidationError that says so, before any of them is decoded.
    """
    entry = refused(api, huge_png(*size))

    assert "image_too_large" == entry["type"]
    assert "the most we take is 40000000" in entry["msg"]


def test_most_pixels(serve: Callable[[Settings], Api]) -> None:
    """
    A picture of exactly the largest size is taken; one pixel more is not.
    """
    api = serve(Settings(max_image_pixels=600))
    api.post("/datasets/", {"name": "ds"})
    entry = refused(api, picture(size=(1, 601)))
    assert "image_too_large" == entry["type"]

    assert 30 == api.upload(picture(size=(30, 20)))["width"]


def test_png_named_jpg(api: Api) -> None:
    """
    A PNG that is declared a JPEG is a ValidationError that says what the bytes are.
    """
    entry = refused(api, picture(), filename="x.jpg", content_type="image/jpeg")

    assert ["body", "content_type"] == entry["loc"]
    assert "Declared image/jpeg, but the bytes are image/png. Upload with that content type" == entry["msg"]


def test_png_named_jpg_declared_png(api: Api) -> None:
    """
    The file name alone decides nothing: a PNG declared as such may be called x.jpg.
    """
    assert "image/png" == api.upload(picture(), "x.jpg", "image/png")["content_type"]


def test_cut_upload(api: Api) -> None:
    """
    Fewer bytes than announced are a ValidationError with both numbers.
    """
    content = picture()

    entry = refused(api, content, file_size=len(content) + 1)

    assert ["body", "file_size"] == entry["loc"]
    assert f"{len(content)} bytes arrived, not the {len(content) + 1} announced" in entry["msg"]
