"""What a video's container says of it: MP4 and QuickTime, Matroska and WebM, AVI."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from scopix_server.engine.containers.avi import read_avi
from scopix_server.engine.containers.matroska import read_matroska
from scopix_server.engine.containers.mp4 import read_mp4
from scopix_server.engine.containers.parts import BrokenContainerError, Container, File

__all__ = ["BrokenContainerError", "Container", "container_of"]


def container_of(file: BinaryIO) -> Container | None:
    """What the container in *file* says; None if it is none that is known here.

    Raises:
        BrokenContainerError: it is one, and cannot be read.
    """
    head = file.read(12)
    read: Callable[[File], Container] | None = None
    if head[4:8] in (b"ftyp", b"moov"):
        read = read_mp4
    elif head[:4] == b"\x1a\x45\xdf\xa3":
        read = read_matroska
    elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        read = read_avi
    return read(File(file)) if read is not None else None
