"""What the operator of a Pictograph server may decide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits, prices and addresses of one server."""

    upgrade_url: str = "https://pictograph.io/billing"
    """Where somebody without credits is sent."""

    public_url: str | None = None
    """The address that signed upload URLs begin with; by default that of the request which asks for one."""

    max_image_bytes: int = 20 * 1024 * 1024
    max_image_pixels: int = 40_000_000
    max_annotations: int = 10_000
    """Annotations that one image may have."""

    upload_seconds: float = 24 * 3600.0
    """How long a signed upload URL works: as long as an idempotency key may bring it back."""

    training_workers: int = 2
    """Runs that train at the same time; the others wait as "queued"."""

    run_credits: int = 10
    crop_credits: int = 1
    """A run costs *run_credits*, and *crop_credits* more for each annotated crop that it trains on."""
