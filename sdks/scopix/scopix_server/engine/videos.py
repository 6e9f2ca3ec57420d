"""The analyser of videos: what the container says, and what the bytes look like."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from failwell.server import BrokenPartError, Limited, TooSlowError
from scopix_server.engine.containers import BrokenContainerError, container_of
from scopix_server.settings import Settings

METHOD = "Read from the container's headers and the file's bytes. The pictures themselves were not looked at."

_WINDOW = 64 * 1024
_MOST_WINDOWS = 64


class AnalysisError(Exception):
    """A video cannot be analysed: a *code* for programs, and words for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Analyser(Protocol):
    """Analyses videos, in a process that may be killed at any moment."""

    def analyse(self, path: Path) -> dict[str, Any]:
        """What is found out about the video at *path*; JSON.

        Raises:
            AnalysisError: nothing can be.
        """
        ...


_LIMITED = Limited("analyser", AnalysisError)


def analyse_within(analyser: Analyser, path: Path, seconds: float) -> dict[str, Any]:
    """What *analyser* finds out about the video at *path* within *seconds*. Raises: AnalysisError."""
    try:
        return _LIMITED.call(dict, lambda: json.loads(json.dumps(analyser.analyse(path))), seconds)
    except TooSlowError as problem:
        raise AnalysisError("TIMEOUT", str(problem)) from None
    except BrokenPartError as problem:
        raise AnalysisError("VLM_PROVIDER_ERROR", str(problem)) from problem.__cause__


class Embedded:
    """The analyser that comes with the server: container metadata, and statistics of bytes."""

    def __init__(self, settings: Settings) -> None:
        """Nothing in *settings* concerns it."""

    def analyse(self, path: Path) -> dict[str, Any]:
        """Read the headers, and look at some of the bytes. Raises: AnalysisError."""
        with path.open("rb") as file:
            try:
                container = container_of(file)
            except BrokenContainerError as problem:
                raise AnalysisError("BROKEN_VIDEO", f"{problem} Upload a file that can be played.") from problem
            if container is None:
                message = "It is no MP4, QuickTime, Matroska, WebM or AVI file. Upload one of these."
                raise AnalysisError("UNKNOWN_VIDEO_FORMAT", message)
            return {"method": METHOD, **asdict(container), "bytes": byte_statistics(file)}


def byte_statistics(file: BinaryIO) -> dict[str, Any]:
    """What windows of *file*, evenly spread, look like: bits of entropy in a byte, and the share of zeros."""
    size = file.seek(0, 2)
    windows = min(_MOST_WINDOWS, max(1, size // _WINDOW))
    counted: Counter[int] = Counter()
    for number in range(windows):
        file.seek((size - _WINDOW) * number // max(1, windows - 1) if size > _WINDOW else 0)
        counted.update(file.read(_WINDOW))
    seen = counted.total() or 1
    entropy = -sum(count / seen * math.log2(count / seen) for count in counted.values())
    return {
        "size": size,
        "sampled": counted.total(),
        "entropy": round(entropy, 4) + 0.0,
        "zeros": round(counted[0] / seen, 4),
    }
