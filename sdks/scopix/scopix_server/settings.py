"""What the operator of a Scopix server may decide."""

from __future__ import annotations

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

    max_file_bytes: int = 20 * 1024 * 1024
    max_image_pixels: int = 40_000_000

    storage_bytes: int = 10 * 1024**3
    """Bytes that the files of an account may have together, unless the account has a limit of its own."""

    monthly_images: int = 100_000
    """Images that an account may upload in a calendar month (UTC), unless it has a limit of its own."""
