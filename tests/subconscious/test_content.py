from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from subconscious import Audio, File, Image, Text, ValidationError

from .talk import ACCEPTED, Talk

KINDS = {
    "image/png": b"\x89PNG\r\n\x1a\n....",
    "image/jpeg": b"\xff\xd8\xff\xe0....",
    "image/gif": b"GIF89a......",
    "image/webp": b"RIFF....WEBPVP8 ",
}


def inside(block: dict[str, Any]) -> bytes:
    """The bytes that come along with *block*."""
    return base64.b64decode(block["source"]["data"], validate=True)


@pytest.mark.parametrize("mime", KINDS)
def test_images(tmp_path: Path, mime: str) -> None:
    """
    An image says by its first bytes what it is, whatever its file is called and whatever it is taken for.
    """
    path = tmp_path / "picture.txt"
    path.write_bytes(KINDS[mime])

    for block in (Image.from_path(path), Image.from_path(str(path), mime="image/bmp"), Image.from_bytes(KINDS[mime])):
        assert ("image", "base64", mime) == (block["type"], block["source"]["kind"], block["source"]["mime"])
        assert KINDS[mime] == inside(block)


@pytest.mark.parametrize("data", [b"", b"BM......", b"RIFF....WAVEfmt ", b"<svg/>", b"\x89PN"])
def test_no_images(tmp_path: Path, data: bytes) -> None:
    """
    What is no image that the API takes is refused, by its name or its size, with those that it takes.
    """
    path = tmp_path / "picture.png"
    path.write_bytes(data)

    with pytest.raises(ValidationError, match=r"'picture\.png' is no image that the API takes"):
        Image.from_path(path)
    with pytest.raises(ValidationError, match=rf"The image \({len(data)} bytes\) is no image"):
        Image.from_bytes(data)


def test_audio(tmp_path: Path) -> None:
    """
    A sound is what its name says, or what the caller says.
    """
    path = tmp_path / "voice.wav"
    path.write_bytes(b"RIFF")

    assert Audio.from_path(path)["source"]["mime"] in ("audio/wav", "audio/x-wav", "audio/vnd.wave")
    assert "audio/flac" == Audio.from_path(path, mime="audio/flac")["source"]["mime"]
    with pytest.raises(ValidationError, match=r"Pass mime=, or another audio"):
        Audio.from_bytes(b"RIFF")


def test_files(tmp_path: Path) -> None:
    """
    A file of any type goes along, with its name.
    """
    path = tmp_path / "notes.zzz"
    path.write_bytes(b"x")
    block = File.from_path(path)

    assert ("file", "notes.zzz", "application/octet-stream") == (
        block["type"],
        block["filename"],
        block["source"]["mime"],
    )
    assert ("a.txt", "text/plain") == (
        File.from_bytes(b"x", mime="text/plain", name="a.txt")["filename"],
        File.from_bytes(b"x", mime="text/plain", name="a.txt")["source"]["mime"],
    )
    assert "filename" not in File.from_bytes(b"x")


@pytest.mark.parametrize("kind", [Image, Audio, File])
def test_empty_and_missing(tmp_path: Path, kind: type[Image | Audio | File]) -> None:
    """
    What is empty is refused; a file that is not there is the caller's FileNotFoundError.
    """
    (tmp_path / "empty.png").write_bytes(b"")

    with pytest.raises(ValidationError):
        kind.from_path(tmp_path / "empty.png")
    with pytest.raises(FileNotFoundError):
        kind.from_path(tmp_path / "none.png")


@pytest.mark.parametrize("kind", [Image, Audio, File])
def test_elsewhere(kind: type[Image | Audio | File]) -> None:
    """
    What lies elsewhere is named, by its URL or by its key.
    """
    name = kind.kind

    assert {"type": name, "source": {"kind": "url", "url": "https://x/y"}} == kind.from_url("https://x/y")
    assert "a/b" == kind.from_url("https://x/y", mime="a/b")["source"]["mime"]
    blob = {"type": name, "source": {"kind": "blob_ref", "blob_key": "k", "mime": "a/b"}}
    assert blob == kind.from_blob("k", mime="a/b")


def test_sent(talk: Callable[..., Talk]) -> None:
    """
    Blocks are sent as they are.
    """
    content = [Text("What is it?"), Image.from_bytes(KINDS["image/png"])]
    talking = talk(ACCEPTED)
    talking.ask(lambda client: client.run("tim", {"content": content}))

    assert {"content": content} == talking.sent.requests[0].json["input"]
    assert {"type": "text", "text": "What is it?"} == content[0]
