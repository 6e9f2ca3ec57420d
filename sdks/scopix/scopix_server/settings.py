"""What the operator of a Scopix server may decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The vision provider of one server, its limits and quotas. Durations are seconds."""

    vision_provider: str = "scopix_server.engine.measuring:Measuring"
    """The class of the provider that describes pictures, as "module:Class"; it is given these settings."""

    vision_state: Literal["up", "down", "slow"] = "up"
    """How the embedded provider is: "down" fails each description with VLM_PROVIDER_ERROR, "slow" with TIMEOUT."""

    description_seconds: float = 30.0
    """How long the provider may take for one description."""

    description_workers: int = 4
    """Descriptions that are made at the same time; the others wait as "pending"."""

    responder: str = "scopix_server.engine.responder:Embedded"
    """The class of the responder that answers in chats, as "module:Class"; it is given these settings."""

    answer_seconds: float = 120.0
    """How long the responder may take for one answer, with all of its pieces."""

    analyser: str = "scopix_server.engine.videos:Embedded"
    """The class of the analyser of videos, as "module:Class"; it is given these settings."""

    analysis_seconds: float = 600.0
    """How long the analyser may take for one video."""

    heartbeat: float = 15.0
    """After how long a stream that is silent says that it is still there."""

    document_pages: int = 2000
    document_characters: int = 5_000_000
    """Pages and characters that a document may have at most."""

    document_seconds: float = 60.0
    document_memory: int = 512 * 1024 * 1024
    """How long a PDF may be computed on, and how much memory that may take."""

    max_video_bytes: int = 5 * 1024**3
    video_chunk_bytes: int = 4 * 1024 * 1024
    """Bytes that a video may have, and each of its chunks but the last has."""

    video_upload_seconds: float = 7 * 24 * 3600.0
    """How long an upload that is not completed is kept."""

    bucket_root: str | None = None
    """The folder whose folders stand for buckets, the same for all accounts; else "buckets" in the data folder."""

    denied_buckets: Sequence[str] = ("denied",)
    """Buckets whose owners have not given this server any permission."""

    max_file_bytes: int = 20 * 1024 * 1024
    max_image_pixels: int = 40_000_000

    storage_bytes: int = 10 * 1024**3
    """Bytes that the files of an account may have together, unless the account has a limit of its own."""

    monthly_images: int = 100_000
    """Images that an account may upload in a calendar month (UTC), unless it has a limit of its own."""
